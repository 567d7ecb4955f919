"""What the talk page shows, and where that comes from; `page` draws it."""

from __future__ import annotations

from collections.abc import Collection
from importlib.metadata import version
from typing import Literal

from sqlalchemy import Connection

from duologue.access import keys
from duologue.console.files import built
from duologue.console.talk_drawing import draw
from duologue.console.view import UNNAMED, TalkAgent, TalkView
from duologue.errors import DuologueError
from duologue.store import agents
from duologue.store.records import Agent

__all__ = ["load", "page", "policy", "talks_with"]


def policy(livekit_url: str) -> str:
    """The page runs our own scripts, and talks to this server and to its LiveKit, if it has one.

    An agent's picture or film may come from anywhere that is safe.
    """
    ours = f" {livekit_url} http{livekit_url.removeprefix('ws')}" if livekit_url else ""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'{ours}; "
        "img-src 'self' data: https:; font-src 'self'; media-src 'self' blob: https:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def page(view: TalkView) -> str:
    """The whole page."""
    return draw(view)


def load(
    conn: Connection,
    org_id: str,
    *,
    url: str,
    mode: Literal["dev", "serve"],
    loaded: Collection[str],
    near: bool,
    talk_key: str,
    now: int,
) -> TalkView:
    """The page for one reader: `near` needs no key, others talk with the operator's, if any."""
    order = list(loaded)
    here = [one for one in agents.all(conn, org_id) if one.slug in loaded]
    here.sort(key=lambda one: order.index(one.slug))
    published = [one for one in here if one.published_at is not None]
    if near:
        shown, key = published, None
    else:
        shown, key = _invited(conn, talk_key, loaded, now)
    # Strangers read of published agents on the status page too; a draft is not theirs to know.
    named = [*published, *(here if near else [])]
    return TalkView(
        url=url,
        mode=mode,
        agents=[_agent(each) for each in shown],
        public_key=key,
        closed=not near and not shown,
        named=named[0].slug if named else UNNAMED,
        built=built(),
        version=version("duologue"),
    )


def talks_with(conn: Connection, talk_key: str, now: int) -> Agent:
    """The agent of the talk page's key; a key that cannot be shown to the world is refused."""
    principal = keys.authenticate(conn, talk_key, now)
    if principal.kind != "public" or principal.agent_id is None:
        raise DuologueError("bad_request", reason="a secret key must not stand in a page")
    agent = agents.get(conn, principal.org_id, principal.agent_id)
    if agent is None:
        raise DuologueError("agent_not_found", agent=principal.agent_id, known="none")
    if agent.published_at is None:
        raise DuologueError("agent_has_no_org", agent=agent.slug)
    return agent


def _invited(
    conn: Connection, talk_key: str, loaded: Collection[str], now: int
) -> tuple[list[Agent], str | None]:
    """The one agent that strangers may talk to, and the key; nobody once the key is void."""
    if not talk_key:
        return [], None
    try:
        agent = talks_with(conn, talk_key, now)
    except DuologueError:
        return [], None
    return ([agent], talk_key) if agent.slug in loaded else ([], None)


def _agent(agent: Agent) -> TalkAgent:
    return TalkAgent(slug=agent.slug, name=agent.name or agent.slug)

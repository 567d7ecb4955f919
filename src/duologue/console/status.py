"""What the status page shows, and where that comes from; `page` draws it."""

from __future__ import annotations

import base64
import hashlib
from importlib.metadata import version
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection

from duologue.console.drawing import STYLE, draw
from duologue.console.view import AgentView, SessionView, StatusView
from duologue.store import agents, sessions
from duologue.store.records import Agent

__all__ = ["CONTENT_SECURITY_POLICY", "load", "page"]

LAST = 8
"""How many sessions the page lists."""

_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page runs no script and loads nothing from anywhere."""


def page(view: StatusView) -> str:
    """The whole page."""
    return draw(view)


def public(view: StatusView) -> StatusView:
    """What of a page strangers may see: published agents, and nobody's sessions or files."""
    shown = [msgspec.structs.replace(one, source=None) for one in view.agents if one.published]
    return msgspec.structs.replace(view, agents=shown, sessions=None)


def load(
    conn: Connection,
    org_id: str,
    *,
    url: str,
    mode: Literal["dev", "serve"],
    live: int,
    limit: int,
    now: int,
) -> StatusView:
    """What the page shows of one organization at this moment."""
    known = agents.all(conn, org_id)
    names = {each.id: each.name for each in known}
    last = sessions.page(conn, org_id, limit=LAST).items
    return StatusView(
        url=url,
        mode=mode,
        live=live,
        limit=limit,
        now=now,
        version=version("duologue"),
        agents=[_agent(each) for each in known],
        sessions=[
            SessionView(
                at=each.created_at,
                agent=names[each.agent_id],
                state=each.state,
                reason=each.end_reason,
                milliseconds=each.attached_ms,
                transport=each.transport,
            )
            for each in last
        ],
    )


def _agent(agent: Agent) -> AgentView:
    definition: dict[str, Any] = msgspec.json.decode(agent.definition)
    models = {
        part: definition[part] for part in ("stt", "llm", "tts", "realtime") if definition.get(part)
    }
    turns = definition.get("turns") or {}
    return AgentView(
        slug=agent.slug,
        name=agent.name or agent.slug,
        greeting=definition.get("greeting") or "",
        source=agent.source,
        published=agent.published_at is not None,
        push_to_talk=turns.get("trigger") == "push_to_talk",
        models=models,
    )

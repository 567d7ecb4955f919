"""The agents, and one of them: who they are, what they use, and how they are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any, ClassVar, Final

import msgspec
from sqlalchemy import Connection

from duologue.agents.definition import AgentDefinition, LoadedAgent
from duologue.agents.models import planned
from duologue.console import files
from duologue.console.pages import lately, listing
from duologue.console.pages.faces import Face, face
from duologue.console.pages.keys import KeyRow, key_row
from duologue.errors import DuologueError
from duologue.store import (
    agent_lists,
    agents,
    feedback,
    keys,
    usage,
)
from duologue.store.records import Agent, Feedback
from duologue.store.trace_records import TraceFilter

DAYS: Final = 7
"""Of so many days sessions and minutes are counted."""
LAST: Final = 8
"""The conversations that an agent's page shows."""
WORDS: Final = 6
"""What visitors thought of it last, with words or without."""
KINDS: Final = {"stt": "hears", "llm": "thinks", "tts": "speaks", "realtime": "hears and speaks"}

Loaded = Mapping[str, LoadedAgent]


class AgentRow(msgspec.Struct, frozen=True, kw_only=True):
    """An agent in the list."""

    agent: Agent
    face: Face
    loaded: bool
    """Whether this server can let it answer."""
    models: list[tuple[str, str]]
    """What it hears, thinks and speaks with."""
    live: int
    sessions: int
    attached_ms: int

    @property
    def file(self) -> str:
        """Where it is defined, without the folder."""
        return PurePath(self.agent.source).name or self.agent.source


class AgentsView(msgspec.Struct, frozen=True, kw_only=True):
    """All agents of an organization."""

    rows: list[AgentRow]
    days: ClassVar = DAYS

    @property
    def pictures(self) -> list[str]:
        """The places that the pictures of the page come from."""
        return _origins(self.rows)


class AgentView(msgspec.Struct, frozen=True, kw_only=True):
    """One agent."""

    row: AgentRow
    tag: str
    """What a site's owner puts into a page."""
    integrity: str
    """What the tag's script is known by, for an owner who trusts no other."""
    keys: list[KeyRow]
    """The public keys that open it."""
    conversations: list[listing.Row]
    ratings: dict[str, int]
    thoughts: list[Feedback]
    written: list[tuple[str, str]]
    """What is written down about it, where that is not as it comes."""
    rest: list[tuple[str, str]]
    now: int
    days: ClassVar = DAYS
    statuses: ClassVar = listing.STATUSES

    @property
    def pictures(self) -> list[str]:
        """As above."""
        return _origins([self.row])


def load(
    conn: Connection, org_id: str, loaded: Loaded, environment: Mapping[str, str], *, now: int
) -> AgentsView:
    """The agents, those first that were called most."""
    used = _used(conn, org_id, now)
    live = agent_lists.live(conn, org_id)
    rows = [_row(each, loaded, environment, live, used) for each in agents.all(conn, org_id)]
    rows.sort(key=lambda row: (-row.live, -row.attached_ms, row.agent.slug))
    return AgentsView(rows=rows)


def load_one(
    conn: Connection,
    org_id: str,
    name: str,
    loaded: Loaded,
    environment: Mapping[str, str],
    *,
    url: str,
    now: int,
) -> AgentView:
    """An agent by its slug or id."""
    found = agents.get(conn, org_id, name)
    if found is None:
        known = ", ".join(each.slug for each in agents.all(conn, org_id)) or "none"
        raise DuologueError("agent_not_found", agent=name, known=known)
    live, used = agent_lists.live(conn, org_id), _used(conn, org_id, now)
    written, rest = _settings(msgspec.json.decode(found.definition))
    held = [each for each in keys.all(conn, org_id) if each.agent_id == found.id]
    return AgentView(
        row=_row(found, loaded, environment, live, used),
        tag=tag(url, found.slug, "dk_public_…"),
        integrity=files.integrity(files.WIDGET),
        keys=[key_row(each, {found.id: found.slug}, now) for each in reversed(held)],
        conversations=lately.rows(conn, org_id, TraceFilter(agent=found.slug), limit=LAST, now=now),
        ratings=feedback.ratings(conn, org_id, found.id),
        thoughts=feedback.of_agent(conn, org_id, found.id, limit=WORDS),
        written=written,
        rest=rest,
        now=now,
    )


def tag(url: str, slug: str, key: str) -> str:
    """The two lines that put an agent on a page."""
    base = url.rstrip("/")
    return (
        f'<script async src="{base}/duologue.js"></script>\n'
        f'<duologue-widget agent="{slug}" key="{key}"></duologue-widget>'
    )


# ---------------------------------------------------------------- within


def _used(conn: Connection, org_id: str, now: int) -> dict[str, tuple[int, int]]:
    """Sessions and attached time of each agent in the last days."""
    found: dict[str, tuple[int, int]] = {}
    for each in usage.by_day(conn, org_id, now - DAYS * usage.DAY_MS):
        sessions, attached = found.get(each.agent_id, (0, 0))
        found[each.agent_id] = (sessions + each.sessions, attached + each.attached_ms)
    return found


def _row(
    agent: Agent,
    loaded: Loaded,
    environment: Mapping[str, str],
    live: Mapping[str, int],
    used: Mapping[str, tuple[int, int]],
) -> AgentRow:
    definition = msgspec.json.decode(agent.definition)
    here = loaded.get(agent.slug)
    models = planned(here, environment) if here else _named(definition)
    if definition.get("voice"):
        models |= {"voice": definition["voice"]}
    sessions, attached = used.get(agent.id, (0, 0))
    return AgentRow(
        agent=agent,
        face=face(agent.name or agent.slug, definition),
        loaded=here is not None,
        models=[(KINDS.get(kind, kind), value) for kind, value in models.items()],
        live=live.get(agent.id, 0),
        sessions=sessions,
        attached_ms=attached,
    )


def _named(definition: Mapping[str, Any]) -> dict[str, str]:
    return {kind: definition[kind] for kind in KINDS if definition.get(kind)}


def _origins(rows: Iterable[AgentRow]) -> list[str]:
    return sorted({row.face.origin for row in rows if row.face.origin is not None})


def _settings(
    definition: dict[str, Any],
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What was written, and what is as it comes."""
    default = _flat(msgspec.to_builtins(AgentDefinition(slug=definition["slug"])))
    known = _flat(definition)
    written = [(name, _shown(value)) for name, value in known.items() if value != default.get(name)]
    rest = [(name, _shown(value)) for name, value in known.items() if value == default.get(name)]
    return written, rest


def _flat(definition: Mapping[str, Any], within: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in definition.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{name}.")
        elif name != "slug":
            found[f"{within}{name}"] = value if not isinstance(value, tuple) else list(value)
    return found


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "\n".join(map(str, value)) or "–"
    return "–" if value in (None, "") else str(value)

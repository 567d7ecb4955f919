"""The status page as plain values."""

from __future__ import annotations

from typing import Literal

import msgspec


class AgentView(msgspec.Struct, frozen=True, kw_only=True):
    """An agent as the page shows it."""

    slug: str
    name: str
    greeting: str
    source: str | None
    published: bool
    push_to_talk: bool
    models: dict[str, str]
    """The models that its definition names; what is missing is picked by the keys at hand."""


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A session as the page shows it."""

    at: int
    agent: str
    state: str
    reason: str | None
    milliseconds: int
    transport: str


class StatusView(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page."""

    url: str
    mode: Literal["dev", "serve"]
    live: int
    limit: int
    now: int
    version: str
    agents: list[AgentView]
    sessions: list[SessionView] | None
    """None where strangers read the page: who called is not theirs to know."""

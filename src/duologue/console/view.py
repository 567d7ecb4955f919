"""The pages as plain values."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

UNNAMED: Final = "NAME"
"""Stands in a command for an agent that its reader must choose."""


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


class TalkAgent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An agent that the talk page may call, as its script reads it."""

    slug: str
    name: str


class TalkView(msgspec.Struct, frozen=True, kw_only=True):
    """The talk page."""

    url: str
    mode: Literal["dev", "serve"]
    agents: list[TalkAgent]
    public_key: str | None
    """What the page shows at the door; none for people at this machine in `dev`."""
    closed: bool
    """Whether the reader of this page may talk to nobody, whoever is there."""
    named: str = UNNAMED
    """The agent that the commands of a page without one are about, as far as it may be named."""
    built: bool
    """Whether the page's script was built."""
    version: str

"""The widget doors' words: what a page asks, and what a widget shows before anybody talks."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from duologue.errors import DuologueError
from duologue.wire.bodies import CLEAN, read_object
from duologue.wire.opening import Transport
from duologue.wire.tokens import FIELDS, TokenRequest, request_of

Attribute = Literal[
    "title",
    "start-text",
    "greeting",
    "theme",
    "accent",
    "language",
    "suggestions",
    "record-notice",
    "feedback",
]
"""What the tag of a page may say differently, where the agent lets it."""


class WidgetConsent(msgspec.Struct, kw_only=True):
    """What a visitor agrees to before the first word: a text, or the address of one."""

    text: str | None
    url: str | None
    hash: str
    """What the session request shows of it: `consent: {hash, at}`."""


class WidgetLook(msgspec.Struct, kw_only=True, rename="camel"):
    """What the agent's owner chose for every page; empty texts leave the choice to the widget."""

    title: str
    start_text: str
    bubble: bool
    """Whether the greeting shows while the widget is closed."""
    theme: Literal["auto", "light", "dark"]
    accent: str
    """A colour as `#1a7f5a`."""
    language: str
    record_notice: bool
    feedback: bool


class WidgetFace(msgspec.Struct, kw_only=True, rename="camel"):
    """What a widget shows before anybody talks."""

    agent: str
    """The agent's slug."""
    name: str
    avatar_image_url: str | None
    idle_loop_url: str | None
    greeting: str
    push_to_talk: bool
    suggestions: list[str]
    """A few sentences to begin with."""
    transports: list[Transport]
    """The roads that there are to it now, the preferred one first."""
    tabs: Literal["takeover", "reject", "share"]
    vision: bool
    """Whether it sees a camera or a screen, in rooms."""
    encryption: Literal["off", "optional", "required"]
    """Whether rooms are encrypted from end to end."""
    record: bool
    """Whether what is said is kept."""
    recorded: bool
    """Whether the sound of it is recorded; a visitor is to be told."""
    navigation: bool
    """Whether it may lead the visitor to other pages."""
    consent: WidgetConsent | None
    overrides: list[str]
    """What the `config` of a session may change."""
    attributes: list[Attribute]
    """What the tag of a page may say differently from `look`."""
    look: WidgetLook


class WidgetFeedback(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a visitor thought of a session; a beacon may bring it."""

    token: str
    """The resume token of the conversation, or the session key."""
    session_id: Annotated[str, msgspec.Meta(pattern=CLEAN)] = ""
    """Which session; without it, the newest of the conversation."""
    rating: Literal["up", "down"]
    text: Annotated[str, msgspec.Meta(max_length=2000, pattern=CLEAN)] = ""


_feedback = msgspec.json.Decoder(WidgetFeedback)


def read_feedback(body: bytes) -> WidgetFeedback:
    """What a visitor says, or a refusal that names what is wrong."""
    try:
        return _feedback.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise DuologueError("bad_request", reason=error) from None


def read_request(body: bytes) -> TokenRequest:
    """What a widget asks for; the fields that nobody here knows are metadata for its agent."""
    asked = read_object(body)
    request = request_of(asked)
    own = {name: value for name, value in asked.items() if name not in FIELDS}
    return msgspec.structs.replace(request, metadata=own | request.metadata)

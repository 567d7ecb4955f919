"""Layercode's webhooks: what an agent's back end is told, and what it may answer.

`event_id`, `resumed` and `stood_in` are ours, the rest is Layercode's.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import msgspec
from msgspec import UNSET, UnsetType

from duologue.wire import javascript

Selectable = Literal["session.start", "data", "session.update", "session.end"]
"""The events that a back end need not take; `message` always comes."""


class Event(msgspec.Struct, kw_only=True, omit_defaults=True, tag_field="type"):
    """What every event says."""

    event_id: str
    """The same one whenever the event is sent again."""
    session_id: str
    conversation_id: str
    custom_metadata: dict[str, Any] | UnsetType = UNSET


class SessionStart(Event, kw_only=True, omit_defaults=True, tag="session.start"):
    """A client is there and hears; what is answered is said, unless the conversation goes on."""

    turn_id: str
    resumed: Literal["live", "rebuilt"] | UnsetType = UNSET


class InterruptionContext(msgspec.Struct, kw_only=True):
    """How much of the answer before was heard."""

    previous_turn_interrupted: bool
    words_heard: int
    text_heard: str
    assistant_turn_id: str | UnsetType = UNSET


class StoodIn(msgspec.Struct, kw_only=True):
    """A person who answered in the agent's place, since the message before."""

    name: str
    """Empty where none was given."""
    said: list[str]
    heard: list[str]
    """What the user said to them."""


class Message(Event, kw_only=True, omit_defaults=True, tag="message"):
    """What the user said or wrote."""

    text: str
    turn_id: str
    interruption_context: InterruptionContext
    stood_in: StoodIn | UnsetType = UNSET


class Data(Event, kw_only=True, omit_defaults=True, tag="data"):
    """What the page told."""

    data: Any
    turn_id: str


class SessionUpdate(Event, kw_only=True, omit_defaults=True, tag="session.update"):
    """What became of the session's recording."""

    recording_status: Literal["completed", "failed"]
    recording_url: str | UnsetType = UNSET
    recording_duration: float | UnsetType = UNSET
    """Seconds."""
    error_message: str | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET


class Said(msgspec.Struct, kw_only=True):
    """One entry of a session's transcript."""

    role: Literal["user", "assistant"]
    text: str
    timestamp: int


class SessionEnd(Event, kw_only=True, omit_defaults=True, tag="session.end"):
    """The session is over."""

    agent_id: str
    started_at: str
    ended_at: str
    duration: int
    """Milliseconds."""
    transcription_duration_seconds: float
    tts_duration_seconds: float
    latency: float | None
    """Milliseconds from the end of what the user said to the answer, in the mean; null without."""
    ip_address: None
    """Never told: addresses of visitors are not kept."""
    country_code: None
    recording_status: Literal["enabled", "disabled"]
    transcript: list[Said]
    metadata: dict[str, Any] | UnsetType = UNSET


def encode(event: Event) -> bytes:
    """The body of a webhook, whose bytes survive a parser and a writer of JavaScript."""
    return javascript.encode(event)


# ---------------------------------------------------------------- what is answered


class Tts(msgspec.Struct, tag_field="type", tag="response.tts"):
    """Words to say, now."""

    content: str
    turn_id: str | None = None


class Told(msgspec.Struct, tag_field="type", tag="response.data"):
    """JSON for the client."""

    content: Any
    turn_id: str | None = None


class End(msgspec.Struct, tag_field="type", tag="response.end"):
    """The answer is whole."""

    turn_id: str | None = None


class Error(msgspec.Struct, tag_field="type", tag="response.error"):
    """The handler failed."""

    error: str = ""
    turn_id: str | None = None


class Hangup(msgspec.Struct, tag_field="type", tag="response.hangup"):
    """The conversation ends once all was said; words that come with it are the last ones."""

    content: str | None = None
    turn_id: str | None = None


Answer = Tts | Told | End | Error | Hangup
_decoder: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)
KNOWN = ", ".join(str(each.__struct_config__.tag) for each in get_args(Answer))


class Garbage(ValueError):
    """An event that is no answer, in words."""


def decode(data: str) -> Answer:
    """The answer that an event's data is, or `Garbage`."""
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise Garbage(f"{data[:80]!r} is none of {KNOWN} ({error})") from None

"""What a road tells, brought to the part of the session that it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, assert_never, get_args

from duologue.client.road import (
    AgentGone,
    AgentSeen,
    AgentStateChanged,
    ChatReceived,
    DataReceived,
    EncryptionChanged,
    FileComing,
    LineChanged,
    Navigated,
    Noticed,
    ReceivedFile,
    RoadEvent,
    SoundEnded,
    SoundReceived,
    SoundStopped,
    StateShared,
    ToolUsed,
    TrackChanged,
    TranscriptChanged,
)

if TYPE_CHECKING:
    from duologue.client.session import Session

EventName = Literal[
    "connection",
    "agent_state",
    "message",
    "track",
    "sound",
    "sound_stopped",
    "sound_ended",
    "data",
    "file",
    "shared_state",
    "tool",
    "notice",
    "navigate",
    "encryption",
    "ended",
]
"""What `session.on` tells, each with the thing that happened; `ended` comes with the error of a
session that ended by itself."""
EVENTS: Final[tuple[EventName, ...]] = get_args(EventName)


def tell(session: Session, event: RoadEvent) -> None:
    """Tells one event to whom it concerns."""
    emit = session._signals.emit
    match event:
        case AgentSeen():
            session.agent.seen(event)
        case AgentGone():
            session.agent.gone(event)
        case AgentStateChanged():
            session.agent.says(event)
        case TrackChanged():
            session.agent.track(event)
            emit("track", event)
        case TranscriptChanged():
            session.messages.transcript(event)
        case ChatReceived():
            session.messages.chat(event)
        case SoundReceived():
            session._sounded(event)
        case SoundStopped():
            emit("sound_stopped")
        case SoundEnded():
            emit("sound_ended")
        case DataReceived():
            session._incoming.emit("data", event)
            emit("data", event)
        case ReceivedFile():
            session._incoming.emit("file", event)
            emit("file", event)
        case FileComing():
            session._incoming.emit("coming", event)
        case StateShared():
            session.state.changed(event)
        case ToolUsed():
            emit("tool", event)
        case Noticed():
            session.agent.noticed(event)
            emit("notice", event)
        case Navigated():
            emit("navigate", event)
        case EncryptionChanged():
            emit("encryption", event)
        case LineChanged():  # the session's own business
            pass
        case _:
            assert_never(event)

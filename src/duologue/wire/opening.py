"""The one answer of every door that opens a session, whatever the road."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from duologue.wire.layercode import AudioFormat, Transcription, Vad

Transport = Literal["livekit", "websocket"]
TRANSPORTS: Final[tuple[Transport, ...]] = ("livekit", "websocket")
"""Every road, the preferred one first."""


class AgentFace(msgspec.Struct, kw_only=True):
    """How an agent shows itself."""

    name: str
    avatar_image_url: str | None = msgspec.field(name="avatarImageUrl", default=None)
    idle_loop_url: str | None = msgspec.field(name="idleLoopUrl", default=None)


class OpeningConfig(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a client must know of its session; `vad` and `audio` mean something on a socket only."""

    transcription: Transcription
    tabs: Literal["takeover", "reject", "share"]
    capabilities: list[str]
    encryption: bool
    """Whether media and data of the room are encrypted from end to end."""
    recorded: bool = False
    """Whether the sound of the session is recorded."""
    vad: Vad | None = None
    audio: AudioFormat | None = None


class Opening(msgspec.Struct, kw_only=True):
    """How a session is opened: a JWT opens a room, `dk_session_…` a socket."""

    session_id: str
    conversation_id: str
    transport: Transport
    url: str
    token: str
    room_name: str | None
    resumable: bool
    resume_token: str | None
    resumed: Literal["live", "rebuilt"] | None
    agent: AgentFace
    config: OpeningConfig
    announce: str | None = None
    """Where a client may say that it is on its way into the room, so that the agent is, too."""

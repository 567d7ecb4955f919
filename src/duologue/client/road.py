"""What a Session needs of a transport; a room and a socket are two of them.

A road tells what happens by calling `tell` with one of the events below, in order, on the
session's event loop. It knows nothing of states, timeouts or lists of messages: that is the
Session's business, and the same on every road.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

TransportName = Literal["livekit", "websocket"]
Role = Literal["user", "agent"]
RpcHandler = Callable[[str], Awaitable[str] | str]
"""Takes the payload and answers; an exception becomes LiveKit's error 1500."""


class SoundSource(Protocol):
    """Where the microphone's sound comes from: a device, a file, an array, a queue."""

    rate: int
    """Samples a second."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Chunks of PCM16 mono, each given when its time has come; the end ends the track."""

    async def aclose(self) -> None:
        """Lets the device or file go; twice is no error."""


@dataclass(frozen=True, slots=True)
class TextStream:
    """A text stream as it comes, piece by piece."""

    id: str
    topic: str
    sender: str
    attributes: dict[str, str]
    pieces: AsyncIterator[str]


TextHandler = Callable[[TextStream], Awaitable[None]]


# ---------------------------------------------------------------- what a road tells


@dataclass(frozen=True, slots=True)
class LineChanged:
    """The line itself: a reconnect keeps the agent, a disconnect does not."""

    state: Literal["connected", "reconnecting", "disconnected"]
    code: str = ""
    """Why it was closed: `left`, `replaced`, `ended`, `room_disconnect`, …; empty otherwise."""
    message: str = ""


@dataclass(frozen=True, slots=True)
class AgentSeen:
    """The agent is there, or something about it changed; attributes are all of them."""

    identity: str
    name: str = ""
    metadata: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AgentGone:
    """The agent left the room."""

    identity: str


@dataclass(frozen=True, slots=True)
class AgentStateChanged:
    """What the agent is doing, in LiveKit's words (`listening`, `thinking`, …)."""

    state: str


@dataclass(frozen=True, slots=True)
class TranscriptChanged:
    """The whole text of a segment as it is known now; keyed by segment, role told by the road."""

    segment: str
    role: Role
    text: str
    final: bool
    interrupted: bool = False
    at: int = 0
    """UTC milliseconds of its beginning; 0 lets the session use its own clock."""
    past: bool = False
    """Whether it was said in an earlier session of the conversation."""


@dataclass(frozen=True, slots=True)
class ChatReceived:
    """A written message."""

    id: str
    role: Role
    text: str
    at: int = 0
    attributes: dict[str, str] = field(default_factory=dict)
    files: tuple[ReceivedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class SoundReceived:
    """The next sound of the agent: PCM16 mono."""

    pcm: bytes
    rate: int


@dataclass(frozen=True, slots=True)
class SoundStopped:
    """Whatever of the agent's sound waits to be played must not be heard any more."""


@dataclass(frozen=True, slots=True)
class SoundEnded:
    """The agent said all that it had to say for now."""


@dataclass(frozen=True, slots=True)
class TrackChanged:
    """A track of the agent came or went; `track` is the road's own object."""

    kind: Literal["audio", "video"]
    track: Any
    sid: str
    present: bool
    on_behalf: bool = False
    """Whether an avatar worker publishes it for the agent."""


@dataclass(frozen=True, slots=True)
class DataReceived:
    """A data packet; on the socket the content is JSON and the topic empty."""

    content: bytes
    topic: str = ""
    sender: str = ""


@dataclass(frozen=True, slots=True)
class StateShared:
    """A value of the shared state changed; none takes it away."""

    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file that came whole."""

    id: str
    name: str
    mime_type: str
    topic: str
    content: bytes
    attributes: dict[str, str] = field(default_factory=dict)
    sender: str = ""


@dataclass(frozen=True, slots=True)
class FileComing:
    """How much of a file of the agent is here; told until the whole is told as `ReceivedFile`."""

    id: str
    name: str
    topic: str
    received: int
    size: int
    """0 when the sender did not say it."""


@dataclass(frozen=True, slots=True)
class ToolUsed:
    """A tool of the agent began or ended."""

    name: str
    call_id: str
    status: str


@dataclass(frozen=True, slots=True)
class EncryptionChanged:
    """Whether what somebody sends is encrypted, or why it cannot be read."""

    identity: str
    encrypted: bool
    error: str = ""


@dataclass(frozen=True, slots=True)
class Noticed:
    """A word of the server."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Navigated:
    """The agent leads its user to another page; a program without pages passes it over."""

    url: str


RoadEvent = (
    LineChanged
    | AgentSeen
    | AgentGone
    | AgentStateChanged
    | TranscriptChanged
    | ChatReceived
    | SoundReceived
    | SoundStopped
    | SoundEnded
    | TrackChanged
    | DataReceived
    | StateShared
    | FileComing
    | ReceivedFile
    | ToolUsed
    | EncryptionChanged
    | Noticed
    | Navigated
)
Tell = Callable[[RoadEvent], None]


# ---------------------------------------------------------------- what a session asks of a road


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a token source or an authorize answered, for one opening of a road."""

    url: str
    token: str
    """A JWT opens a room, `dk_session_…` a socket."""
    room_name: str = ""
    conversation_id: str = ""
    session_id: str = ""
    resume_token: str = ""
    announce: str = ""
    """Where to say that we are on our way into the room, so that the agent is, too."""
    config: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message of ours on its way, as the road names it."""

    id: str
    at: int


class Road(Protocol):
    """One way to travel; what it lacks raises `NotOnThisTransport`. Every wait is bounded."""

    name: TransportName

    async def open(self, ticket: Ticket, tell: Tell) -> None:
        """Connects; `SessionConnectError` when it cannot. The first event is `connected`."""

    async def close(self) -> None:
        """Leaves on purpose, within bounds; a road that is closed is no error."""

    # media

    async def publish_microphone(self, *, pre_connect: bytes = b"", rate: int = 48000) -> None:
        """Begins to send sound; `pre_connect` is what was said before the agent was there."""

    async def hear(self, pcm: bytes, rate: int) -> None:
        """Sends sound of the microphone: PCM16 mono."""

    async def mute(self, muted: bool) -> None:
        """Mutes the microphone without taking it away."""

    async def unpublish_microphone(self) -> None:
        """Ends the microphone's sound."""

    async def publish_video(
        self, frames: AsyncIterator[Any], *, source: Literal["camera", "screen"]
    ) -> None:
        """Sends `rtc.VideoFrame`s until they end."""

    async def unpublish_video(self, source: Literal["camera", "screen"]) -> None:
        """Ends the sending of frames."""

    def listen(self, wanted: bool) -> None:
        """Whether the agent's sound is told: nobody decodes what nobody hears."""

    def played(self, seconds: float) -> None:
        """How much of the present answer was played; a road that needs no word ignores it."""

    # words and data

    async def chat(
        self, text: str, *, attributes: dict[str, str], files: list[ReceivedFile]
    ) -> Delivery:
        """Sends a written message to the agent; it is not lost if the agent is not linked yet."""

    def on_text(self, topic: str, handler: TextHandler | None) -> None:
        """Gives the text streams of a topic as they come; none takes the handler away."""

    async def interrupt(self) -> None:
        """Asks the agent to be silent."""

    async def send_data(self, content: bytes, *, topic: str, reliable: bool) -> None:
        """Sends a data packet."""

    async def rpc(self, method: str, payload: str, *, within: float) -> str:
        """Asks the agent; `RpcError` when it refuses or does not answer within so many seconds."""

    def on_rpc(self, method: str, handler: RpcHandler | None) -> None:
        """Answers the agent's requests of one method; none takes the handler away."""

    async def set_state(self, key: str, value: Any) -> None:
        """Changes a value of the shared state."""

    async def set_attributes(self, attributes: dict[str, str]) -> None:
        """Changes our own attributes."""

    def take_files(self, topic: str) -> None:
        """Takes the files of one more topic; those of `files` and of the chat are taken anyway."""

    async def send_file(
        self, file: ReceivedFile, *, progress: Callable[[float], None] | None
    ) -> None:
        """Sends a file; `progress` is told shares of 1."""

    async def set_encryption(self, enabled: bool) -> None:
        """Switches encryption of our media on or off."""

    async def set_key(self, key: bytes) -> None:
        """Encrypts with another shared key from now on; every side changes it by itself."""

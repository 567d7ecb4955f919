"""Layercode's dialect: the authorize exchange and every frame of its socket, both ways."""

from __future__ import annotations

import binascii
from typing import Annotated, Any, Final, Literal, get_args

import msgspec
from msgspec import UNSET, UnsetType

from duologue.wire import extensions as ext
from duologue.wire.exchange import FromClient, FromServer

Trigger = Literal["automatic", "push_to_talk"]

# ---------------------------------------------------------------- authorize


class AuthorizeRequest(msgspec.Struct, kw_only=True):
    """What a Layercode backend posts; unknown fields are ignored, as in every foreign dialect."""

    agent_id: str
    conversation_id: str | None = None
    metadata: dict[str, Any] | None = None
    custom_metadata: dict[str, Any] | None = None
    custom_headers: dict[str, str] | None = None
    sdk_version: str | None = None
    config: dict[str, Any] | None = None
    capabilities: list[str] | None = None
    resume_token: str | None = None


class Transcription(msgspec.Struct, kw_only=True):
    """How the user's turns are taken."""

    trigger: Trigger = "automatic"
    can_interrupt: bool = True
    automatic: bool = True


class Vad(msgspec.Struct, kw_only=True):
    """Voice detection in the page: off, because the server hears everything itself."""

    enabled: bool = False
    gate_audio: bool = False
    buffer_frames: int = 10


class AudioFormat(msgspec.Struct, kw_only=True):
    """Sample rates of this session; a stock SDK ignores them."""

    input_rate: int = 8000
    output_rate: int = 16000


class SessionConfig(msgspec.Struct, kw_only=True):
    """What the client must know of the session; `transcription.trigger` is never missing."""

    transcription: Transcription
    vad: Vad
    audio: AudioFormat
    capabilities: list[str] = []
    tabs: Literal["takeover", "reject", "share"] = "takeover"
    """What it means that another tab opens the conversation; only our own clients read it."""
    recorded: bool = False
    """Whether the sound of the session is recorded."""


class AuthorizeAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The answer to authorize; `resume_token` and `resumed` are ours, the rest is Layercode's."""

    client_session_key: str
    conversation_id: str
    config: SessionConfig
    session_id: str
    resume_token: str | None = None
    resumed: Literal["live", "rebuilt"] | None = None


class ErrorBody(msgspec.Struct, kw_only=True):
    """Every error, at every door of this dialect."""

    error: str
    code: str


# ---------------------------------------------------------------- client → server


class ClientReady(msgspec.Struct, tag="client.ready"):
    """The client hears from now on; a new conversation is greeted."""


class ClientAudio(msgspec.Struct, tag="client.audio"):
    """A piece of the microphone: base64 of PCM16 mono."""

    content: str


class VadEvents(msgspec.Struct, tag="vad_events"):
    """What the page's own voice detection thinks; noted, never needed."""

    event: str = ""


class TriggerTurnStart(msgspec.Struct, tag="trigger.turn.start"):
    """Push-to-talk: the button went down."""

    role: str = "user"


class TriggerTurnEnd(msgspec.Struct, tag="trigger.turn.end"):
    """Push-to-talk: the button was let go."""

    role: str = "user"


class ReplayFinished(msgspec.Struct, tag="trigger.response.audio.replay_finished"):
    """The client's buffer ran dry; see the ledger of turns for when that is believed."""

    reason: str = "completed"
    turn_id: str | None = None
    played_ms: float | None = None


class ClientText(msgspec.Struct, tag="client.response.text"):
    """A typed message; one with an `id` that the run knows is a repeat, and does nothing."""

    content: str = ""
    id: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class ClientData(msgspec.Struct, tag="client.response.data"):
    """Anything the page wants the agent to know; it never interrupts speech."""

    data: Any = None


ClientMessage = (
    ClientReady
    | ClientAudio
    | VadEvents
    | TriggerTurnStart
    | TriggerTurnEnd
    | ReplayFinished
    | ClientText
    | ClientData
    | ext.ClientPlayed
    | ext.ClientInterrupt
    | ext.ClientEnd
    | FromClient
)

_client_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)

MEND: Final = (
    "send one JSON object a frame, with the fields that docs/layercode.md gives its type, which is "
    f"one of {', '.join(str(each.__struct_config__.tag) for each in get_args(ClientMessage))}"
)
"""What to do about a frame that cannot be read."""


class BadFrame(ValueError):
    """A frame that this dialect does not know; the reason is meant for the sender."""


def decode_client(frame: str | bytes) -> ClientMessage:
    """The message in a text frame, or `BadFrame` with the reason."""
    try:
        return _client_decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadFrame(f"{error}; {MEND}") from None


def decode_audio(content: str) -> bytes:
    """The PCM in an audio message; a half sample at the end is cut off."""
    try:
        pcm = binascii.a2b_base64(content, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise BadFrame(f"audio is not base64: {error}") from None
    return pcm[: len(pcm) & ~1]


# ---------------------------------------------------------------- server → client


class TurnStart(msgspec.Struct, tag="turn.start"):
    """A turn begins; of the user's, it stops what is playing."""

    role: Literal["user", "assistant"]
    turn_id: str


class TurnEnd(msgspec.Struct, tag="turn.end"):
    """A turn is over: of the assistant's, it was heard to its end or cut."""

    role: Literal["user", "assistant"]
    turn_id: str
    interrupted: bool | UnsetType = UNSET
    """Which of the two, for those who tell what they played; one who shares the conversation may be
    a little behind, and hears the rest of what was not cut."""


class TextDelta(msgspec.Struct, tag="response.text.delta"):
    """The next words of an answer."""

    content: str
    turn_id: str


class Text(msgspec.Struct, tag="response.text"):
    """The whole answer, once a turn."""

    content: str
    turn_id: str


class Audio(msgspec.Struct, tag="response.audio"):
    """The next sound of an answer: base64 of PCM16 mono."""

    content: str
    turn_id: str
    delta_id: str


class Data(msgspec.Struct, tag="response.data"):
    """What the agent sends to the page."""

    content: Any
    turn_id: str


class ResponseEnd(msgspec.Struct, tag="response.end"):
    """Everything of this turn was sent."""

    turn_id: str


class TranscriptInterim(msgspec.Struct, tag="user.transcript.interim_delta"):
    """What the user seems to say; replaces the earlier one of the same counter."""

    content: str
    turn_id: str
    delta_counter: int


class TranscriptDelta(msgspec.Struct, tag="user.transcript.delta"):
    """What the user said; closes its counter."""

    content: str
    turn_id: str
    delta_counter: int


class Transcript(msgspec.Struct, tag="user.transcript"):
    """The whole of what the user said in a turn."""

    content: str
    turn_id: str


ServerMessage = (
    TurnStart
    | TurnEnd
    | TextDelta
    | Text
    | Audio
    | Data
    | ResponseEnd
    | TranscriptInterim
    | TranscriptDelta
    | Transcript
    | ext.AgentState
    | ext.ToolEvent
    | ext.History
    | ext.Beat
    | FromServer
)

_encoder = msgspec.json.Encoder()


def encode_server(message: ServerMessage) -> str:
    """The text frame of a message."""
    return _encoder.encode(message).decode()


def audio_content(pcm: bytes) -> str:
    """Base64 of PCM for an audio message."""
    return binascii.b2a_base64(pcm, newline=False).decode("ascii")


def notice(code: str, message: str) -> dict[str, str]:
    """A word from the server itself, sent as data so that every client can show it."""
    return {"type": "duologue.notice", "code": code, "message": message}


def encode_error(code: str, message: str) -> bytes:
    """The JSON body of an error."""
    return _encoder.encode(ErrorBody(error=message, code=code))

"""What happens in a conversation, in nobody's dialect; each door translates these and no others."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from duologue.wire.exchange import RpcError


class UserStarted(msgspec.Struct, frozen=True):
    """The user took the floor: whatever plays must stop."""

    turn: str


class UserInterim(msgspec.Struct, frozen=True):
    """What the user seems to say; replaces the last one of the same counter."""

    turn: str
    text: str
    counter: int


class UserDelta(msgspec.Struct, frozen=True):
    """A piece of what the user said, certain now; closes its counter."""

    turn: str
    text: str
    counter: int


class UserSaid(msgspec.Struct, frozen=True):
    """The whole of what the user said; it is in the store."""

    turn: str
    text: str


class UserEnded(msgspec.Struct, frozen=True):
    """The user's turn is over, with words or without."""

    turn: str


class AgentStarted(msgspec.Struct, frozen=True):
    """The agent begins an answer, or goes on with one under a new turn."""

    turn: str


class AgentText(msgspec.Struct, frozen=True):
    """The next words of the answer."""

    turn: str
    text: str


class AgentAudio(msgspec.Struct, frozen=True):
    """The next sound of the answer: PCM16 mono at the output rate."""

    turn: str
    pcm: bytes


class AgentSaid(msgspec.Struct, frozen=True):
    """The whole answer, once a turn; it is in the store."""

    turn: str
    text: str


class AgentSent(msgspec.Struct, frozen=True):
    """Nothing more of this turn will be sent."""

    turn: str


class AgentEnded(msgspec.Struct, frozen=True):
    """The agent's turn is over: heard to its end, or cut."""

    turn: str
    interrupted: bool


class StateChanged(msgspec.Struct, frozen=True):
    """What the agent is doing now."""

    state: str


class ToolUsed(msgspec.Struct, frozen=True):
    """A tool began or ended."""

    name: str
    call_id: str
    status: Literal["started", "done", "error"]


class DataSent(msgspec.Struct, frozen=True):
    """Something the agent sends to the page."""

    content: Any


class PageLed(msgspec.Struct, frozen=True):
    """The agent leads the page of one client elsewhere; told to nobody else."""

    url: str


class RpcAsked(msgspec.Struct, frozen=True):
    """The agent asks one client; told to nobody else."""

    id: str
    method: str
    payload: str
    timeout_ms: int


class RpcAnswered(msgspec.Struct, frozen=True):
    """The agent answers the request of one client, or says why not; told to nobody else."""

    id: str
    payload: str | None
    error: RpcError | None


class StateShared(msgspec.Struct, frozen=True):
    """A value of the shared state changed; none takes it away."""

    key: str
    value: Any


class AttributesChanged(msgspec.Struct, frozen=True):
    """What the agent says of itself: all of it."""

    attributes: dict[str, str]


class FileSent(msgspec.Struct, frozen=True):
    """A whole file, of the agent or of a client."""

    id: str
    name: str
    mime_type: str
    topic: str
    attributes: dict[str, str]
    content: bytes


class Noticed(msgspec.Struct, frozen=True):
    """A word from the server itself."""

    code: str
    message: str


class Ended(msgspec.Struct, frozen=True):
    """The run is over; the road closes with the code of this error."""

    code: str
    message: str


Happening = (
    UserStarted
    | UserInterim
    | UserDelta
    | UserSaid
    | UserEnded
    | AgentStarted
    | AgentText
    | AgentAudio
    | AgentSaid
    | AgentSent
    | AgentEnded
    | StateChanged
    | ToolUsed
    | DataSent
    | PageLed
    | RpcAsked
    | RpcAnswered
    | StateShared
    | AttributesChanged
    | FileSent
    | Noticed
    | Ended
)

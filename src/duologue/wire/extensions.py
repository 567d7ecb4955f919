"""What our own clients may ask for beyond Layercode's protocol, as messages of its socket."""

from __future__ import annotations

from typing import Literal

import msgspec

# ---------------------------------------------------------------- client → server


class ClientPlayed(msgspec.Struct, tag="client.played"):
    """How much of a turn left the loudspeaker (capability `played`)."""

    turn_id: str
    played_ms: float


class ClientInterrupt(msgspec.Struct, tag="client.interrupt"):
    """The user wants the agent to be silent, without a word."""


class ClientEnd(msgspec.Struct, tag="client.end"):
    """The user leaves on purpose."""


# ---------------------------------------------------------------- server → client


class AgentState(msgspec.Struct, tag="agent.state"):
    """What the agent is doing (capability `agent_state`)."""

    state: str


class ToolEvent(msgspec.Struct, tag="agent.tool"):
    """A tool began or ended (capability `tools`)."""

    name: str
    call_id: str
    status: Literal["started", "done", "error"]


class Beat(msgspec.Struct, tag="duologue.beat"):
    """The line is alive; a client that hears nothing for long comes back (capability `resume`)."""


class PastMessage(msgspec.Struct):
    """What was said earlier in the conversation."""

    role: Literal["user", "assistant"]
    content: str
    turn_id: str
    at: int
    interrupted: bool


class History(msgspec.Struct, tag="conversation.history"):
    """The conversation so far, to a client that comes back (capability `resume`)."""

    messages: list[PastMessage]

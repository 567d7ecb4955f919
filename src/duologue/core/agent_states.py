"""What a client shows of its agent: the states of LiveKit's clients, and how one follows another.

The words are those of `useAgent`, the flags those of its getters, except that an agent without
ears (`idle`) counts as connected: it answers what is written to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

from duologue.core.connection import InvalidTransition

State = Literal[
    "disconnected",
    "connecting",
    "pre-connect-buffering",
    "initializing",
    "idle",
    "listening",
    "thinking",
    "speaking",
    "failed",
]
Move = Literal[
    "connect",
    "buffer",
    "joined",
    "initializing",
    "idle",
    "listening",
    "thinking",
    "speaking",
    "lost",
    "end",
]
Reason = Literal["not_joined", "not_initialized", "left"]

SAID: Final[tuple[Move, ...]] = ("initializing", "idle", "listening", "thinking", "speaking")
"""What agents say of themselves, in the attribute `lk.agent.state`."""

CAN_LISTEN: Final = frozenset({"pre-connect-buffering", "listening", "thinking", "speaking"})
"""What is said now will be heard."""
PENDING: Final = frozenset({"connecting", "pre-connect-buffering", "initializing"})
"""The agent is on its way."""
CONNECTED: Final = frozenset({"idle", "listening", "thinking", "speaking"})
"""The agent is there and ready."""
FINISHED: Final = frozenset({"disconnected", "failed"})
"""Nothing more will happen by itself."""

REASONS: Final[Mapping[Reason, str]] = {
    "not_joined": "Agent did not join the room.",
    "not_initialized": "Agent joined the room but did not complete initializing.",
    "left": "Agent left the room unexpectedly.",
}
"""The sentences of LiveKit's clients."""


def _table() -> dict[tuple[State, Move], State]:
    said: dict[Move, State] = {
        "initializing": "initializing",
        "idle": "idle",
        "listening": "listening",
        "thinking": "thinking",
        "speaking": "speaking",
    }
    moves: dict[tuple[State, Move], State] = {
        ("disconnected", "connect"): "connecting",
        ("failed", "connect"): "connecting",
        ("connecting", "buffer"): "pre-connect-buffering",
    }
    active: list[State] = [each for each in get_args(State) if each != "disconnected"]
    for state in active:  # a late agent is welcome: also after a failure
        if state in ("connecting", "pre-connect-buffering", "failed"):
            moves[state, "joined"] = "initializing"
        for word, shown in said.items():
            moves[state, word] = shown
        if state != "failed":
            moves[state, "lost"] = "failed"
        moves[state, "end"] = "disconnected"
    return moves


MOVES: Final[Mapping[tuple[State, Move], State]] = _table()


def step(state: State, move: Move) -> State:
    """The state after a move, or `InvalidTransition` with what was expected."""
    try:
        return MOVES[state, move]
    except KeyError:
        allowed = [name for origin, name in MOVES if origin == state]
        raise InvalidTransition(state, move, allowed) from None


def missing(state: State) -> Reason:
    """Why an agent that did not become ready in time is missing."""
    return "not_initialized" if state == "initializing" else "not_joined"

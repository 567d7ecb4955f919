"""What a client shows of its agent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.core.agent_states import (
    CAN_LISTEN,
    CONNECTED,
    FINISHED,
    MOVES,
    PENDING,
    REASONS,
    SAID,
    Move,
    Reason,
    State,
    missing,
    step,
)
from duologue.core.connection import InvalidTransition

FOLDER = Path(__file__).parent.parent / "vectors"
VECTORS: dict[str, Any] = json.loads((FOLDER / "agent_states.json").read_text(encoding="utf-8"))
STATES: dict[str, Any] = json.loads((FOLDER / "states.json").read_text(encoding="utf-8"))


def test_the_vectors_name_every_state_and_move() -> None:
    """The file holds the whole machine."""
    assert VECTORS["states"] == list(get_args(State))
    assert VECTORS["moves"] == list(get_args(Move))
    assert {(origin, move): to for origin, move, to in VECTORS["table"]} == MOVES


@pytest.mark.parametrize(("origin", "move", "to"), VECTORS["table"])
def test_the_table_is_the_law(origin: State, move: Move, to: State) -> None:
    """Each move of the table leads where it says."""
    assert step(origin, move) == to


@pytest.mark.parametrize("state", get_args(State))
@pytest.mark.parametrize("move", get_args(Move))
def test_every_other_move_is_refused_with_what_was_expected(state: State, move: Move) -> None:
    """An illegal move names the state, what it expects, and what it got."""
    if (state, move) in MOVES:
        return
    with pytest.raises(InvalidTransition, match=rf"{state} expects .*, got {move}"):
        step(state, move)


@pytest.mark.parametrize(("state", "move", "expected"), VECTORS["refused"])
def test_a_refusal_lists_the_moves_in_the_order_of_the_table(
    state: State, move: Move, expected: list[str]
) -> None:
    """What could have been done is said in one order."""
    with pytest.raises(InvalidTransition) as refused:
        step(state, move)
    assert f"expects {' or '.join(expected)}, got" in str(refused.value)


@pytest.mark.parametrize(
    ("flag", "states"),
    [
        ("can_listen", CAN_LISTEN),
        ("pending", PENDING),
        ("connected", CONNECTED),
        ("finished", FINISHED),
    ],
)
def test_flags_are_those_of_the_vectors(flag: str, states: frozenset[str]) -> None:
    """A picture that a flag decides is the same in both languages."""
    assert set(VECTORS[flag]) == states


def test_every_state_is_pending_connected_or_finished() -> None:
    """The three flags share the states among them, and none has two."""
    assert sorted([*PENDING, *CONNECTED, *FINISHED]) == sorted(get_args(State))


@pytest.mark.parametrize(("state", "reason"), VECTORS["missing"])
def test_a_missing_agent_never_came_or_never_began(state: State, reason: Reason) -> None:
    """Whoever waits is told which of the two it was."""
    assert missing(state) == reason
    assert REASONS[reason].startswith("Agent ")


def test_agents_say_what_the_other_faces_know_too() -> None:
    """The words of the attribute are those that every face of ours maps."""
    assert list(SAID) == [word for word, _ in STATES["agent"]]


@given(st.lists(st.sampled_from(get_args(Move))))
def test_no_way_leads_out_of_the_states(moves: list[Move]) -> None:
    """Whatever happens, `end` comes back to the beginning, and only `connect` leads away."""
    state: State = "disconnected"
    for move in moves:
        if (state, move) in MOVES:
            before, state = state, step(state, move)
            assert before != "disconnected" or move == "connect"
    if state != "disconnected":
        assert step(state, "end") == "disconnected"

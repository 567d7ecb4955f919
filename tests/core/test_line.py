"""A client's line to its session."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.core.connection import InvalidTransition
from duologue.core.line import (
    FIRST,
    LONGEST,
    MOVES,
    Move,
    State,
    after_close,
    after_refusal,
    delay,
    gives_up,
    resumable,
    step,
)

FOLDER = Path(__file__).parent.parent / "vectors"
VECTORS: dict[str, Any] = json.loads((FOLDER / "line.json").read_text(encoding="utf-8"))
STATES: dict[str, Any] = json.loads((FOLDER / "states.json").read_text(encoding="utf-8"))


def test_the_vectors_name_every_state_and_move() -> None:
    """What TypeScript is held to is the whole of the machine."""
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
    """Both languages say the same sentence."""
    with pytest.raises(InvalidTransition, match=rf"expects {' or '.join(expected)}, got {move}$"):
        step(state, move)


@given(st.lists(st.sampled_from(get_args(Move))))
def test_no_sequence_of_moves_leaves_the_table(moves: list[Move]) -> None:
    """Whatever is tried, the line is in one of its states, and a refused move changes nothing."""
    state: State = "idle"
    for move in moves:
        if (state, move) in MOVES:
            state = step(state, move)
        else:
            with pytest.raises(InvalidTransition) as refused:
                step(state, move)
            assert refused.value.state == state
        assert state in get_args(State)


@pytest.mark.parametrize(("code", "move", "may"), VECTORS["closes"])
def test_a_close_code_says_what_comes_next(code: int, move: Move, may: bool) -> None:
    """Some closes are the end, some a fault, the rest a drop; few of them forbid to go on."""
    assert after_close(code) == move
    assert resumable(code) is may
    assert step("connected", after_close(code)) in get_args(State)


@pytest.mark.parametrize(("status", "code", "meaning"), VECTORS["refusals"])
def test_a_refused_authorize_is_tried_again_or_not(status: int, code: str, meaning: str) -> None:
    """What passes by itself is tried again, an ended conversation is over, the rest is a fault."""
    assert after_refusal(status, code) == meaning


@pytest.mark.parametrize(("attempt", "chance", "seconds"), VECTORS["delays"])
def test_tries_become_rarer(attempt: int, chance: float, seconds: float) -> None:
    """Each wait doubles up to the longest, and chance shortens it by up to a half."""
    assert delay(attempt, chance) == pytest.approx(seconds)


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_longer_than_the_longest(attempt: int, chance: float) -> None:
    """However often a line was tried, the next try comes within five seconds."""
    assert FIRST / 2 <= delay(attempt, chance) <= LONGEST


@pytest.mark.parametrize(("seconds", "lost"), VECTORS["gives_up"])
def test_a_line_that_was_broken_for_too_long_is_lost(seconds: float, lost: bool) -> None:
    """After the time in which a page may resume there is nothing to come back to."""
    assert gives_up(seconds) is lost


def test_every_state_has_a_name_on_the_other_faces() -> None:
    """LiveKitSession can show whatever the line is in."""
    assert [ours for ours, _ in STATES["line"]] == list(get_args(State))
    shown = dict(STATES["line"])
    assert (shown["reconnecting"], shown["failed"]) == ("connecting", "error")
    assert dict(STATES["agent"])["initializing"] == "idle"

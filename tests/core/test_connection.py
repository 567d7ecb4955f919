"""The life of a session."""

from typing import get_args

import pytest

from duologue.core.connection import MOVES, InvalidTransition, Move, State, step


@pytest.mark.parametrize(("origin", "move"), MOVES)
def test_the_table_is_the_law(origin: State, move: Move) -> None:
    """Each move of the table leads where it says."""
    assert step(origin, move) == MOVES[origin, move]


@pytest.mark.parametrize("state", get_args(State))
@pytest.mark.parametrize("move", get_args(Move))
def test_every_other_move_is_refused_with_what_was_expected(state: State, move: Move) -> None:
    """An illegal move names the state, what it expects, and what it got."""
    if (state, move) in MOVES:
        return
    with pytest.raises(InvalidTransition, match=rf"{state} expects .*, got {move}"):
        step(state, move)


def test_an_ended_session_expects_nothing() -> None:
    """There is no way out of the end."""
    with pytest.raises(InvalidTransition, match="expects no move, got open"):
        step("ended", "open")

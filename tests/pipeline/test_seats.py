"""Seats are found by their conversation without a look at all the others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from duologue.pipeline.seats import Seats


def seat(conversation: str) -> Any:
    """A seat in that conversation."""
    return SimpleNamespace(run=SimpleNamespace(conversation_id=conversation))


def test_those_of_a_conversation_are_found_in_their_order() -> None:
    """Until they are given back; nothing is left of a conversation without any."""
    seats = Seats()
    first, second, other = seat("a"), seat("a"), seat("b")
    seats["1"], seats["2"], seats["3"] = first, second, other
    assert (seats.of("a"), seats.of("b"), seats.of("c")) == ([first, second], [other], [])
    assert seats.pop("1") is first
    assert seats.pop("1", None) is None
    assert (seats.of("a"), list(seats.values()), len(seats)) == ([second], [second, other], 2)
    del seats["2"]
    assert seats.of("a") == []
    assert seats._within == {"b": {"3": other}}
    with pytest.raises(KeyError):
        del seats["2"]


def test_who_sits_down_again_sits_in_one_place() -> None:
    """Also when it is in another conversation."""
    seats = Seats()
    before, after = seat("a"), seat("b")
    seats["1"] = before
    seats["1"] = after
    assert (seats.of("a"), seats.of("b"), len(seats)) == ([], [after], 1)

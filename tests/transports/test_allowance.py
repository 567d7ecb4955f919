"""How much one client may send."""

from __future__ import annotations

import pytest

from duologue.transports.allowance import (
    BYTES_BURST,
    BYTES_RATE,
    SIGNS_BURST,
    SOUND_AHEAD,
    SOUND_LENGTH,
    WORDS_BURST,
    WORDS_LENGTH,
    Allowance,
)
from duologue.wire.layercode import BadFrame


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def test_sound_may_run_ahead_and_then_flows_at_twice_its_speed() -> None:
    """A client that catches up is heard, a flood is not."""
    clock = Clock()
    allowance = Allowance(clock)
    assert allowance.sound(SOUND_AHEAD)
    assert not allowance.sound(0.5)
    clock.now = 0.25
    assert allowance.sound(0.5)
    assert not allowance.sound(0.01)


def test_one_message_too_many_is_refused_and_the_next_second_has_more() -> None:
    """The refusal says what is possible."""
    clock = Clock()
    allowance = Allowance(clock)
    for _ in range(int(WORDS_BURST)):
        allowance.words(10)
    with pytest.raises(BadFrame, match="more than 5 messages a second"):
        allowance.words(10)
    clock.now = 1.0
    allowance.words(10)


def test_a_message_that_is_too_long_is_refused() -> None:
    """And it costs nothing of the others."""
    allowance = Allowance(Clock())
    with pytest.raises(BadFrame, match="at most 65536 characters, not 65537"):
        allowance.words(WORDS_LENGTH + 1)
    allowance.words(WORDS_LENGTH)


def test_a_flood_of_signs_is_refused() -> None:
    """Each of them may stir the conversation."""
    allowance = Allowance(Clock())
    for _ in range(int(SIGNS_BURST)):
        allowance.sign()
    with pytest.raises(BadFrame, match="send fewer"):
        allowance.sign()


def test_a_flood_of_bytes_is_refused() -> None:
    """Whatever they would say: nothing of them is read."""
    clock = Clock()
    allowance = Allowance(clock)
    allowance.message(int(BYTES_BURST))
    with pytest.raises(BadFrame, match="more than 2097152 bytes a second"):
        allowance.message(1)
    clock.now = 1.0
    allowance.message(int(BYTES_RATE))
    with pytest.raises(BadFrame, match="send less"):
        allowance.message(1)


def test_a_message_has_so_much_sound() -> None:
    """The refusal names both sizes."""
    allowance = Allowance(Clock())
    allowance.piece(SOUND_LENGTH)
    with pytest.raises(BadFrame, match="at most 65536 bytes of sound, not 65538"):
        allowance.piece(SOUND_LENGTH + 2)

"""The playback clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.core.playback import PlaybackClock

RATE = 16000


def test_nothing_is_heard_before_something_is_sent() -> None:
    """A clock that was never started stands at zero, however late it is."""
    clock = PlaybackClock(RATE)
    assert clock.position(99.0) == 0
    assert not clock.running


def test_the_position_follows_time_and_stops_at_what_was_sent() -> None:
    """Half a second after one second was sent, half of it is heard; later all of it."""
    clock = PlaybackClock(RATE)
    clock.send(RATE, now=10.0)
    assert clock.running
    assert clock.position(10.5) == RATE // 2
    assert clock.ahead(10.5) == RATE // 2
    assert clock.position(99.0) == RATE


def test_a_dry_listener_hears_new_sound_at_once() -> None:
    """Time in which nothing was there to hear does not count."""
    clock = PlaybackClock(RATE)
    clock.send(RATE, now=0.0)
    clock.send(RATE, now=5.0)
    assert clock.position(5.0) == RATE
    assert clock.position(5.25) == RATE + RATE // 4


def test_a_held_clock_stands_still_and_goes_on_after_it() -> None:
    """While held no time passes; what is taken back can be sent again."""
    clock = PlaybackClock(RATE)
    clock.send(RATE, now=0.0)
    clock.hold(now=0.5)
    assert clock.position(9.0) == RATE // 2
    clock.rewind(RATE // 4)
    assert clock.sent == RATE // 4
    clock.send(RATE, now=20.0)
    assert clock.position(20.0) == RATE // 4


def test_a_running_clock_cannot_be_rewound() -> None:
    """Taking back what is being heard is a mistake of the caller."""
    clock = PlaybackClock(RATE)
    clock.send(RATE, now=0.0)
    with pytest.raises(RuntimeError, match="held"):
        clock.rewind(0)


def test_the_listeners_own_word_counts_within_what_was_sent() -> None:
    """A client that says more than it got is believed up to what it got."""
    clock = PlaybackClock(RATE)
    clock.send(RATE, now=0.0)
    clock.heard(RATE * 7, now=0.1)
    assert clock.position(0.1) == RATE
    clock.hold(now=0.1)
    clock.heard(100, now=0.2)
    assert clock.position(5.0) == 100
    assert not clock.running


@given(st.lists(st.tuples(st.integers(0, RATE), st.floats(0, 3)), max_size=20))
def test_the_position_never_falls_and_never_passes_what_was_sent(
    steps: list[tuple[int, float]],
) -> None:
    """Whatever is sent whenever, the listener's place moves forward only."""
    clock, now, last = PlaybackClock(RATE), 0.0, 0
    for samples, pause in steps:
        clock.send(samples, now)
        now += pause
        position = clock.position(now)
        assert last <= position <= clock.sent
        last = position


def test_a_held_clock_can_be_set_to_any_sample() -> None:
    """A listener that comes back may have heard more than was taken back, or less."""
    clock = PlaybackClock(RATE)
    clock.send(RATE, now=0.0)
    with pytest.raises(RuntimeError, match="held"):
        clock.seek(0)
    clock.hold(now=0.25)
    clock.rewind(0)
    clock.seek(RATE // 2)
    assert clock.sent == clock.position(9.0) == RATE // 2
    clock.seek(-1)
    assert clock.sent == 0

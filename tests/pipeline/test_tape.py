"""The tape: every sample where it was heard, counted in samples of a virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from tests.pipeline.test_speaking import Listener, utter
from tests.virtual import run

from duologue.pipeline.speaking import Mouth
from duologue.pipeline.tape import GAP, MOST, RATE, SLACK, Samples, Tape

OPEN = 2.0
"""As the recorder keeps it: what is older was taken."""


def counted(count: int, first: int = 1) -> Samples:
    """Sound whose every sample says where it was in it."""
    return (np.arange(first, first + count, dtype=np.int64) % 30_000 + 1).astype(np.int16)


def whole(tape: Tape, until: float = 1e6) -> Samples:
    """All that is left on the tape."""
    end = tape.end()
    assert end is not None
    taken = []
    while (piece := tape.take(min(end, until))) is not None:
        taken.append(piece)
    return np.concatenate(taken)


def sounding(side: Samples) -> list[tuple[int, int]]:
    """Where sound begins and ends on one side, gaps of a sample aside."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (side != 0).astype(np.int8), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def near(expected: Sequence[tuple[int, int]]) -> Any:
    """The same but for a sample or two: times are sums of floats."""
    return [pytest.approx(pair, abs=2) for pair in expected]


# ---------------------------------------------------------------- the user


def test_a_user_is_heard_where_the_sound_was_made() -> None:
    """A piece ends when it arrives; the others stand behind it, whatever the network does."""
    tape = Tape()
    late = [0.0, 0.03, 0.0, 0.1, 0.05, 0.0]
    for number, delay in enumerate(late):
        tape.user(counted(1600, number * 1600 + 1), 10.0 + number * 0.1 + delay)
    taken = whole(tape)
    assert np.array_equal(taken[:, 0], counted(9600))
    assert not taken[:, 1].any()
    assert tape.began == pytest.approx(9.9)


def test_silence_of_a_switched_off_microphone_keeps_its_length() -> None:
    """What is said after a pause is not drawn to what was said before it."""
    tape = Tape()
    for at in (1.0, 1.1, 4.1, 4.2):
        tape.user(counted(1600), at)
    assert sounding(whole(tape)[:, 0]) == near([(0, 3200), (49_600, 52_800)])


def test_what_a_stalled_line_delivers_at_once_goes_where_it_was_said() -> None:
    """The pieces of half a second come together: each stands where it would have come."""
    tape = Tape()
    arrivals = [0.1, 0.2, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.9]
    for number, at in enumerate(arrivals):
        tape.user(counted(1600, number * 1600 + 1), at)
    assert np.array_equal(whole(tape)[:, 0], counted(14400))


def test_sound_from_before_the_agent_heard_moves_the_beginning() -> None:
    """Three seconds that were spoken while the page connected, ten times as fast as they were."""
    tape = Tape()
    for number in range(30):
        tape.user(counted(1600, number * 1600 + 1), 5.0 + number * 0.01)
    taken = whole(tape)
    assert np.array_equal(taken[:, 0], counted(48000))
    assert tape.began == pytest.approx(5.29 - 3.0, abs=0.001)


@pytest.mark.parametrize("drift", [-200e-6, 0.0, 200e-6], ids=["slow", "true", "fast"])
def test_it_does_not_drift_in_an_hour(drift: float) -> None:
    """A microphone whose clock is not ours stays within a fifth of a second of the truth."""
    tape, worst, taken = Tape(), 0, 0
    for number in range(36_000):
        now = (number + 1) * 0.1 * (1 + drift)
        mark = np.zeros(1600, dtype=np.int16)
        if number % 100 == 99:
            mark[-1] = 1  # made now
        tape.user(mark, now)
        if number % 10 == 9 and (piece := tape.take(now - OPEN)) is not None:
            for found in np.flatnonzero(piece[:, 0]):
                at = (tape.began or 0.0) + (int(found) + taken) / RATE
                made = round(at / (10 * (1 + drift))) * 10 * (1 + drift)
                worst = max(worst, abs(round((at - made) * RATE)))
            taken += len(piece)
    assert worst <= GAP + 1600
    assert taken == pytest.approx((3600 * (1 + drift) - OPEN) * RATE, abs=RATE // 5)


# ---------------------------------------------------------------- the agent


def spoken(
    test: Callable[[Mouth, Tape], Coroutine[Any, Any, None]], *, tells: bool = False
) -> tuple[Samples, float]:
    """What a tape has of what a mouth said, and when that began."""
    tape = Tape()

    async def story() -> None:
        loop = asyncio.get_running_loop()
        mouth = Mouth(Listener(), now=loop.time)
        mouth.tape = tape
        mouth.arrive(tells=tells)
        await test(mouth, tape)
        mouth.close()

    run(story())
    taken = whole(tape)
    assert tape.began is not None
    return taken, tape.began


async def _counted(mouth: Mouth, seconds: float) -> None:
    count = int(seconds * RATE)
    await mouth.capture_frame(rtc.AudioFrame(counted(count).tobytes(), RATE, 1, count))
    mouth.flush()


def test_an_answer_stands_where_it_is_heard_and_not_where_it_was_sent() -> None:
    """It leaves a third of a second ahead; on the tape it takes the time that it takes."""

    async def story(mouth: Mouth, tape: Tape) -> None:
        await _counted(mouth, 2.0)
        await asyncio.sleep(6)
        await _counted(mouth, 0.48)
        await asyncio.sleep(3)

    taken, _ = spoken(story)
    first, second = sounding(taken[:, 1])
    assert first == pytest.approx((0, 2 * RATE), abs=2)
    assert np.array_equal(taken[: 2 * RATE, 1], counted(2 * RATE))
    assert second == pytest.approx((6 * RATE, 6 * RATE + 7680), abs=2)
    assert not taken[:, 0].any()


def test_an_interrupted_answer_ends_where_it_was_cut() -> None:
    """What had left and was not heard is not on it."""

    async def story(mouth: Mouth, tape: Tape) -> None:
        await _counted(mouth, 5.0)
        await asyncio.sleep(1.5)
        mouth.clear_buffer()
        await asyncio.sleep(2)

    taken, _ = spoken(story)
    assert sounding(taken[:, 1]) == near([(0, RATE * 3 // 2)])


def test_an_answer_that_hesitated_goes_on_where_it_stopped() -> None:
    """The pause is silence of its length, and no word is there twice."""

    async def story(mouth: Mouth, tape: Tape) -> None:
        await _counted(mouth, 2.0)
        await asyncio.sleep(1.0)
        mouth.pause()
        await asyncio.sleep(0.7)
        mouth.resume()
        await asyncio.sleep(5)

    taken, _ = spoken(story)
    assert sounding(taken[:, 1]) == near([(0, RATE), (RATE * 17 // 10, RATE * 27 // 10)])
    heard = taken[:, 1][taken[:, 1] != 0]
    assert np.array_equal(heard, counted(2 * RATE))


def test_what_a_lost_line_swallowed_is_heard_once() -> None:
    """The client is gone, and did not hear the last half second; it comes back after three."""

    async def story(mouth: Mouth, tape: Tape) -> None:
        await _counted(mouth, 2.0)
        await asyncio.sleep(1.0)
        mouth.leave(unheard=0.4)
        await asyncio.sleep(3)
        mouth.arrive()
        await asyncio.sleep(5)

    taken, _ = spoken(story)
    first, second = sounding(taken[:, 1])
    assert first == (0, RATE // 2)
    assert second[0] == 4 * RATE
    assert np.array_equal(taken[:, 1][taken[:, 1] != 0], counted(2 * RATE))


def test_a_listener_who_hears_later_is_believed() -> None:
    """Its first word moves the whole turn, in one piece."""

    async def story(mouth: Mouth, tape: Tape) -> None:
        tape.user(counted(16), asyncio.get_running_loop().time())
        await _counted(mouth, 2.0)
        for step in range(24):
            await asyncio.sleep(0.1)
            mouth.client_heard(max(0.0, (step + 1) * 0.1 - 0.2))
        await asyncio.sleep(3)

    taken, _ = spoken(story, tells=True)
    ((start, end),) = sounding(taken[:, 1])
    assert end - start == 2 * RATE
    assert abs(start - RATE // 5) <= SLACK


def test_a_listener_who_stalls_leaves_a_gap_where_it_was_silent() -> None:
    """Its player ran dry for half a second in the midst of a word."""

    async def story(mouth: Mouth, tape: Tape) -> None:
        await _counted(mouth, 6.0)
        for step in range(80):
            await asyncio.sleep(0.1)
            now = (step + 1) * 0.1
            mouth.client_heard(now if now < 4.0 else max(4.0, now - 0.5))
            if (piece := tape.take(asyncio.get_running_loop().time() - OPEN)) is not None:
                taken.append(piece)
        await asyncio.sleep(3)

    taken: list[Samples] = []
    rest, _ = spoken(story, tells=True)
    (first, second) = sounding(np.concatenate([*taken, rest])[:, 1])
    assert abs(first[1] - 4 * RATE) <= SLACK + RATE // 10
    assert abs(second[0] - first[1] - RATE // 2) <= SLACK + RATE // 10
    assert second[1] - second[0] + first[1] - first[0] == 6 * RATE


def test_a_word_that_comes_after_the_fact_brings_back_what_was_heard() -> None:
    """The line broke, and the client tells later that it had heard more than it had told."""

    async def story(mouth: Mouth, tape: Tape) -> None:
        await _counted(mouth, 3.0)
        for step in range(5):
            await asyncio.sleep(0.1)
            mouth.client_heard((step + 1) * 0.1)
        await asyncio.sleep(0.3)
        mouth.leave()
        mouth.client_heard(0.7)
        await asyncio.sleep(1)

    taken, _ = spoken(story, tells=True)
    assert sounding(taken[:, 1]) == near([(0, RATE * 7 // 10)])


# ---------------------------------------------------------------- both


def test_both_are_heard_at_the_same_time_on_their_own_sides() -> None:
    """The user speaks over the agent: left and right, each where it was."""

    async def story(mouth: Mouth, tape: Tape) -> None:
        loop = asyncio.get_running_loop()
        await utter(mouth, 2.0)
        for _ in range(10):
            await asyncio.sleep(0.1)
            tape.user(np.full(1600, 9, dtype=np.int16), loop.time())
        mouth.clear_buffer()
        await asyncio.sleep(1)

    taken, _ = spoken(story)
    assert sounding(taken[:, 0]) == near([(0, RATE)])
    assert sounding(taken[:, 1]) == near([(0, RATE)])
    assert set(np.unique(taken[:, 0]).tolist()) == {9}
    assert set(np.unique(taken[:, 1]).tolist()) <= {0, 7}


def test_a_long_silence_is_taken_in_pieces() -> None:
    """However long nobody spoke, no more than some seconds are held at once."""
    tape = Tape()
    tape.user(counted(160), 0.01)
    sizes = []
    while (piece := tape.take(60.0)) is not None:
        sizes.append(len(piece))
    assert max(sizes) == MOST
    assert sum(sizes) == 60 * RATE


def test_an_empty_tape_has_nothing_to_take() -> None:
    """And does not know when it began."""
    tape = Tape()
    tape.heard(3, 1.0)
    tape.held(0)
    tape.over(0)
    assert (tape.take(5.0), tape.end(), tape.began) == (None, None, None)

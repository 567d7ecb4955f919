"""What waits to be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from duologue.transports.sending import FILES_LIMIT, SOUND_LIMIT, WORDS_LIMIT, Overrun, SendQueue


async def taken(queue: SendQueue) -> list[str | bytes]:
    """All frames until the end."""
    queue.close()
    frames = []
    while (frame := await queue.take()) is not None:
        frames.append(frame)
    return frames


async def test_frames_leave_in_order_and_then_comes_the_end() -> None:
    """What waited when the queue was closed is still sent."""
    queue = SendQueue()
    queue.put("a", sound=False)
    queue.put("b", sound=True)
    queue.put("c", sound=False)
    assert await taken(queue) == ["a", "b", "c"]


async def test_a_slow_reader_loses_the_oldest_sound_and_never_words() -> None:
    """Beyond the limit the first pieces of sound go; every word stays."""
    queue = SendQueue()
    piece = "s" * (SOUND_LIMIT // 4)
    for number in range(8):
        queue.put(f"{number}{piece}", sound=True)
        queue.put(f"word {number}", sound=False)
    frames = await taken(queue)
    assert [frame for frame in frames if str(frame).startswith("word")] == [
        f"word {number}" for number in range(8)
    ]
    assert [frame[0] for frame in frames if frame[0] != "w"] == ["5", "6", "7"]
    assert queue.dropped == 5


async def test_words_that_pile_up_close_the_client() -> None:
    """Memory is bounded for words too, by giving the client up."""
    queue = SendQueue()
    queue.put("w" * WORDS_LIMIT, sound=False)
    with pytest.raises(Overrun):
        queue.put("one more", sound=False)


async def test_silence_drops_all_sound_that_waits() -> None:
    """After it the limit counts from nothing again."""
    queue = SendQueue()
    queue.put("sound", sound=True)
    queue.put("word", sound=False)
    queue.silence()
    assert await taken(queue) == ["word"]


async def test_taking_waits_for_the_next_frame() -> None:
    """A writer sleeps until there is something to write."""
    queue = SendQueue()
    taking = asyncio.ensure_future(queue.take())
    await asyncio.sleep(0)
    queue.put("late", sound=False)
    assert await taking == "late"


async def test_what_must_come_first_does() -> None:
    """What was said earlier is told before what happened since."""
    queue = SendQueue()
    queue.put("new", sound=False)
    queue.put_first("old")
    assert await taken(queue) == ["old", "new"]


async def test_a_file_leaves_when_nothing_else_waits() -> None:
    """Its frames are made one by one, and what comes meanwhile goes before the next of them."""
    queue = SendQueue()
    made: list[str] = []

    def frames(name: str) -> Iterator[str]:
        for number in range(3):
            made.append(f"{name}{number}")
            yield made[-1]

    queue.put_file(frames("f"))
    queue.put_file(frames("g"))
    queue.put("word", sound=False)
    assert await queue.take() == "word"
    assert await queue.take() == "f0"
    assert made == ["f0"]
    queue.put("sound", sound=True)
    assert await taken(queue) == ["sound", "f1", "f2", "g0", "g1", "g2"]


async def test_too_many_files_are_as_bad_as_too_many_words() -> None:
    """Sixteen may wait; a queue that is cleared has none."""
    queue = SendQueue()
    for _ in range(FILES_LIMIT):
        queue.put_file(iter(["piece"]))
    with pytest.raises(Overrun):
        queue.put_file(iter(["piece"]))
    queue.clear()
    assert await taken(queue) == []

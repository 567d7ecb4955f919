"""The words of a back end on their way to the voice: put together, and said without delay.

A voice is given what it speaks sentence by sentence, and knows of a sentence's end only by what
follows. A back end that looks something up, or forgets to end, would keep its last one waiting.
"""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from typing import Any, Final

from livekit.agents import Agent

from duologue.wire import webhooks as wire

PAUSES: Final = (0.2, 0.8)
"""Seconds without words after which a sentence is known to be whole, and further ones after which
whatever there is is said."""
BREATH: Final = (0.1, 0.9)
"""The same for the voice, which hears of the first pause a moment later."""
_ENDED: Final = re.compile(r"[.!?…。！？][\"'”’)\]]*\s*\Z")
_BEGUN: Final = re.compile(r"[\"'“‘„«(\[¿¡]*\w")


class Joiner:
    """Puts a space between sentences that came one by one; pieces of a sentence bring their own."""

    def __init__(self) -> None:
        self._last = ""
        self._paused = False

    def joined(self, piece: str) -> str:
        """The piece as it follows on the one before."""
        if not piece:
            return ""
        last, self._last, self._paused = self._last, piece, False
        if not last.strip():
            return piece.removeprefix(" ") if last else piece
        whole = " " in last.strip() or " " in piece.strip()
        joined = not last[-1].isspace() and _BEGUN.match(piece)
        return f" {piece}" if whole and joined and _ENDED.search(last) else piece

    def paused(self) -> str:
        """What closes a sentence that nothing follows on for now; the second time, any words."""
        long, self._paused = self._paused, True
        if not self._last or self._last[-1].isspace():
            return ""
        if not (long or _ENDED.search(self._last)):
            return ""
        self._last = " "
        return " "


async def with_pauses(
    answers: AsyncGenerator[wire.Answer, None],
) -> AsyncGenerator[wire.Answer | None, None]:
    """The answers as they come, and none where nothing follows on one for a while, or longer."""
    waiting: asyncio.Future[wire.Answer | None] | None = None
    pauses: Iterator[float] = iter(())
    async with aclosing(answers):
        try:
            while True:
                if waiting is None:
                    waiting = asyncio.ensure_future(anext(answers, None))
                done, _ = await asyncio.wait([waiting], timeout=next(pauses, None))
                if not done:
                    yield None
                    continue
                answer, waiting = waiting.result(), None
                if answer is None:
                    return
                yield answer
                pauses = iter(PAUSES)
        finally:
            if waiting is not None:
                waiting.cancel()
                await asyncio.wait([waiting])


def breathe(agent: Agent) -> None:
    """Lets an agent say whole sentences at once, though the answer is not at its end."""
    original = agent.tts_node

    def breathing(text: AsyncIterable[str], settings: Any) -> AsyncIterator[Any]:
        return _spoken(original, text, settings)

    agent.tts_node = breathing  # type: ignore[method-assign,assignment]  # one instance, ours alone


async def _spoken(
    node: Callable[..., Any], text: AsyncIterable[str], settings: Any
) -> AsyncIterator[Any]:
    """The sound of a text, each breath of which is spoken by itself."""
    pieces: asyncio.Queue[str | None] = asyncio.Queue()
    reading = asyncio.create_task(_read(text, pieces))
    over = False

    async def breath(said: str) -> AsyncIterator[str]:
        nonlocal over
        yield said
        while True:
            try:
                async with asyncio.timeout(BREATH[_ENDED.search(said) is None]):
                    piece = await pieces.get()
            except TimeoutError:
                return
            if piece is None:
                over = True
                return
            said = (said + piece)[-100:]
            yield piece

    try:
        while not over and (first := await pieces.get()) is not None:
            if not first.strip():
                continue
            spoken = node(breath(first), settings)
            if inspect.isawaitable(spoken):
                spoken = await spoken
            if spoken is None:
                return
            async for frame in spoken:
                yield frame
        await reading  # what went wrong with the words is raised here
    finally:
        reading.cancel()
        await asyncio.wait([reading])


async def _read(text: AsyncIterable[str], pieces: asyncio.Queue[str | None]) -> None:
    try:
        async for piece in text:
            if piece:
                await pieces.put(piece)
    finally:
        pieces.put_nowait(None)

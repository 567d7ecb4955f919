"""Somebody who talks with our own client, and comes back by itself whenever the line breaks."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

import httpx
from tests.processes.guest import PATIENCE
from websockets.exceptions import InvalidHandshake

from duologue.testing.caller import SyntheticCaller
from duologue.testing.heard import Turn
from duologue.testing.line import Refused
from duologue.testing.speech import words

FOR_GOOD: Final = (4001, 4002, 4003, 4004)
"""Codes after which our browser client does not come back."""
PASSING: Final = (409, 429, 503)
"""Answers after which it tries again."""


class Regular(SyntheticCaller):
    """A caller whose client authorizes again until a process takes it, as a page of ours does."""

    def __init__(self, url: str, key: str, agent: str, **fields: Any) -> None:
        super().__init__(url, agent=agent, key=key, client="own", **fields)
        self._staying: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._staying = asyncio.create_task(self._stay())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        assert self._staying is not None
        self._staying.cancel()
        await asyncio.wait([self._staying])
        await super().__aexit__(kind, error, _)
        if not self._staying.cancelled():
            self._staying.result()

    @property
    def lines(self) -> int:
        """How often a socket was opened."""
        return len(self.record.of_type("connected"))

    async def back(self, lines: int) -> None:
        """Waits until so many sockets were opened, and the last of them is."""
        there = lambda: self.lines >= lines and self.close_code is None  # noqa: E731
        await self.until(there, f"line {lines}", PATIENCE)

    async def hears_of(self, *about: str) -> Turn:
        """The agent's last turn, once it names all this and is over."""
        await self.tells_of(*about)
        turn = self.answers[-1]
        await self.until(lambda: turn.ended_at is not None, f"the end of {turn}", PATIENCE)
        return turn

    async def tells_of(self, *about: str) -> Turn:
        """The agent's last turn, once it names all this, though it may go on."""
        there = lambda: bool(self.answers) and set(about) <= set(words(self.answers[-1].text))  # noqa: E731
        await self.until(there, f"words about {about}", PATIENCE)
        return self.answers[-1]

    # ------------------------------------------------------------ within

    async def _stay(self) -> None:
        while True:
            async with self._news:
                await self._news.wait_for(lambda: self.close_code is not None)
            if self.close_code in FOR_GOOD:
                return
            await asyncio.sleep(0.2)
            with suppress(httpx.TransportError, InvalidHandshake, OSError):
                try:
                    await self.reconnect()
                except Refused as refused:
                    if refused.status not in PASSING:
                        raise

"""What writes a conversation down: one thing after the other, and some of it again until it is."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

import structlog

from duologue.errors import DuologueError

Step = Callable[[], Awaitable[object]]
"""One write; it can be done again."""
Kind = Literal["once", "kept", "aside"]
"""A message that its sender can send again, one that must be kept, or what is no message."""

log = structlog.get_logger(__name__)


class Pen:
    """Writes in the order in which it is asked; messages that are kept stay before later ones."""

    def __init__(self, where: Mapping[str, str]) -> None:
        self._where = where
        self._tail: asyncio.Future[bool] | None = None
        self._refused: deque[Step] = deque()

    def write(self, step: Step, kind: Kind = "aside") -> asyncio.Future[bool]:
        """Writes after all earlier things; the future says whether it is in the store."""
        self._tail = asyncio.ensure_future(self._after(self._tail, step, kind))
        return self._tail

    async def settled(self) -> None:
        """Returns when everything was written, or refused by the store."""
        while self._tail is not None and not self._tail.done():
            await asyncio.wait([self._tail])

    async def caught_up(self) -> bool:
        """Writes what the store refused; whether nothing of that is left."""
        await self.write(_nothing)
        return not self._refused

    async def _after(self, before: asyncio.Future[bool] | None, step: Step, kind: Kind) -> bool:
        if before is not None and not before.done():
            await asyncio.wait([before])
        while self._refused:
            if await self._done(self._refused[0]) is None:
                break
            self._refused.popleft()
        # A message that overtook one that waits would stand before it for ever.
        done = None if self._refused and kind != "aside" else await self._done(step)
        if done is None and kind == "kept":
            self._refused.append(step)
        return bool(done)

    async def _done(self, step: Step) -> bool | None:
        """Whether it was written; none where the store takes nothing now."""
        try:
            await step()
        except DuologueError as error:
            log.error("not recorded", reason=error.message, **self._where)
            return None if error.code == "store_unusable" else False
        except Exception:
            log.exception("not recorded", **self._where)
            return False
        return True


async def _nothing() -> None:
    """Only waits for its turn."""

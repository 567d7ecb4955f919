"""How long a request may take to arrive: a client that trickles holds nothing for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from duologue.errors import DuologueError
from duologue.server import sounds

PATIENCE: Final = 60.0
"""Seconds in which a request's body must have arrived."""
LARGE: Final = {"/observability/recordings/v0": sounds.PATIENCE}
"""Doors that take whole recordings, and wait longer for them."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


class Arriving:
    """What comes of a request; once its body is whole, only that its client went away."""

    def __init__(self, path: str, receive: Receive) -> None:
        self._receive = receive
        self._seconds = LARGE.get(path, PATIENCE)
        self._until: float | None = None
        self._whole = False

    async def __call__(self) -> Message:
        """The next piece; a body that is not whole in its time is refused."""
        if self._whole:
            return await self._receive()
        if self._until is None:
            self._until = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise DuologueError("body_slow", limit=f"{self._seconds:g}") from None
        self._whole = not message.get("more_body", False)
        return message

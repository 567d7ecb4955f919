"""Written messages until the agent confirms them: what a mended line lost goes out again."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable
from typing import Final

from duologue.client.tasks import Tasks
from duologue.wire import rooms

CONFIRM: Final = 5.0
"""Seconds after which a message that nobody confirmed is sent again."""
AGAIN: Final = 3
"""How often that is done; the agent may have its reasons."""


class Unconfirmed:
    """Names messages, so that the agent takes each once, however often it is sent."""

    def __init__(
        self, tasks: Tasks, send: Callable[[str, dict[str, str]], Awaitable[object]]
    ) -> None:
        self._tasks = tasks
        self._send = send
        self._waiting: dict[str, tuple[str, asyncio.Event]] = {}

    def name(self, text: str, attributes: dict[str, str]) -> dict[str, str]:
        """The attributes with which a message is sent, its name among them."""
        id_ = f"typed-{uuid.uuid4().hex}"
        self._waiting[id_] = (text.strip(), asyncio.Event())
        return {**attributes, rooms.TYPED: id_}

    def sent(self, text: str, attributes: dict[str, str]) -> None:
        """It is out: from now on its confirmation is waited for."""
        self._tasks.start(self._see_through(text, attributes))

    def failed(self, attributes: dict[str, str]) -> None:
        """Whoever wrote it knows that it is not out."""
        self._waiting.pop(attributes[rooms.TYPED], None)

    def confirmed(self, text: str) -> None:
        """The agent took a message; of several that say the same, the oldest."""
        said = text.strip()
        for waiting, known in self._waiting.values():
            if waiting == said and not known.is_set():
                known.set()
                return

    async def _see_through(self, text: str, attributes: dict[str, str]) -> None:
        id_ = attributes[rooms.TYPED]
        known = self._waiting[id_][1]
        try:
            for _ in range(AGAIN):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(CONFIRM):
                        await known.wait()
                    return
                with contextlib.suppress(Exception):  # a room that is reconnecting takes nothing
                    async with asyncio.timeout(CONFIRM):
                        await self._send(text, attributes)
        finally:
            self._waiting.pop(id_, None)

"""Who wants to know what happens in a session: callbacks by name, and waits for a condition."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable
from typing import Any

from duologue.client.tasks import Tasks

log = logging.getLogger("duologue.client")

Callback = Callable[..., Any]
Unsubscribe = Callable[[], None]


class Signals:
    """Callbacks by name, in the order in which they came; a coroutine is run beside the session."""

    def __init__(self, tasks: Tasks, *names: str) -> None:
        self._tasks = tasks
        self._callbacks: dict[str, list[Callback]] = {name: [] for name in names}

    def on(self, name: str, callback: Callback) -> Unsubscribe:
        """Calls `callback` whenever this happens, until the returned function is called."""
        if name not in self._callbacks:
            raise ValueError(f"nothing is called {name!r} here; there is {', '.join(self.names)}")
        entry = self._callbacks[name]
        entry.append(callback)

        def off() -> None:
            if callback in entry:
                entry.remove(callback)

        return off

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that can be listened to."""
        return tuple(self._callbacks)

    def wanted(self, name: str) -> bool:
        """Whether anybody listens."""
        return bool(self._callbacks[name])

    def emit(self, name: str, *arguments: Any) -> None:
        """Tells everybody; one listener's error keeps nothing from the next."""
        for callback in tuple(self._callbacks[name]):
            try:
                result = callback(*arguments)
                if inspect.iscoroutine(result):
                    self._tasks.start(result)
            except Exception:
                log.exception("a callback of %r failed", name)


class Changes:
    """Wakes everybody who waits for something to become true."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        """Lets everybody look again."""
        for future in tuple(self._waiting):
            if not future.done():
                future.set_result(None)

    async def wait(self, true: Callable[[], bool]) -> None:
        """Returns when the condition holds; what it raises ends the wait."""
        while not true():
            future = asyncio.get_running_loop().create_future()
            self._waiting.add(future)
            try:
                await future
            finally:
                self._waiting.discard(future)

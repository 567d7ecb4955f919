"""Gives memory back to the machine after sessions ended: what Python keeps for later is a lot."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import sys
from collections.abc import Callable
from typing import Any, Final

REST: Final = 2.0
"""Seconds between the end of a session and the tidying: others may end meanwhile."""


class Leftovers:
    """Tidies up once for all sessions that ended within a few seconds."""

    def __init__(self, live: Callable[[], int]) -> None:
        self._live = live
        self._timer: asyncio.TimerHandle | None = None
        self._trim: Callable[[int], Any] | None = None
        if sys.platform == "linux":
            # musl's allocator gives back by itself and has no such function.
            self._trim = getattr(ctypes.CDLL(None), "malloc_trim", None)

    def appeared(self) -> None:
        """A session ended and left something behind."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(REST, self._tidy)

    def close(self) -> None:
        """Tidies no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tidy(self) -> None:
        self._timer = None
        if not self._live():  # a whole search takes tens of milliseconds, which nobody hears now
            gc.collect()
        if self._trim is not None:
            # In a thread: it takes milliseconds, and needs nothing of Python's.
            asyncio.get_running_loop().run_in_executor(None, self._trim, 0)

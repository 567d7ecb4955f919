"""An event loop whose time jumps to the next timer: seconds of speech pass in no time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
QUIET = 0.05
"""Seconds in which a thread may still say that it is done."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs what is ready; when nothing is, it is at once as late as the next timer says."""

    def __init__(self) -> None:
        super().__init__()
        self._virtual = 0.0

    def time(self) -> float:
        """The virtual time in seconds."""
        return self._virtual

    def _run_once(self) -> None:
        ready: Any = self._ready  # type: ignore[attr-defined]  # private to asyncio's base loop
        scheduled: Any = self._scheduled  # type: ignore[attr-defined]  # likewise
        waiting = [timer._when for timer in scheduled if not timer._cancelled]
        if not ready and waiting:
            self._virtual = max(self._virtual, min(waiting))
        super()._run_once()  # type: ignore[misc]  # likewise


class SkippingLoop(asyncio.SelectorEventLoop):
    """Goes by the real clock; once `skips`, it does not wait where nothing happens.

    What it did not wait for is `skipped`: a limit of seconds is found by it on any machine.
    """

    def __init__(self) -> None:
        super().__init__()
        self.skips = False
        self.skipped = 0.0

    def time(self) -> float:
        """The seconds that passed, and those that were skipped."""
        return super().time() + self.skipped

    def _run_once(self) -> None:
        idle: Any = self  # the base loop's own attributes
        waiting = [timer._when for timer in idle._scheduled if not timer._cancelled]
        if self.skips and not idle._ready and waiting:
            idle._process_events(idle._selector.select(QUIET))
            if not idle._ready:
                self.skipped += max(0.0, min(waiting) - self.time())
        super()._run_once()  # type: ignore[misc]  # private to asyncio's base loop


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)

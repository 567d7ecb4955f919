"""An event loop whose time jumps to the next timer: seconds of speech pass in no time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


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


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)

"""The way out: happenings in order, and none before what it tells is in the store."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import structlog

from duologue.core.happenings import AgentAudio, Ended, Happening, Noticed, UserStarted
from duologue.pipeline.utterance import RATE

log = structlog.get_logger(__name__)

NOT_STORED = Noticed("store_unusable", "What was said could not be stored; please say it again.")

Listener = Callable[[Happening], None]
_Entry = tuple[Happening, "asyncio.Future[bool] | None", Listener | None]


class Outlet:
    """Passes happenings to the listener; one that waits for its commit holds back all behind it."""

    def __init__(self) -> None:
        self._waiting: deque[_Entry] = deque()
        self._listeners: list[Listener] = []
        self.tap: Listener = lambda happening: None
        """Hears what all listeners hear, and is none of them."""

    @property
    def listening(self) -> bool:
        """Whether anybody is there."""
        return bool(self._listeners)

    @property
    def waiting(self) -> bool:
        """Whether something that happened was not told yet."""
        return bool(self._waiting)

    @property
    def first(self) -> Listener | None:
        """Who has been there longest."""
        return self._listeners[0] if self._listeners else None

    def lead(self, listener: Listener) -> None:
        """Puts a listener before all others."""
        self.detach(listener)
        self._listeners.insert(0, listener)

    def attach(self, listener: Listener) -> None:
        """Adds a listener; it hears what happens from now on."""
        self._listeners.append(listener)

    def detach(self, listener: Listener) -> None:
        """Takes a listener away; one that is not there is no error."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def take_back(self, turn: str) -> float:
        """Drops the sound of a turn that still waits, and tells how many seconds that were."""
        stays, taken = deque[_Entry](), 0
        for entry in self._waiting:
            if isinstance(entry[0], AgentAudio) and entry[0].turn == turn:
                taken += len(entry[0].pcm) // 2
            else:
                stays.append(entry)
        self._waiting = stays
        return taken / RATE

    def put(
        self,
        happening: Happening,
        commit: asyncio.Future[bool] | None = None,
        *,
        to: Listener | None = None,
    ) -> None:
        """Sends a happening, after its commit and after everything before it; to all, or to one."""
        if isinstance(happening, UserStarted):
            # The listener is told to be silent: no older sound may arrive after that.
            kept = [entry for entry in self._waiting if not isinstance(entry[0], AgentAudio)]
            self._waiting = deque(kept)
        if not self._waiting and commit is None:
            self._deliver(happening, to)
            return
        self._waiting.append((happening, commit, to))
        if commit is not None:
            commit.add_done_callback(self._drain)

    def _drain(self, _: asyncio.Future[bool]) -> None:
        while self._waiting:
            happening, commit, to = self._waiting[0]
            if commit is not None and not commit.done():
                return
            self._waiting.popleft()
            stored = commit is None or (not commit.cancelled() and commit.result())
            # The end is told even if it could not be stored: nobody is left to tell it later.
            self._deliver(happening if stored or isinstance(happening, Ended) else NOT_STORED, to)

    def _deliver(self, happening: Happening, to: Listener | None) -> None:
        for listener in (*self._listeners, self.tap):
            if to is not None and listener != to:
                continue
            try:
                listener(happening)
            except Exception:  # one client's trouble is not the others'
                log.exception("client not told", happening=type(happening).__name__)

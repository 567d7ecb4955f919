"""Keeps a saved session fresh while it is open: it says every few seconds that it is alive."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from duologue.client import saved
from duologue.client.road import Ticket
from duologue.client.saved import Store

PULSE: Final = 10.0
"""Seconds between two words of life."""


class Keeper:
    """Writes the present ticket into every store that still holds this conversation."""

    def __init__(self, ticket: Callable[[], Ticket | None], well: Callable[[], bool]) -> None:
        self._ticket = ticket
        self._well = well
        """Whether the line is open, and not only mending itself."""
        self._stores: list[Store | None] = []
        self._pulse: asyncio.TimerHandle | None = None

    def add(self, store: Store | None) -> None:
        """Keeps one more store fresh, in which the session was saved just now."""
        path = store is None or isinstance(store, str | Path)  # mappings are equal by chance
        if not any(each is store or (path and each == store) for each in self._stores):
            self._stores.append(store)
        if self._pulse is None:
            self._again()

    def stop(self) -> None:
        """The session is left: every store learns that its agent waits no more."""
        if (ticket := self._ticket()) is not None:
            self._write(ticket, left=True)
        self._stores.clear()
        if self._pulse is not None:
            self._pulse.cancel()
            self._pulse = None

    def _again(self) -> None:
        self._pulse = asyncio.get_running_loop().call_later(PULSE, self._beat)

    def _beat(self) -> None:
        ticket = self._ticket()
        if ticket is None:
            self.stop()
            return
        self._again()
        if self._well():
            self._write(ticket)

    def _write(self, ticket: Ticket, *, left: bool = False) -> None:
        for store in list(self._stores):
            with contextlib.suppress(Exception):  # a store that fails costs the way back, no call
                kept = saved.load_session(store)
                if kept is not None and kept.conversation_id == ticket.conversation_id:
                    saved.write_ticket(ticket, store, left=left)
                else:  # somebody forgot it, or keeps another one there
                    self._stores.remove(store)

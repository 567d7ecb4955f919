"""The right of a client to come back: while it is there, and five minutes after."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from duologue.client.road import Ticket
from duologue.client.saved import RESUME_WINDOW
from duologue.core import resume


class Resumption:
    """Knows the conversation that `connect` would go on with, and until when."""

    def __init__(self, changed: Callable[[], None], window: float = RESUME_WINDOW) -> None:
        self.ticket: Ticket | None = None
        """The newest one that shows the conversation to be ours; none once it is forgotten."""
        self._changed = changed
        self._window = window
        self._left_at: int | None = None
        """None while somebody is there, or nobody was yet."""
        self._attached = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def possible(self) -> bool:
        """Whether the conversation may be gone on with."""
        if self.ticket is None or not self.ticket.resume_token:
            return False
        if self._attached or self._left_at is None:
            return self._attached
        return resume.may_resume(self._left_at, _now(), int(self._window * 1000))

    @property
    def going_on(self) -> Ticket | None:
        """The ticket whose conversation a new one shall go on with."""
        return self.ticket if self.possible else None

    def keep(self, ticket: Ticket) -> None:
        """A ticket is good for the conversation from now on, and the one before it is not."""
        self.ticket = ticket

    def attach(self, ticket: Ticket | None) -> None:
        """The session is open, with this ticket."""
        self._stop()
        self._attached, self._left_at = True, None
        self.ticket = ticket

    def leave(self, at: int | None = None) -> None:
        """The session is not open any more, or was left at another time, by another process."""
        if at is None and not self._attached:
            return
        self._stop()
        self._attached, self._left_at = False, _now() if at is None else at
        rest = self._window - (_now() - self._left_at) / 1000
        self._timer = asyncio.get_running_loop().call_later(max(0.0, rest) + 0.01, self._changed)

    def forget(self) -> None:
        """The conversation is over for us: the next one is new."""
        self._stop()
        self.ticket, self._left_at, self._attached = None, None, False

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _now() -> int:
    return time.time_ns() // 1_000_000

"""What this process' runs tell: each by a watch of its own, into the store, and on from there."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from msgspec import UNSET

from duologue.pipeline.record import Record
from duologue.settings import Settings
from duologue.store import trace_deletion
from duologue.store.database import Database
from duologue.trace.entries import Entry, Outcome, Trace
from duologue.trace.ledger import Ledger
from duologue.trace.lines import Lines
from duologue.trace.onward import onward
from duologue.trace.prices import Prices
from duologue.trace.store_sink import StoreSink
from duologue.trace.watch import Watch

if TYPE_CHECKING:
    from duologue.pipeline.seat import Guest

BEAT_MS: Final = 15_000
"""How often every live run says that it lives."""
_REMEMBERED: Final = 2048
"""Runs that are over, and whose last entries may still be on their way: no more can wait."""
_STATUS: Final[dict[str, Outcome]] = {
    "agent_failed": "failed",
    "going_away": "cancelled",
    "moved": "cancelled",
    "insufficient_balance": "terminated",
}


class _Owner(NamedTuple):
    """Whose a trace is."""

    org_id: str
    conversation_id: str


class Tracing:
    """Holds the ledger, and the organizations that its traces belong to."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        clock: Callable[[], int],
        hear: Callable[[Entry], None] = lambda entry: None,
    ) -> None:
        self._hear = hear
        self._db = db
        self._clock = clock
        self._mode = settings.trace
        self._prices = Prices(settings.prices)
        self._owners: dict[str, _Owner | None] = {}
        self._over: deque[str] = deque()
        self._watches: dict[str, Watch] = {}
        self._beaten_at = 0
        self._lines = Lines()
        self.ledger = Ledger([StoreSink(db, self._org, clock, self._talk)])
        sinks = onward(settings)
        self.onward = Ledger(sinks) if sinks else None

    @property
    def keeps_words(self) -> bool:
        """Whether what is said may be shown to those who look after the agents."""
        return self._mode == "on"

    def open(self) -> None:
        """Begins to write, and to read along what is logged."""
        self.ledger.open()
        if self.onward is not None:
            self.onward.open()
        if self._mode != "off":
            self._lines.open()

    async def close(self) -> None:
        """Writes what waits, within bounds."""
        self._lines.close()
        await asyncio.gather(*(each.close() for each in (self.ledger, self.onward) if each))

    def watch(self, guest: Guest, run_id: str, record: Record, version: str) -> Watch | None:
        """The watch over a new run of that version of its agent; none where nothing is traced."""
        if self._mode == "off":
            return None
        trace = run_id.removeprefix("run_")
        watch = Watch(
            trace,
            self._put,
            prices=self._prices,
            content=self._mode == "on",
            secret=lambda: record.secret,
        )
        self._owners[trace] = _Owner(guest.org_id, guest.conversation_id)
        self._watches[run_id] = watch
        self._lines.follow(trace, watch.tell)
        watch.begin(
            source="duologue",
            agent=guest.definition.slug,
            agent_version=version,
            conversation_id=guest.conversation_id,
            visitor_id=UNSET if guest.visitor is None else guest.visitor.id,
            **guest.way,
        )
        return watch

    def _org(self, trace: str) -> str | None:
        owner = self._owners.get(trace)
        return None if owner is None else owner.org_id

    def _talk(self, trace: str) -> str | None:
        owner = self._owners.get(trace)
        return None if owner is None else owner.conversation_id

    def _put(self, entry: Entry) -> None:
        self._hear(entry)
        self.ledger.put(entry)
        if self.onward is not None and self._owners.get(entry.trace) is not None:
            self.onward.put(entry)

    def ended(self, run_id: str, reason: str, usage: list[dict[str, Any]]) -> None:
        """A run is over: says how, and what it used."""
        watch = self._watches.pop(run_id, None)
        if watch is not None:
            self._leave(watch.trace)
            watch.end(_STATUS.get(reason, "complete"), reason, usage)

    def dismiss(self, run_id: str) -> None:
        """A run came to nothing: it was none, and neither is its trace."""
        self.forget(run_id)
        watch = self._watches.pop(run_id, None)
        if watch is not None:
            self._leave(watch.trace)

    def _leave(self, trace: str) -> None:
        """Watches a run no more; whose it was is forgotten after many others, never before."""
        self._lines.leave(trace)
        self._over.append(trace)
        if len(self._over) > _REMEMBERED:
            del self._owners[self._over.popleft()]

    def forget(self, run_id: str) -> None:
        """The run is being deleted: what is still told of it, or on its way, is nobody's."""
        trace = run_id.removeprefix("run_")
        if trace in self._owners:
            self._owners[trace] = None

    async def beat(self) -> None:
        """Says of all live runs that they live, and marks those that said nothing for long."""
        now = self._clock()
        if now - self._beaten_at < BEAT_MS:
            return
        self._beaten_at = now
        for watch in self._watches.values():
            self.ledger.put(Trace(trace=watch.trace, last_seen_ns=now * 1_000_000))
        await self._db.write(trace_deletion.mark_lost, now - trace_deletion.LOST_MS)

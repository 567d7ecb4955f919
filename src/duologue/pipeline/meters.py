"""The seconds of attached clients: metered, priced, and watched for what ends them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import TYPE_CHECKING, Final

import structlog

from duologue.access import balance, budgets
from duologue.errors import DuologueError
from duologue.pipeline.alerts import Alerts
from duologue.pipeline.seat import Seat
from duologue.pipeline.tracing import Tracing
from duologue.settings import Settings
from duologue.store import (
    conversation_pruning,
    recovery,
    sessions,
    trace_deletion,
    trace_keeping,
    usage,
    visits,
)
from duologue.store.database import Database

if TYPE_CHECKING:
    from duologue.pipeline.run import Run

log = structlog.get_logger(__name__)

SWEEP: Final = 1.0
"""Seconds between two readings of every meter."""
TIDY_MS: Final = 60_000
"""How often sessions that nobody can reopen are ended, and what is too old is forgotten."""
DAY_MS: Final = 24 * 3_600_000
MEGABYTE: Final = 1_000_000
WARN_MS: Final = 15_000
"""How long before its balance or its time ends a session is warned."""


async def alone() -> bool:
    """There is one process, so it leads."""
    return True


async def _nobody(ended: Collection[tuple[str, str]]) -> None:
    """Nobody wants to know which sessions were ended."""


async def _again_and_again(work: Callable[[], Awaitable[None]]) -> None:
    """Does it every second; what fails is logged, and tried again a second later."""
    while True:
        await asyncio.sleep(SWEEP)
        try:
            await work()
        except Exception:
            log.exception("meters not read")


class Meters:
    """Reads every seat's meter once a second, in one transaction for all of them."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        seats: Callable[[], Iterable[Seat]],
        clock: Callable[[], int],
        tracing: Tracing | None = None,
        alerts: Alerts | None = None,
        leads: Callable[[], Awaitable[bool]] = alone,
        runs: Callable[[], Iterable[Run]] = tuple,
        tell: Callable[[Collection[tuple[str, str]]], Awaitable[None]] = _nobody,
    ) -> None:
        self._db = db
        self._settings = settings
        self._seats = seats
        self._clock = clock
        self._tracing = tracing
        self._alerts = alerts
        self._leads = leads
        self._runs = runs
        self._tell = tell
        self._tidied_at = 0

    async def run(self) -> None:
        """Reads, and tidies beside it, for ever."""
        await asyncio.gather(_again_and_again(self._look), _again_and_again(self._tidy_in_time))

    async def read(self, seats: list[Seat]) -> dict[str, int | None]:
        """Adds what these seats used since the last reading; returns what each payer has left."""
        marks = [(seat, seat.metered_to) for seat in seats]
        try:
            return await self._db.write(usage.meter, [seat.tick() for seat in seats], self._clock())
        except Exception:
            for seat, mark in marks:  # what was not written is metered again
                seat.metered_to = mark
            raise

    async def _look(self) -> None:
        await self._sweep()
        await self._end_lost()
        if self._tracing is not None:
            await self._tracing.beat()
        if self._alerts is not None:
            self._alerts.tick()

    async def _sweep(self) -> None:
        seats = list(self._seats())
        if not seats:
            return
        balances = await self.read(seats)
        ids = [seat.guest.session_id for seat in seats]
        problems = await self._db.read(sessions.live_problems, ids)
        costs = Counter[str]()
        for seat in seats:
            costs[seat.guest.org_id] += balance.cost(WARN_MS, seat.guest.price)
        days = await self._left_today(seats)
        talking = Counter(seat.guest.agent_id for seat in seats)
        for seat in seats:
            guest = seat.guest
            problem = problems.get(guest.session_id)
            if problem == "rotated" and guest.definition.tabs == "share":
                continue  # a newer session shares the conversation
            if problem is not None:
                seat.close("replaced" if problem == "rotated" else problem)
                continue
            left, day = guest.limit_ms - seat.attached_ms, days.get(guest.agent_id)
            if left <= 0:
                minutes = guest.limit_ms / 60_000
                seat.run.end(DuologueError("timed_out", minutes=f"{minutes:g}"), reason="timed_out")
            elif day is not None and day <= 0:
                error = budgets.used_up(guest.budget, self._clock())
                seat.run.end(error, reason=error.code)
            else:
                _check_balance(seat, balances.get(guest.org_id), costs[guest.org_id])
                if day is not None:
                    left = min(left, day // talking[guest.agent_id])
                if left <= WARN_MS:
                    _warn(seat, "ends_soon", "The conversation", left)

    async def _end_lost(self) -> None:
        """Ends runs that others ended in the store: they go on elsewhere, with another agent."""
        if not (runs := {run.id: run for run in self._runs()}):
            return
        for lost in await self._db.read(recovery.taken_for_lost, list(runs)):
            log.warning("this process was taken for killed", run=lost)
            runs[lost].end(DuologueError("going_away"), reason="moved")

    async def _left_today(self, seats: Iterable[Seat]) -> dict[str, int]:
        """Milliseconds that agents may still talk today, of those that have so many a day."""
        now = self._clock()
        found: dict[str, int] = {}
        for guest in {seat.guest.agent_id: seat.guest for seat in seats}.values():
            if (most := guest.budget.minutes) is not None:
                who = guest.org_id, guest.agent_id
                found[guest.agent_id] = await self._db.read(budgets.left, *who, most, now)
        return found

    async def _tidy_in_time(self) -> None:
        """Tidies, if it is this process that does; a minute later it may be another."""
        if self._clock() - self._tidied_at < TIDY_MS:
            return
        if await self._leads():
            await self._tidy()
        else:
            self._tidied_at = self._clock()

    async def _tidy(self) -> None:
        """Ends sessions that nobody can reopen, and forgets visitors and traces of long ago."""
        self._tidied_at = now = self._clock()
        grace = int(self._settings.grace_seconds * 1000)
        swept, ended = await self._db.write(recovery.sweep, detached_before=now - grace, now=now)
        await self._tell(ended)
        gone = await self._db.write(visits.prune, now - self._settings.visitor_days * DAY_MS)
        # Where there is more, on with it a second later, or it would pile up.
        more = swept >= recovery.AT_ONCE or gone >= visits.AT_ONCE
        if await self._prune(now) or more:
            self._tidied_at = 0

    async def _prune(self, now: int) -> int:
        """Deletes some of what is too old, and traces of agents whose traces are too large."""
        rules = (await self._db.read(trace_keeping.own, self._settings.agents)).items()
        words = {
            who: _before(now, own.conversation_days)
            for who, own in rules
            if own.conversation_days is not None
        }
        last = _before(now, self._settings.conversation_days)
        gone = 0
        if words or last is not None:
            gone += await self._db.write(conversation_pruning.prune, last, apart=words)
        ages = {who: now - own.trace_days * DAY_MS for who, own in rules if own.trace_days}
        sizes = {
            who: own.trace_megabytes * MEGABYTE
            for who, own in rules
            if own.trace_megabytes is not None
        }
        before = now - self._settings.trace_days * DAY_MS
        gone += await self._db.write(trace_deletion.prune_older, before, apart=ages)
        most = self._settings.trace_megabytes * MEGABYTE
        if most or sizes:
            gone += await self._db.write(trace_deletion.prune_larger, most, apart=sizes)
        return gone


def _before(now: int, days: int) -> int | None:
    """Since when somebody must have used what is kept so many days; none where it is for ever."""
    return now - days * DAY_MS if days else None


def _check_balance(seat: Seat, left: int | None, cost: int) -> None:
    """Warns and closes by what all sessions of the payer together use up."""
    if left is None or seat.guest.price <= 0:
        return
    if left <= 0:
        seat.close("insufficient_balance")
    elif left <= cost:
        _warn(seat, "balance_low", "The balance", left * WARN_MS // cost)


def _warn(seat: Seat, code: str, what: str, left_ms: int) -> None:
    """Says once what ends soon."""
    if code not in seat.warned:
        seat.warned.add(code)
        seat.run.notice(code, f"{what} ends in about {max(1, round(left_ms / 1000))} seconds.")

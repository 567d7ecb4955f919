"""Who talks in this process: live runs, the clients attached to them, and their seconds."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Concatenate, ParamSpec

import structlog
from sqlalchemy import Connection

from duologue.agents.definition import LoadedAgent
from duologue.agents.models import Shared
from duologue.agents.registry import Catalog
from duologue.bus.bell import Bell
from duologue.bus.counts import Counts
from duologue.bus.here import HereBell
from duologue.core.resume import Departure, Grade
from duologue.errors import DuologueError
from duologue.pipeline import places
from duologue.pipeline.alerts import Alerts
from duologue.pipeline.backends import Backends
from duologue.pipeline.drain import Carried, drained, let_go
from duologue.pipeline.elsewhere import Elsewhere, Others
from duologue.pipeline.epilogue import Epilogue
from duologue.pipeline.leftovers import Leftovers
from duologue.pipeline.meters import Meters, alone
from duologue.pipeline.metrics import Metrics
from duologue.pipeline.orders import Orders
from duologue.pipeline.outlet import Listener
from duologue.pipeline.rebuild import Occupied, rebuild
from duologue.pipeline.recording import Studio
from duologue.pipeline.run import LEFT, MOVES, Run
from duologue.pipeline.seat import Guest, Seat, met
from duologue.pipeline.seats import Seats
from duologue.pipeline.tracing import Tracing
from duologue.settings import Settings
from duologue.store import conversations, runs, sessions
from duologue.store.database import Database
from duologue.store.ids import fresh
from duologue.store.records import Run as Row
from duologue.store.shelf import Shelf
from duologue.wire.live import End

log = structlog.get_logger(__name__)
P = ParamSpec("P")

GOODBYE = 5.0
"""Seconds in which clients close when the server goes away."""
BACK = 1
"""Seconds after which another server, or the next, is asked by those whom this one refuses."""
NOTICE = 1.0
"""Seconds in which a lost socket of the same session may still be noticed."""
TRIES = 20
"""How often a run is looked for that others may just be beginning, ending or giving up."""
AGAIN = 1.0
"""Seconds after which is written again what could not be."""


class _Door:
    """Lets the clients of one conversation in one after the other."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0


class Host:
    """Holds the live runs of this process, at most `max_sessions` of them."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        catalog: Catalog,
        *,
        clock: Callable[[], int],
        environment: Mapping[str, str] = os.environ,
        bell: Bell | None = None,
        counts: Counts | None = None,
    ) -> None:
        self.db = db
        self.settings = settings
        self.catalog = catalog
        self.clock = clock
        self.process = fresh("proc_", clock())
        self.draining = False
        self.carried: set[Carried] = set()
        """Clients that this process only carries to where their conversation is live."""
        self._environment = environment
        self._shared = Shared()
        self._backends = Backends(settings, environment)
        self.bell: Bell = bell or HereBell()
        self.others = Others(db, self.bell, self.process, clock)
        self.peer: str | None = None
        """Where other processes reach this one, as `host:port`; set by the server."""
        self.leads: Callable[[], Awaitable[bool]] = alone
        """Set by the server: whether this process does what one of all has to do."""
        self.counts = counts
        """What is counted with other processes; none where there is none."""
        self._runs: dict[str, Run] = {}
        self._doors: dict[str, _Door] = {}
        self._seats = Seats()
        self._grace: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._departures: dict[str, asyncio.Task[None]] = {}
        self._burials: dict[str, asyncio.Task[Any]] = {}
        self.metrics = Metrics()
        self.alerts = Alerts(db, settings, clock)
        self.tracing = Tracing(db, settings, clock, self.metrics.hear)
        self.shelf = Shelf(settings.recordings, settings.recordings_bucket)
        self._studio = Studio(db, settings, self.shelf, clock)
        self._meters = Meters(
            *(db, settings, self._seats.values, clock, self.tracing, self.alerts),
            leads=lambda: self.leads(),
            runs=lambda: [run for run in self._runs.values() if run.ended is None],
            tell=Epilogue(db, catalog, self._backends, clock).tell,
        )
        self._leftovers = Leftovers(lambda: self.live)
        self._sweeper: asyncio.Task[None] | None = None

    # ------------------------------------------------------------ life

    async def open(self) -> None:
        """Starts reading the meters and writing the ledger."""
        self._backends.open(self.catalog)
        self.tracing.open()
        self._studio.open()
        self._sweeper = asyncio.create_task(self._meters.run())

    async def drain(self) -> None:
        """Lets nobody in any more, and ends each run after its present turn, within bounds."""
        self.draining = True
        seconds = self.settings.drain_seconds
        await asyncio.gather(
            drained(
                self._runs.values, lambda run: bool(self.attached(run.conversation_id)), seconds
            ),
            let_go(self.carried, seconds),
        )

    async def close(self) -> None:
        """Tells every client that the server goes away, and closes every run within bounds."""
        self.draining = True
        self.bell.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.wait([self._sweeper])
        await self.alerts.close()
        for timer in self._grace.values():
            timer.cancel()
        self._grace.clear()
        seats = list(self._seats.values())
        for run in list(self._runs.values()):
            run.end(DuologueError("going_away"), reason="going_away")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE):
                for seat in seats:
                    await seat.gone.wait()
        await self._settle()
        await self._backends.aclose()
        await self._studio.close()
        await self.tracing.close()
        self._leftovers.close()
        await self._shared.aclose()

    # ------------------------------------------------------------ questions

    @property
    def live(self) -> int:
        """Runs in this process, attached or waiting."""
        return len(self._runs)

    @property
    def seats(self) -> tuple[Seat, ...]:
        """Every client that is attached here."""
        return tuple(self._seats.values())

    def run_of(self, conversation_id: str) -> Run | None:
        """The live run of a conversation, if it is in this process."""
        return self._runs.get(conversation_id)

    def seat_of(self, session_id: str) -> Seat | None:
        """The attached client of a session, if it is in this process."""
        return self._seats.get(session_id)

    def attached(self, conversation_id: str) -> list[Seat]:
        """The clients that are attached to a conversation here."""
        return self._seats.of(conversation_id)

    def require_room(self, conversation_id: str | None = None, *, elsewhere: bool = False) -> None:
        """Refuses what would be one run too many; a conversation that is live has its place."""
        if self.draining:
            raise DuologueError("going_away", seconds=BACK)
        if elsewhere or conversation_id in self._runs:
            return
        if len(self._runs.keys() | self._doors.keys()) >= self.settings.max_sessions:
            raise DuologueError("overloaded", limit=self.settings.max_sessions)

    # ------------------------------------------------------------ coming and going

    async def seat(self, guest: Guest, listener: Listener, *, fetch: bool = True) -> Seat:
        """Attaches a client to its conversation: to the live run, or to one rebuilt from memory.

        One that is live in another process is fetched from there; or `Elsewhere` tells of it.
        """
        await self._require_room(guest, fetch=fetch)
        door = self._doors.setdefault(guest.conversation_id, _Door())
        door.waiting += 1
        try:
            async with door.lock:
                seat = await self._seat(await met(self.db, guest), listener, fetch=fetch)
        finally:
            door.waiting -= 1
            if not door.waiting:
                del self._doors[guest.conversation_id]
            self._look_after(self._runs.get(guest.conversation_id))
        log.info(
            "session live",
            session=guest.session_id,
            conversation=guest.conversation_id,
            agent=guest.definition.slug,
            resumed=seat.resumed,
        )
        return seat

    async def unseat(self, seat: Seat, how: Departure, unheard: float = 0.0) -> None:
        """Detaches a client: one that dropped is waited for, one that left ends the run."""
        if self._seats.pop(seat.guest.session_id, None) is None:
            return
        run = seat.run
        run.detach(seat.listener, unheard)
        self._spawn(self._meters.read([seat]))
        try:
            # What is written later than that, after an outage, holds up nobody else.
            await asyncio.wait([self._write_departure(seat, how)], timeout=GOODBYE)
        finally:
            run.tap.moved(len(self.attached(run.conversation_id)))
            seat.gone.set()
            self._look_after(run, how)

    async def replace(self, conversation_id: str, elsewhere: Row | None = None) -> None:
        """Tells the clients of a conversation that it was opened in another place."""
        for seat in self.attached(conversation_id):
            seat.close("replaced")
        if elsewhere is not None:
            await self.others.replace(elsewhere)

    async def finish(
        self, org_id: str, conversation_id: str, reason: str, *, forgotten: bool = False
    ) -> None:
        """Ends a conversation for good, live or not; one that is forgotten leaves nothing more."""
        await self.db.write(conversations.end, org_id, conversation_id, reason, self.clock())
        run = self._runs.get(conversation_id)
        if run is None:
            order = End(reason, forgotten)
            if forgotten:  # it would go on to write what is to be forgotten
                await self.others.surely(org_id, conversation_id, order)
                return
            try:
                await self.others.tell(org_id, conversation_id, order)
            except DuologueError as error:
                log.info("end not told", conversation=conversation_id, reason=error.code)
            return
        if forgotten:
            self.tracing.forget(run.id)
        ended = DuologueError("ended", reason=reason)
        run.end(ended, reason=reason, final=True, forgotten=forgotten)
        if forgotten:
            await run.closed()

    async def release(self, run: Run) -> None:
        """Ends a run that goes on in another process, and returns when all of it is written."""
        seats = self.attached(run.conversation_id)
        run.end(DuologueError("going_away"), reason="moved")
        waits = [self._burials[run.id]] if run.id in self._burials else []
        waits += [asyncio.ensure_future(seat.gone.wait()) for seat in seats]
        if waits:
            _, late = await asyncio.wait(waits, timeout=GOODBYE)
            for each in late - set(self._burials.values()):
                each.cancel()

    # ------------------------------------------------------------ runs

    async def _require_room(self, guest: Guest, *, fetch: bool) -> None:
        """Refuses one run too many, unless the client is to go to where its run is."""
        try:
            self.require_room(guest.conversation_id)
        except DuologueError:
            if fetch or self.draining:
                raise
            found = await self.others.holder(guest.conversation_id)
            if found is None:
                raise
            raise Elsewhere(found) from None

    async def _seat(self, guest: Guest, listener: Listener, *, fetch: bool) -> Seat:
        """Opens the session's row and attaches its client; one at a time for a conversation."""
        before = self._seats.get(guest.session_id)
        if before is not None:  # a fast client is back before its lost socket was noticed
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(NOTICE):
                    await before.gone.wait()
        if (leaving := self._departures.get(guest.session_id)) is not None:
            await asyncio.wait([leaving])  # or it would be written of the one that is back
        await places.require(self.db, guest, self.clock())
        run, resumed = await self._run_for(guest, fetch=fetch)
        now = self.clock()
        this = guest.org_id, guest.session_id
        if not await places.take(self.db, guest, run, now, new=resumed != "live"):
            raise DuologueError("session_open")
        if run.ended is not None and not run.final:  # it ended while the row was written
            gone = self._insist(sessions.detach, *this, now, run_id=run.id)
            await asyncio.wait([self._spawn(gone)])
            run, resumed = await self._run_for(guest, fetch=fetch)
            if not await places.take(self.db, guest, run, now, new=resumed != "live"):
                raise DuologueError("session_open")
        if run.ended is not None:
            void, run_id = run.final, run.id
            over = self._insist(sessions.end, *this, run.ended, now, void=void, run_id=run_id)
            await asyncio.wait([self._spawn(over)])
            raise DuologueError("ended", reason=run.ended)
        self._stop_waiting(run)
        seat = Seat(guest, run, listener, resumed)
        self._seats[guest.session_id] = seat
        run.attach(listener, guest)
        run.tap.moved(len(self.attached(run.conversation_id)))
        self.metrics.attached(guest.definition.slug, guest.transport)
        return seat

    async def _run_for(self, guest: Guest, *, fetch: bool) -> tuple[Run, Grade | None]:
        """The live run of a conversation, unless the session wants other turns; else a new one."""
        existing = self._runs.get(guest.conversation_id)
        if existing is not None and existing.ended is None:
            if existing.definition.turns == guest.definition.turns:
                return existing, "live"
            existing.end(LEFT, reason="left")
        if existing is not None and existing.id in self._burials:
            await asyncio.wait([self._burials[existing.id]], timeout=2 * GOODBYE)
        loaded = self.catalog.get(guest.definition.slug)
        if loaded is None:
            raise DuologueError("agent_not_loaded", agent=guest.definition.slug)
        run, resumed = await self._rebuilt(guest, loaded, fetch=fetch)
        self._runs[guest.conversation_id] = run
        run.on_end = lambda: self._run_ended(run, guest.org_id)
        run.unattended = self.bell.attend(
            guest.org_id, run.conversation_id, Orders(self, run, guest)
        )
        if self.draining:
            run.end(DuologueError("going_away"), reason="going_away")
            raise DuologueError("going_away")
        return run, resumed

    async def _rebuilt(
        self, guest: Guest, loaded: LoadedAgent, *, fetch: bool
    ) -> tuple[Run, Grade | None]:
        """A new run, as soon as the conversation has no other in any process."""
        for _ in range(TRIES):
            try:
                return await rebuild(
                    guest,
                    loaded,
                    db=self.db,
                    environment=self._environment,
                    shared=self._shared,
                    backends=self._backends,
                    tracing=self.tracing,
                    studio=self._studio,
                    bell=self.bell,
                    process=self.process,
                    peer=self.peer,
                    clock=self.clock,
                )
            except Occupied as found:
                await self.others.make_way(found.run, fetch=fetch)
        raise DuologueError("conversation_moving", conversation=guest.conversation_id, seconds=BACK)

    def _run_ended(self, run: Run, org_id: str) -> asyncio.Future[bool] | None:
        """Buries a run; a final end is in the store before anybody is told of it."""
        self._stop_waiting(run)
        self._burials[run.id] = self._spawn(self._bury(run, org_id))
        if not run.final:
            return None
        conversation, reason = run.conversation_id, run.ended or "ended"
        return run.record.write(conversations.end, org_id, conversation, reason, self.clock())

    async def _bury(self, run: Run, org_id: str) -> None:
        reason = run.ended or "ended"
        usage_of_run = run.usage
        try:
            try:
                await run.closed()
            except Exception:  # that it ended is true all the same
                log.exception("run not closed", run=run.id)
            self.tracing.ended(run.id, reason, usage_of_run)
            await self._write_end(run, org_id, {"models": usage_of_run})
        finally:
            # Only now: until its end is written, no other may begin.
            if self._runs.get(run.conversation_id) is run:
                del self._runs[run.conversation_id]
            self._burials.pop(run.id, None)
            self._leftovers.appeared()
        log.info("run ended", run=run.id, conversation=run.conversation_id, reason=reason)

    async def _write_end(self, run: Run, org_id: str, usage: dict[str, Any]) -> None:
        """Writes that a run ended; as long as that fails, no process may rebuild it."""
        reason, now = run.ended or "ended", self.clock()
        while not self.draining:
            if await run.record.caught_up():
                break
            await asyncio.sleep(AGAIN)
        await self._insist(runs.end, org_id, run.id, reason, usage, now)

    async def _insist(
        self, work: Callable[Concatenate[Connection, P], Any], *args: P.args, **more: P.kwargs
    ) -> None:
        """Writes something until it is written; a server that goes away tries it once."""
        while True:
            try:
                await self.db.write(work, *args, **more)
            except Exception:
                if self.draining:  # whoever sees that this process is gone writes it
                    raise
                log.exception("not written, and tried again", work=work.__qualname__, of=args[1])
                await asyncio.sleep(AGAIN)
            else:
                return

    def _look_after(self, run: Run | None, how: Departure = "dropped") -> None:
        """Ends a run that its last client left, or waits for one that dropped; nobody else's."""
        if run is None or run.ended is not None:
            return
        if self.attached(run.conversation_id) or run.conversation_id in self._doors:
            return
        if how == "left":
            run.left()
        elif run.id not in self._grace:
            loop = asyncio.get_running_loop()
            self._grace[run.id] = loop.call_later(self.settings.grace_seconds, run.left)

    def _stop_waiting(self, run: Run) -> None:
        timer = self._grace.pop(run.id, None)
        if timer is not None:
            timer.cancel()

    def _write_departure(self, seat: Seat, how: Departure) -> asyncio.Task[None]:
        """Writes that a client is gone; whoever came back into another run stays."""
        guest, now, run = seat.guest, self.clock(), seat.run
        this = guest.org_id, guest.session_id
        may_return = run.ended in (None, *MOVES) and seat.closed_with is None
        gone = seat.closed_with or run.ended or how
        self.metrics.detached(guest.definition.slug, gone)
        if how == "dropped" and may_return:
            work = self._insist(sessions.detach, *this, now, run_id=run.id)
        else:
            run.parted(guest.session_id)
            void, run_id = run.final, run.id
            work = self._insist(sessions.end, *this, gone, now, void=void, run_id=run_id)
        task = self._departures[guest.session_id] = self._spawn(work)
        task.add_done_callback(lambda _: self._departures.pop(guest.session_id, None))
        return task

    # ------------------------------------------------------------ tasks

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._reap)
        return task

    def _reap(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("work behind a session failed", exc_info=error)

    async def _settle(self) -> None:
        while self._tasks:
            await asyncio.wait(set(self._tasks))

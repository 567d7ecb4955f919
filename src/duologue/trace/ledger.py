"""The ledger: takes entries at once and from anywhere, and writes them when it suits.

Nothing of a call waits for it. What a sink does not take is tried again for half a minute; what
does not fit is dropped by its worth, and counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from duologue.trace.content import without_content
from duologue.trace.entries import Entry, Trace
from duologue.trace.limits import Budget, Limits, bounded, weight
from duologue.trace.queue import Queue
from duologue.trace.sampling import Sampler
from duologue.trace.sinks import Refused, Sink

log = logging.getLogger("duologue.trace")

AT_ONCE: Final = 200
"""Entries in one batch."""
SOON: Final = 0.5
"""Seconds that an entry waits for others to be written with."""
PATIENCE: Final = 30.0
"""Seconds in which one batch is tried again."""
FIRST_PAUSE: Final = 0.25
"""Seconds before the second try; each later pause is twice as long, up to `LONGEST_PAUSE`."""
LONGEST_PAUSE: Final = 8.0
HANGS: Final = 10.0
"""Seconds after which a write has failed that has not returned."""
FAILURES: Final = 5
"""Tries without success after which a sink is left alone for `PATIENCE` seconds between batches."""


class Report(msgspec.Struct, frozen=True):
    """What became of the entries, over all sinks."""

    sent: int = 0
    dropped: int = 0
    pending: int = 0
    spooled: int = 0
    stripped: int = 0
    """Entries that were sent without their content, for want of room."""


class Ledger:
    """Holds a bounded queue and one writer for each sink."""

    def __init__(
        self,
        sinks: Sequence[Sink],
        *,
        limits: Limits | None = None,
        redact: Callable[[Entry], Entry] | None = None,
        sample: float = 1.0,
    ) -> None:
        self._limits = limits or Limits()
        self._redact = redact
        self._budget = Budget(self._limits)
        self._sampler = Sampler(sample) if sample < 1.0 else None
        self._lock = threading.Lock()
        self._writers = [_Writer(sink, self._limits) for sink in sinks]
        self._closing: asyncio.Task[None] | None = None
        self._warned = False

    @property
    def report(self) -> Report:
        """What became of the entries so far."""
        each = [msgspec.structs.astuple(report) for _, report in self.reports]
        return Report(*map(sum, zip(*each, strict=True)))

    @property
    def reports(self) -> list[tuple[str, Report]]:
        """The same of each sink, with its name."""
        return [(writer.sink.name, writer.report) for writer in self._writers]

    def put(self, entry: Entry) -> None:
        """Takes an entry, from any thread; it never waits and never raises."""
        try:
            self._put(entry)
        except Exception:
            if not self._warned:
                self._warned = True
                log.exception("something could not be traced; this is said once")

    def open(self) -> None:
        """Begins to write, in the running loop; entries that came before are written first."""
        for writer in self._writers:
            writer.open()

    async def close(self, timeout: float = 5.0) -> Report:  # noqa: ASYNC109  # that is its promise
        """Writes what waits, for at most that many seconds, and says what became of it all."""
        if self._closing is None:
            self.open()
            self._closing = asyncio.create_task(self._close(timeout))
        await asyncio.shield(self._closing)
        return self.report

    def _put(self, entry: Entry) -> None:
        if self._redact is not None:
            # Before anything is cut: half a card is no card, and a JSON without its end is none.
            entry = self._redact(entry)
        weighs = weight(entry)
        if weighs * 4 > self._limits.attribute:
            entry = bounded(entry, self._limits)
            weighs = weight(entry)
        with self._lock:
            if self._sampler is not None:
                for each in self._sampler.admit(entry):
                    self._spend(each, weight(each))
            else:
                self._spend(entry, weighs)

    def _spend(self, entry: Entry, weighs: int) -> None:
        admitted = self._budget.admit(entry, weighs)
        for writer in self._writers:
            if admitted is None:
                writer.queue.lose([entry])
            else:
                writer.put(admitted, weighs)

    async def _close(self, timeout: float) -> None:  # noqa: ASYNC109  # as above
        until = asyncio.get_running_loop().time() + timeout
        await asyncio.gather(*(writer.close(until) for writer in self._writers))


class _Writer:
    """Writes one sink's entries in batches; a sink in trouble harms no other."""

    def __init__(self, sink: Sink, limits: Limits) -> None:
        self.sink = sink
        self.queue = Queue(limits)
        self.trying: list[Entry] = []
        self.sent = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._task: asyncio.Task[None] | None = None
        self._something = asyncio.Event()
        self._hurry = asyncio.Event()
        self._closing = asyncio.Event()
        self._failures = 0
        self._complaint = ""
        self._refusal = ""

    @property
    def report(self) -> Report:
        """What became of this sink's entries."""
        return Report(
            # What a sink keeps on disk it has taken, and yet it is not there.
            sent=getattr(self.sink, "arrived", self.sent),
            dropped=self.queue.dropped + getattr(self.sink, "lost", 0),
            pending=len(self.queue) + len(self.trying),
            spooled=getattr(self.sink, "spooled", 0),
            stripped=self.queue.stripped,
        )

    def open(self) -> None:
        """Begins to write."""
        if self._task is None:
            self._loop = asyncio.get_running_loop()
            self._thread = threading.get_ident()
            self._task = self._loop.create_task(self._run(), name=f"ledger to {self.sink.name}")
            if len(self.queue):
                self._something.set()

    def put(self, entry: Entry, weighs: int) -> None:
        """Adds an entry and wakes the writer."""
        self.queue.put(entry if self.sink.content else without_content(entry), weighs)
        if self._loop is None:
            return
        # Who ends a run may end the process next.
        ends = isinstance(entry, Trace) and bool(entry.ended_ns)
        if threading.get_ident() == self._thread:
            self._wake(ends)
        else:
            self._loop.call_soon_threadsafe(self._wake, ends)

    async def close(self, until: float) -> None:
        """Writes what it can until then, and lets the sink go."""
        loop = asyncio.get_running_loop()
        self._closing.set()
        self._something.set()
        self._hurry.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=(until - loop.time()) * 0.8)
            self._task.cancel()
            await asyncio.wait([self._task], timeout=max(0.0, until - loop.time()))
        self._loop = None
        try:
            async with asyncio.timeout_at(until):
                await self.sink.close()
        except Exception as error:
            log.warning("%s did not close: %s", self.sink.name, type(error).__name__)

    def _wake(self, hurry: bool) -> None:
        self._something.set()
        if hurry or len(self.queue) >= AT_ONCE:
            self._hurry.set()

    async def _run(self) -> None:
        if (begin := getattr(self.sink, "open", None)) is not None:
            await self._begin(begin)
        while True:
            await self._something.wait()
            # Another machine is asked less often: each batch is a request.
            await _either(self._hurry, getattr(self.sink, "every", SOON))
            self._hurry.clear()
            self._something.clear()
            while batch := self.queue.take(AT_ONCE, last=self._closing.is_set()):
                self.trying = batch
                await self._deliver(batch)
                self.trying = []
            if self._closing.is_set():  # here, for it may have been before anything was begun
                return

    async def _begin(self, begin: Callable[[], Awaitable[None]]) -> None:
        """Lets a sink go on with what an earlier process left to it."""
        try:
            await begin()
        except Exception as error:  # its first batch opens it, then
            self._complain(f"does not open: {str(error) or type(error).__name__}")

    async def _deliver(self, batch: list[Entry]) -> None:
        """Gives a batch to the sink, as often as is worth it; what it will not take is dropped."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        pause = FIRST_PAUSE
        while True:
            try:
                async with asyncio.timeout(HANGS):
                    await self.sink.write(batch)
            except Refused as error:
                lost = len(batch) if error.lost is None else error.lost
                if str(error) != self._refusal:  # else it is said again with every batch
                    self._refusal = str(error)
                    log.warning("%s refuses entries: %s", self.sink.name, error)
                self._failures = 0
                self.sent += len(batch) - lost
                self.queue.lose(batch[:lost])
                return
            except Exception as error:
                self._failures += 1
                self._complain(f"does not take entries: {str(error) or type(error).__name__}")
            else:
                if self._complaint:
                    log.info("%s takes entries again", self.sink.name)
                self._complaint = ""
                self._failures = 0
                self.sent += len(batch)
                return
            if loop.time() + pause > until:
                break
            await self._rest(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        self.queue.lose(batch)
        if self._failures >= FAILURES:  # meanwhile the queue keeps what is worth most
            await self._rest(PATIENCE)

    def _complain(self, complaint: str) -> None:
        """Logs what is wrong with the sink, once until it changes."""
        if complaint != self._complaint:
            self._complaint = complaint
            log.warning("%s %s", self.sink.name, complaint)

    async def _rest(self, seconds: float) -> None:
        """Waits; one that is closing makes haste."""
        if self._closing.is_set():
            await asyncio.sleep(min(seconds, FIRST_PAUSE))
        else:
            await _either(self._closing, seconds)


async def _either(event: asyncio.Event, seconds: float) -> None:
    """Waits for an event, at most that many seconds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()

"""What other programs tell of their runs, into the store; every request in one unit of work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec
from msgspec import UNSET
from sqlalchemy import Connection

from duologue.settings import Settings
from duologue.store import recordings, trace_lists, traces
from duologue.store.trace_records import Trace as Kept
from duologue.trace.content import without_content
from duologue.trace.entries import Entry, Log, Span, Trace, Turn
from duologue.trace.ingest.otlp import SERVICE, TURNS_TOLD
from duologue.trace.ingest.turns import concerns_turns, turns
from duologue.trace.limits import Limits, bounded
from duologue.trace.prices import Prices
from duologue.trace.store_sink import row_of

LIMITS: Final = Limits()


class Sound(msgspec.Struct, frozen=True):
    """A recording whose file is there already."""

    trace: str
    path: str
    started_ns: int
    duration_ms: int
    size: int


class Keeper:
    """Writes entries as the settings allow it, and puts the turns of their runs together anew."""

    def __init__(self, settings: Settings, clock: Callable[[], int]) -> None:
        self.prices = Prices(settings.prices)
        self._content = settings.trace == "on"
        self._clock = clock

    def keep(self, conn: Connection, org_id: str, entries: Iterable[Entry]) -> None:
        """Keeps it all; traces are touched in one order, so that two writers never deadlock."""
        told: dict[str, list[Entry]] = {}
        for entry in entries:
            told.setdefault(entry.trace, []).append(entry)
        for trace in sorted(told):
            self._keep(conn, org_id, trace, told[trace])

    def keep_report(
        self, conn: Connection, org_id: str, entries: Sequence[Entry], sound: Sound | None
    ) -> bool:
        """Keeps what a job says at its end; false when its recording was there before."""
        self.keep(conn, org_id, entries)
        if sound is None:
            return False
        run = traces.RUN + sound.trace
        for known in recordings.of(conn, org_id, run):
            if (known.started_ns, known.bytes) == (sound.started_ns, sound.size):
                return False
        made = recordings.start(
            conn,
            org_id,
            run,
            path=sound.path,
            format="ogg",
            started_ns=sound.started_ns,
            now=self._clock(),
        )
        length, size = sound.duration_ms, sound.size
        return recordings.finish(conn, org_id, made.id, duration_ms=length, size=size)

    def _keep(self, conn: Connection, org_id: str, trace: str, told: Sequence[Entry]) -> None:
        run, now = traces.RUN + trace, self._clock()
        kept = trace_lists.get(conn, org_id, run)
        known = [entry for each in told if (entry := self._kept(each, kept)) is not None]
        traces.put(conn, org_id, [row_of(entry) for entry in known], now)
        if not any(map(concerns_turns, known)):
            return
        kept = trace_lists.get(conn, org_id, run)
        if kept is None or kept.attributes.get(TURNS_TOLD):
            return
        steps = [_span(trace, each) for each in trace_lists.spans_of(conn, org_id, run)]
        lines = [
            msgspec.convert(msgspec.structs.asdict(each) | {"trace": trace}, Log)
            for each in trace_lists.logs_of(conn, org_id, run)
        ]
        made: list[Turn] = turns(trace, steps, lines, self.prices)
        traces.keep_turns(conn, org_id, run, len(made), now)
        traces.put(conn, org_id, [row_of(bounded(turn, LIMITS)) for turn in made], now)

    def _kept(self, entry: Entry, kept: Kept | None) -> Entry | None:
        """The entry as it may be kept: within its bounds, and within those of its run."""
        if not self._content:
            entry = without_content(entry)
        if kept is None:
            return bounded(entry, LIMITS)
        if isinstance(entry, Trace) and kept.agent and entry.agent is not UNSET:
            service = entry.attributes and entry.attributes.get(SERVICE)
            if entry.agent == service:  # an agent's own name was told before
                entry = msgspec.structs.replace(entry, agent=UNSET)
        if isinstance(entry, Span | Log) and kept.bytes > LIMITS.session:
            if kept.bytes > LIMITS.session * 5 // 4:
                return None
            entry = without_content(entry)
        return bounded(entry, LIMITS)


def _span(trace: str, row: object) -> Span:
    told = {name: getattr(row, name) for name in Span.__struct_fields__ if name != "trace"}
    return Span(trace=trace, **told)

"""What other programs tell of their runs, into the store; every request in one unit of work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec import UNSET
from sqlalchemy import Connection

from duologue.settings import Settings
from duologue.store import recordings, trace_lists, trace_tail, traces
from duologue.store.trace_records import Trace as Kept
from duologue.store.trace_records import TurnRow
from duologue.trace.content import SPOKEN, without_content
from duologue.trace.entries import Entry, Log, Span, Trace
from duologue.trace.ingest.otlp import SERVICE, TURNS_TOLD
from duologue.trace.ingest.turns import concerns_turns, turns
from duologue.trace.limits import Limits, bounded
from duologue.trace.prices import Prices
from duologue.trace.store_sink import row_of

LIMITS: Final = Limits()
SLACK: Final = 10_000_000_000
"""Nanoseconds by which a turn's steps may begin before it: their clocks are several."""
SURE: Final = 2
"""Turns before what may change that must come out as they were."""
_Told = TypeVar("_Told", Span, Log)


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
        times = [at for entry in known if (at := concerns_turns(entry))]
        if not times:
            return
        kept = trace_lists.get(conn, org_id, run)
        if kept is not None and not kept.attributes.get(TURNS_TOLD):
            seq = traces.seq_of(conn, org_id, run, now)
            if not self._remake(conn, org_id, trace, seq, min(times)):
                self._remake(conn, org_id, trace, seq, 0)

    def _remake(self, conn: Connection, org_id: str, trace: str, seq: int, since_ns: int) -> bool:
        """Puts the turns together anew that may be others by what happened since then.

        False, and nothing is written, where those before do not come out as they were.
        """
        tail = trace_tail.read(conn, seq, since_ns, slack_ns=SLACK, logger=SPOKEN)
        steps = [_entry(Span, trace, each) for each in tail.spans]
        lines = [_entry(Log, trace, each) for each in tail.logs]
        first, began = tail.first, tail.since_ns
        made, places = turns(trace, steps, lines, self.prices, first=first, first_ns=began)
        if [each.started_ns for each in made[:SURE]] != [
            each.started_ns for each in tail.turns[:SURE]
        ] and first:
            return False
        now, rows = self._clock(), [row_of(bounded(turn, LIMITS)) for turn in made]
        traces.keep_turns(conn, org_id, traces.RUN + trace, first + len(made), now)
        there = {each.index: each for each in tail.turns}
        changed = [row for row in rows if isinstance(row, TurnRow) and not _same(row, there)]
        moved = [(step.id, turn) for step in steps if (turn := places[step.id]) != step.turn]
        trace_tail.place(conn, seq, moved)
        traces.put(conn, org_id, changed, now)
        return True

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


def _entry(kind: type[_Told], trace: str, row: object) -> _Told:
    """What came out of the store, as it was told."""
    told = {name: getattr(row, name) for name in kind.__struct_fields__ if name != "trace"}
    return kind(trace=trace, **told)


def _same(row: TurnRow, there: Mapping[int, object]) -> bool:
    """Whether a turn is in the store as it is."""
    known = there.get(row.index)
    names = (name for name in TurnRow.__struct_fields__ if name != "trace")
    return known is not None and all(getattr(known, name) == getattr(row, name) for name in names)

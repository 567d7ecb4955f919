"""What waits to be written, within bounds: content goes before spans, spans before turns."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Hashable, Iterable
from typing import Final

import msgspec
from msgspec import UNSET

from duologue.trace.content import without_content
from duologue.trace.entries import Entry, Log, Span, Trace, Turn
from duologue.trace.limits import Limits, weight

_TRACES: Final = 4096
"""For how many runs it is remembered how much of them was lost."""

_Waiting = OrderedDict[Hashable, tuple[Entry, int]]


class Queue:
    """Entries of any thread, one for each key: a later one takes the place of an earlier one."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._steps: _Waiting = OrderedDict()
        self._turns: _Waiting = OrderedDict()
        self._traces: _Waiting = OrderedDict()
        self._whole: deque[Hashable] = deque()  # the steps that may still have content
        self._bytes = 0
        self._lost: OrderedDict[str, int] = OrderedDict()
        self._untold: set[str] = set()
        self.dropped = 0
        """Entries that had to go."""
        self.stripped = 0
        """Entries whose content had to go."""

    def __len__(self) -> int:
        return len(self._steps) + len(self._turns) + len(self._traces)

    def put(self, entry: Entry, weighs: int | None = None) -> None:
        """Adds an entry, and makes room for it where there is none."""
        with self._lock:
            self._put(entry, weight(entry) if weighs is None else weighs)
            while len(self) > self._limits.entries or self._bytes > self._limits.queue:
                if not self._make_room():
                    return

    def take(self, most: int, *, last: bool = False) -> list[Entry]:
        """The oldest entries, what is known of runs first; with them what runs have lost.

        With nothing else to tell losses wait, but for the last time.
        """
        with self._lock:
            if len(self) or last:
                for trace in self._untold:
                    told = Trace(trace=trace, dropped=self._lost[trace])
                    self._put(told, weight(told))
                self._untold.clear()
            taken: list[Entry] = []
            for waiting in (self._traces, self._turns, self._steps):
                while waiting and len(taken) < most:
                    _, (entry, weighs) = waiting.popitem(last=False)
                    self._bytes -= weighs
                    taken.append(entry)
            if not self._steps:
                self._whole.clear()
            return taken

    def lose(self, entries: Iterable[Entry]) -> None:
        """Notes that entries were lost."""
        with self._lock:
            for entry in entries:
                self._lose(entry)

    # ------------------------------------------------------------ within

    def _put(self, entry: Entry, weighs: int) -> None:
        key: Hashable
        match entry:
            case Span():
                waiting, key = self._steps, (entry.trace, entry.id)
                self._whole.append(key)
            case Log():
                waiting, key = self._steps, (entry.trace, entry.id, "log")
                self._whole.append(key)
            case Turn():
                waiting, key = self._turns, (entry.trace, str(entry.index))
            case Trace():
                waiting, key = self._traces, (entry.trace,)
        before = waiting.get(key)
        if before is not None:
            self._bytes -= before[1]
            if isinstance(entry, Trace) and isinstance(before[0], Trace):
                entry = merged(before[0], entry)
                weighs = weight(entry)
        waiting[key] = (entry, weighs)
        self._bytes += weighs

    def _make_room(self) -> bool:
        """Lets go of what matters least; false when there is nothing."""
        if self._bytes > self._limits.queue and self._strip():
            return True
        for waiting in (self._steps, self._turns, self._traces):
            if waiting:
                _, (entry, weighs) = waiting.popitem(last=False)
                self._bytes -= weighs
                self._lose(entry)
                return True
        return False

    def _strip(self) -> bool:
        """Takes the content out of the oldest step that has any; false when none has."""
        while self._whole:
            key = self._whole.popleft()
            if key not in self._steps:
                continue
            entry, weighs = self._steps[key]
            bare = without_content(entry)
            if bare is entry:
                continue
            less = weight(bare)
            self._steps[key] = (bare, less)
            self._bytes += less - weighs
            self.stripped += 1
            return True
        return False

    def _lose(self, entry: Entry) -> None:
        if isinstance(entry, Trace) and entry == Trace(trace=entry.trace, dropped=entry.dropped):
            return  # our own word about losses
        self.dropped += 1
        self._lost[entry.trace] = self._lost.pop(entry.trace, 0) + 1
        if not isinstance(entry, Trace):  # else its own trace would make it wait again, for ever
            self._untold.add(entry.trace)
        while len(self._lost) > _TRACES:
            forgotten, _ = self._lost.popitem(last=False)
            self._untold.discard(forgotten)


def merged(before: Trace, after: Trace) -> Trace:
    """What is known of a run, with what is said later over what was said before."""
    said = {
        name: value
        for name in Trace.__struct_fields__
        if (value := getattr(after, name)) is not UNSET
    }
    return msgspec.structs.replace(before, **said)

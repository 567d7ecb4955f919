"""Sampling: whole sessions or none of them, and every one in which something failed."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from msgspec import UNSET

from duologue.trace.entries import Entry, Log, Span, Trace, Turn

_HELD: Final = 400
"""Entries of a session that nobody may want; of a longer one the oldest steps go."""
_SESSIONS: Final = 256
"""Sessions that are held back at a time."""


class Sampler:
    """Lets the entries of chosen sessions pass; holds those of others until something fails."""

    def __init__(self, share: float) -> None:
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"a share of sessions lies between 0 and 1; {share!r} does not")
        self._share = share
        self._held: OrderedDict[str, list[Entry]] = OrderedDict()
        self._kept: OrderedDict[str, None] = OrderedDict()

    def admit(self, entry: Entry) -> list[Entry]:
        """The entries that may pass now."""
        trace = entry.trace
        if chosen(trace, self._share) or trace in self._kept:
            return [entry]
        if failed(entry):
            self._kept[trace] = None
            while len(self._kept) > _SESSIONS:
                self._kept.popitem(last=False)
            return [*self._held.pop(trace, ()), entry]
        held = self._held.setdefault(trace, [])
        held.append(entry)
        if len(held) > _HELD:
            del held[next((i for i, old in enumerate(held) if isinstance(old, Span | Log)), 0)]
        if isinstance(entry, Trace) and entry.status not in (UNSET, "active"):
            del self._held[trace]  # it is over, and nothing was wrong
        while len(self._held) > _SESSIONS:
            self._held.popitem(last=False)
        return []


def chosen(trace: str, share: float) -> bool:
    """Whether a session is among those: the same answer everywhere and every time."""
    # The last digits of a run's id are random; its first are the time.
    return int(trace[-8:], 16) < share * 2**32


def failed(entry: Entry) -> bool:
    """Whether an entry tells of something that went wrong."""
    match entry:
        case Span():
            return entry.status == "error" or entry.kind == "error"
        case Turn():
            return bool(entry.errors or entry.tool_errors)
        case Log():
            return entry.level == "error"
        case Trace():
            return entry.status in ("failed", "lost")

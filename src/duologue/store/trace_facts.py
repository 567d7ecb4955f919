"""What several tellings of one run come to; in any order, and as often as they are repeated."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from duologue.store.trace_records import TraceRow

MS: Final = 1_000_000
ENDED: Final = frozenset({"complete", "failed", "cancelled", "terminated"})
WORDS: Final = ("source", "agent", "agent_version", "room", "transport", "reason", "outcome")
LINKS: Final = ("conversation_id", "session_id", "visitor_id")


class Facts(msgspec.Struct):
    """What sources told of a trace, under the names of its columns."""

    status: str
    started_at: int
    source: str = ""
    agent: str = ""
    agent_version: str = ""
    conversation_id: str | None = None
    session_id: str | None = None
    visitor_id: str | None = None
    room: str = ""
    transport: str = ""
    reason: str = ""
    outcome: str = ""
    ended_at: int | None = None
    told_cost_micros: int | None = None
    dropped: int = 0
    tags: str = "[]"
    usage: str = "[]"
    attributes: str = "{}"

    def began(self, ns: int) -> None:
        """It began with the first thing that is told of it."""
        if 0 < ns < self.started_at * MS:
            self.started_at = ns // MS

    def hear(self, row: TraceRow, now: int) -> None:
        """Takes over what is told, and keeps the rest."""
        for name in (*WORDS, *LINKS):
            value = getattr(row, name)
            if value is not None:
                setattr(self, name, legible(value))
        if row.started_ns is not None:
            self.began(row.started_ns)
        self._turn(row, now)
        if row.cost_micros is not None:
            self.told_cost_micros = row.cost_micros
        self.dropped = max(self.dropped, row.dropped or 0)
        if row.usage is not None:
            self.usage = legible(row.usage)
        if row.tags:
            self.tags = _text(list(dict.fromkeys([*_value(self.tags), *row.tags])))
        if row.attributes:
            self.attributes = _text(_value(self.attributes) | row.attributes)

    def revive(self) -> None:
        """One that was taken for lost, and of which something is told, is not lost."""
        if self.status == "lost":
            self.status = "active"
            self.ended_at = None

    def _turn(self, row: TraceRow, now: int) -> None:
        """What ended stays ended; how, the last telling says."""
        if row.status is not None and not (row.status == "active" and self.status in ENDED):
            self.status = row.status
        if row.ended_ns:
            self.ended_at = max(self.ended_at or 0, row.ended_ns // MS)
        elif self.status in ENDED and self.ended_at is None:
            self.ended_at = now


def legible(text: str) -> str:
    """The text without what a database cannot keep: the character NUL, and halves of characters."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def _text(value: object) -> str:
    return legible(msgspec.json.encode(value).decode())


def _value(text: str) -> Any:
    return msgspec.json.decode(text)

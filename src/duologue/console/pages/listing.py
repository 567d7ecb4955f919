"""The list of conversations: what was asked for, and what stands in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar, Final, Literal, Self
from urllib.parse import urlencode

import msgspec
from sqlalchemy import Connection

from duologue.errors import DuologueError
from duologue.store import agents, console_lists, trace_lists
from duologue.store.trace_records import Trace, TraceFilter, TraceStatus

ROWS: Final = 50
AGENTS: Final = 200
"""Agents that the filter suggests, beside our own."""
FILE: Final = 1000
"""Conversations of one file; the list's further ones are in the next."""
TIMES: Final = {
    "hour": ("The last hour", 3_600_000),
    "day": ("The last day", 86_400_000),
    "week": ("The last week", 7 * 86_400_000),
    "month": ("The last 30 days", 30 * 86_400_000),
    "quarter": ("The last 90 days", 90 * 86_400_000),
}
STATUSES: Final = {
    "active": "live",
    "complete": "complete",
    "failed": "failed",
    "cancelled": "cancelled",
    "terminated": "terminated",
    "lost": "lost",
}
"""What the page calls a status."""
SOURCES: Final = ("duologue", "insights", "otlp", "prefactor", "wrapper")
SLOW: Final = {"1000": "1 s", "2000": "2 s", "3500": "3.5 s", "8000": "8 s"}

LAST: Final = 253_402_300_799_999
"""The last moment that a filter may name: the end of the year 9999, in UTC ms."""
MOST: Final = 1e12
Moment = Annotated[int, msgspec.Meta(ge=0, le=LAST)]
Least = Annotated[float, msgspec.Meta(ge=0, le=MOST)]
_NUMBERS: Final = {
    "slow": f"a number from 0 to {MOST:.0f}",
    "cost": f"a number from 0 to {MOST:.0f}",
    "since": f"a whole number from 0 to {LAST}",
    "until": f"a whole number from 0 to {LAST}",
}


def _mistake(said: str, given: Mapping[str, str]) -> str:
    """What is wrong with a filter: its name, its value, and which there are."""
    name = said.rpartition("$.")[2].rstrip("`.")
    if name not in given:
        unknown = next((each for each in given if each not in Asked.__struct_fields__), "")
        return f"there is no filter {unknown!r}; there are {', '.join(Asked.__struct_fields__)}"
    known = {"status": ", ".join(STATUSES), "time": ", ".join(TIMES), **_NUMBERS}.get(name)
    ways = f"; it may be {known}" if known else ""
    return f"the filter {name!r} cannot be {given[name]!r}{ways}"


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The filters of the form, as its address has them; what is empty is left out there."""

    text: str = ""
    agent: str = ""
    status: TraceStatus | Literal[""] = ""
    outcome: str = ""
    source: str = ""
    error: bool = False
    interrupted: bool = False
    unanswered: bool = False
    slow: Least | None = None
    cost: Least | None = None
    """At least so much, in the currency of the prices."""
    time: Literal["", "hour", "day", "week", "month", "quarter"] = ""
    since: Moment | None = None
    """Its beginning and, in `until`, its end as the overview's links have them, in UTC ms."""
    until: Moment | None = None
    before: str = ""

    @classmethod
    def of(cls, query: Iterable[tuple[str, str]]) -> Self:
        """The filters of an address; an unknown one is refused by name."""
        given = {name: value.strip() for name, value in query if value.strip()}
        try:
            return msgspec.convert(given, cls, strict=False)
        except msgspec.ValidationError as error:
            raise DuologueError("bad_request", reason=_mistake(str(error), given)) from None

    def filters(self, now: int) -> TraceFilter:
        """The same for the store."""
        return TraceFilter(
            agent=self.agent or None,
            status=self.status or None,
            outcome=self.outcome or None,
            source=self.source or None,
            error=self.error or None,
            interrupted=self.interrupted or None,
            unanswered=self.unanswered or None,
            slow_ms=self.slow,
            min_cost_micros=None if self.cost is None else round(self.cost * 1e6),
            since=now - TIMES[self.time][1] if self.time else self.since,
            until=self.until,
            text=self.text or None,
        )

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        return msgspec.structs.replace(self, before="") != Asked()

    @property
    def special(self) -> bool:
        """Whether one of the filters is set that are folded away."""
        plain = msgspec.structs.replace(self, before="", text="", agent="", status="", time="")
        plain = msgspec.structs.replace(plain, since=None, until=None)
        return plain != Asked()

    @property
    def whenever(self) -> str:
        """The address of those of all times."""
        return msgspec.structs.replace(self, since=None, until=None).address("")

    def address(self, before: str, at: str = "/console") -> str:
        """The address of the piece behind a cursor, or of what else goes by these filters."""
        known = msgspec.structs.asdict(msgspec.structs.replace(self, before=before))
        default = msgspec.structs.asdict(Asked())
        told = {
            name: "1" if value is True else value
            for name, value in known.items()
            if value != default[name]
        }
        return f"{at}?{urlencode(told)}" if told else at


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation as the list shows it."""

    trace: Trace
    words: str
    milliseconds: int
    """How long it took, or takes until now."""


class ListView(msgspec.Struct, frozen=True, kw_only=True):
    """The list."""

    rows: list[Row]
    asked: Asked
    now: int
    newer: str | None
    """The address of the newest piece, where this is a later one."""
    older: str | None
    agents: list[str]
    files: dict[str, str]
    """Where all that passes the filters is had as a file, by what that is called."""
    most: ClassVar = FILE
    statuses: ClassVar = STATUSES
    times: ClassVar = TIMES
    sources: ClassVar = SOURCES
    slow: ClassVar = SLOW


def load(conn: Connection, org_id: str, asked: Asked, *, now: int) -> ListView:
    """A piece of the list."""
    found = trace_lists.page(
        conn, org_id, filters=asked.filters(now), before=asked.before or None, limit=ROWS
    )
    said = console_lists.first_words(conn, org_id, [each.id for each in found.items])
    return ListView(
        rows=[
            Row(trace=each, words=said.get(each.id, ""), milliseconds=lasted(each, now))
            for each in found.items
        ],
        asked=asked,
        now=now,
        newer=asked.address("") if asked.before else None,
        older=None if found.next is None else asked.address(found.next),
        agents=_agents(conn, org_id),
        files={
            name: asked.address(asked.before, f"/console/export/{name.lower()}")
            for name in ("JSON", "CSV", "OTLP")
        },
    )


def _agents(conn: Connection, org_id: str) -> list[str]:
    """Our own agents, and behind them those that only runs of other programs name."""
    own = [each.slug for each in agents.all(conn, org_id)]
    return list(dict.fromkeys([*own, *console_lists.agents_told(conn, org_id, AGENTS)]))


def lasted(trace: Trace, now: int) -> int:
    """How long a trace took; of one that goes on, until now."""
    end = trace.ended_at
    if end is None:
        end = now if trace.status == "active" else trace.last_seen_at
    return max(0, end - trace.started_at)

"""The overview: how agents did over a time, in figures, plots and tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final, Literal, Self
from urllib.parse import urlencode

import msgspec
from markupsafe import Markup
from sqlalchemy import Connection

from duologue.console.pages import curves, moments, words
from duologue.console.pages.curves import CUTS, NAMES, rate
from duologue.console.pages.moments import RANGES, Range
from duologue.console.pages.plots import Plot, Tick
from duologue.errors import DuologueError
from duologue.store import agents, trace_overview
from duologue.store.trace_overview import Bucket, Counts, Delay, Overview

LISTED: Final = 16
"""Agents that are offered above the figures."""
ROWS: Final = 25
"""Agents in the table, those with the most turns; a page has an end."""


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the page's address asks for."""

    days: Literal["1", "7", "30", "90"] = "1"
    agent: str = ""

    @classmethod
    def of(cls, query: Iterable[tuple[str, str]]) -> Self:
        """The questions of an address; an unknown one is refused by name."""
        given = {name: value.strip() for name, value in query if value.strip()}
        try:
            return msgspec.convert(given, cls)
        except msgspec.ValidationError:
            wrong = next((name for name in given if name not in cls.__struct_fields__), None)
            if wrong is not None:
                reason = f"the overview knows no {wrong!r}; it knows days and agent"
            else:
                reason = f"days={given.get('days')!r} is not offered; there are {', '.join(RANGES)}"
            raise DuologueError("bad_request", reason=reason) from None

    def address(self, **other: str) -> str:
        """The address of the page with something else."""
        known = msgspec.structs.asdict(msgspec.structs.replace(self, **other))
        return f"/console/overview?{urlencode({k: v for k, v in known.items() if v})}"


class Choice(msgspec.Struct, frozen=True):
    """A time or an agent that may be chosen."""

    name: str
    link: str
    chosen: bool


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure, and the conversations that make it."""

    name: str
    value: str
    note: str = ""
    link: str
    wrong: bool = False


class AgentRow(msgspec.Struct, frozen=True, kw_only=True):
    """An agent in the table."""

    name: str
    link: str
    counts: Counts
    minutes: float
    share: float
    """Percent of the longest bar."""
    interrupted: float | None
    unanswered: float | None


class BucketRow(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the time in the table."""

    name: str
    link: str
    cells: Markup
    """Its figures, in the order of the table's head."""


class OverviewView(msgspec.Struct, frozen=True, kw_only=True):
    """The page."""

    asked: Asked
    title: str
    now: int
    ranges: list[Choice]
    agents: list[Choice]
    figures: list[Figure]
    delays: list[tuple[str, str, Delay]]
    """Id and name of each part, and how long it took."""
    plots: list[Plot]
    moments: list[Tick]
    rows: list[AgentRow]
    hidden: int
    """Agents that the table leaves out."""
    table: list[BucketRow]
    every: int
    empty: bool
    all_agents: list[str]
    names: ClassVar = NAMES


def load(conn: Connection, org_id: str, asked: Asked, *, now: int) -> OverviewView:
    """What happened, in pieces that begin at full hours or days."""
    over = RANGES[asked.days]
    since, until = over.around(now)
    found = trace_overview.overview(
        conn,
        org_id,
        since=since,
        until=until,
        buckets=over.count,
        agent=asked.agent or None,
    )
    slugs = [each.slug for each in agents.all(conn, org_id)]
    return view(found, asked, over, slugs, now=now)


def view(found: Overview, asked: Asked, over: Range, slugs: list[str], *, now: int) -> OverviewView:
    """The page of what was found."""
    known = sorted(found.agents, key=lambda name: -found.agents[name].turns)
    named = list(dict.fromkeys([*([asked.agent] if asked.agent else []), *slugs, *known]))
    shown = [Choice("All agents", asked.address(agent=""), not asked.agent)]
    shown += [
        Choice(each, asked.address(agent=each), each == asked.agent) for each in named[:LISTED]
    ]
    rows = [_bucket(each, asked, over) for each in found.buckets]
    return OverviewView(
        asked=asked,
        title=over.title,
        now=now,
        ranges=[
            Choice(each.title, asked.address(days=days), days == asked.days)
            for days, each in RANGES.items()
        ],
        agents=shown,
        figures=_figures(found, asked),
        delays=[(part, NAMES[part], found.delays[part]) for part in NAMES if part in found.delays],
        plots=curves.of(found),
        moments=moments.ticks(found.buckets[0].at, over),
        rows=[_agent(name, found, asked) for name in known[:ROWS]],
        hidden=max(0, len(known) - ROWS),
        table=list(reversed(rows)),
        every=found.every,
        empty=not found.counts.traces,
        all_agents=named[:ROWS],
    )


# ---------------------------------------------------------------- figures


def _figures(found: Overview, asked: Asked) -> list[Figure]:
    counts = found.counts
    e2e = found.delays.get("e2e")

    def link(**filters: str) -> str:
        return conversations(found.since, found.until, asked.agent, **filters)

    def share(number: int) -> str:
        return words.percent(rate(number, counts.turns))

    def slow(cut: str) -> Figure:
        value = None if e2e is None else getattr(e2e, cut)
        filters = {} if value is None else {"slow": f"{value:.0f}"}
        return Figure(name=f"End to end, {cut}", value=words.delay(value), link=link(**filters))

    return [
        Figure(name="Conversations", value=f"{counts.traces:,}", link=link()),
        Figure(name="Turns", value=f"{counts.turns:,}", link=link()),
        Figure(name="Minutes", value=words.minutes(counts.spent_ms), link=link()),
        *(slow(cut) for cut in CUTS),
        Figure(
            name="Interrupted",
            value=share(counts.interrupted),
            note=of(counts.interrupted, "turn"),
            link=link(interrupted="1"),
        ),
        Figure(
            name="Unanswered",
            value=share(counts.unanswered),
            note=of(counts.unanswered, "turn"),
            link=link(unanswered="1"),
            wrong=bool(counts.unanswered),
        ),
        Figure(
            name="Errors",
            value=f"{counts.errors:,}",
            link=link(error="1"),
            wrong=bool(counts.errors),
        ),
        Figure(
            name="Tool errors",
            value=f"{counts.tool_errors:,}",
            link=link(error="1"),
            wrong=bool(counts.tool_errors),
        ),
        Figure(
            name="Lost", value=f"{counts.lost:,}", link=link(status="lost"), wrong=bool(counts.lost)
        ),
        Figure(name="Cost", value=words.money(counts.cost_micros), link=link()),
    ]


def conversations(since: int, until: int, agent: str, **filters: str) -> str:
    """The address of the list of conversations that began in a time."""
    known = {"agent": agent, **filters, "since": str(since), "until": str(until)}
    return f"/console?{urlencode({name: value for name, value in known.items() if value})}"


def of(number: int, unit: str) -> str:
    """How many: `3 turns`."""
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


# ---------------------------------------------------------------- tables


def _agent(name: str, found: Overview, asked: Asked) -> AgentRow:
    counts = found.agents[name]
    longest = max(each.spent_ms for each in found.agents.values()) or 1
    return AgentRow(
        name=name,
        link=asked.address(agent=name),
        counts=counts,
        minutes=counts.spent_ms / 60_000,
        share=100 * counts.spent_ms / longest,
        interrupted=rate(counts.interrupted, counts.turns),
        unanswered=rate(counts.unanswered, counts.turns),
    )


def _bucket(bucket: Bucket, asked: Asked, over: Range) -> BucketRow:
    counts = bucket.counts
    cells = [
        f"{counts.traces:,}",
        f"{counts.turns:,}",
        words.minutes(counts.spent_ms),
        words.percent(rate(counts.interrupted, counts.turns)),
        words.percent(rate(counts.unanswered, counts.turns)),
        f"{counts.errors:,}",
        f"{counts.tool_errors:,}",
        words.money(counts.cost_micros),
    ]
    for part in NAMES:
        delay = bucket.delays.get(part)
        cells += [words.delay(getattr(delay, cut, None)) for cut in CUTS]
    link = conversations(bucket.at, bucket.at + over.step, asked.agent)
    return BucketRow(
        name=moments.name(bucket.at, over),
        link=link if counts.traces else "",
        # Our own figures, hundreds of them: to escape each would take half of the page's time.
        cells=Markup("".join(f"<td>{each}</td>" for each in cells)),  # noqa: S704
    )

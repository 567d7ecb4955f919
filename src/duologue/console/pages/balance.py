"""The balance of an organization: what it has, what was added, and who used it, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar, Final

import msgspec
from sqlalchemy import Connection

from duologue.console.pages.forms import Form
from duologue.errors import DuologueError
from duologue.store import agents, organizations, usage
from duologue.store.records import Credit, Organization
from duologue.store.usage import DAY_MS, Used

TIMES: Final = {"week": 7, "month": 30, "quarter": 90}
"""The days that the page may sum up."""
NOTES: Final = 20
"""The last changes that it lists."""
APART: Final = 5
"""The agents that have a colour of their own; the rest is one."""
HIGH: Final = 150.0
"""The height of the tallest day, in pixels."""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What one agent used in all."""

    agent: str
    colour: int
    sessions: int
    attached_ms: int
    cost_micros: int


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's piece of a day's bar."""

    colour: int
    y: float
    height: float
    title: str


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A day as a bar; places are in percent of the width."""

    x: float
    width: float
    name: str
    labelled: bool
    between: bool
    """Whether there is no room for its name on a phone."""
    parts: list[Part]


class BalanceView(msgspec.Struct, frozen=True, kw_only=True):
    """The page."""

    organization: Organization
    credits: list[Credit]
    time: str
    days: list[Day]
    shares: list[Share]
    tallest: int
    """Milliseconds of the day that was used most."""
    more: Form
    """What is to be added."""
    exact: Form
    """What it is to be."""
    now: int
    times: ClassVar = {"week": "7 days", "month": "30 days", "quarter": "90 days"}
    high: ClassVar = HIGH


def load(
    conn: Connection,
    org_id: str,
    *,
    time: str = "month",
    more: Form | None = None,
    exact: Form | None = None,
    now: int,
) -> BalanceView:
    """The balance, and the usage of so many days."""
    if time not in TIMES:
        reason = f"the time cannot be {time[:60]!r}; it may be {', '.join(TIMES)}"
        raise DuologueError("bad_request", reason=reason)
    own = organizations.get(conn, org_id)
    if own is None:
        raise DuologueError("organization_not_found", organization=org_id, known="none")
    last = now // DAY_MS
    first = last - TIMES[time] + 1
    used = [each for each in usage.by_day(conn, org_id, first * DAY_MS) if each.day <= last]
    names = {each.id: each.slug for each in agents.all(conn, org_id)}
    shares = _shares(used, names)
    return BalanceView(
        organization=own,
        credits=organizations.credits_of(conn, org_id, limit=NOTES),
        time=time,
        days=_days(used, names, {each.agent: each.colour for each in shares}, first, last),
        shares=shares,
        tallest=_tallest(used),
        more=more or Form(),
        exact=exact or Form(),
        now=now,
    )


# ---------------------------------------------------------------- within


def _shares(used: Sequence[Used], names: dict[str, str]) -> list[Share]:
    """What each agent used, the most first; those that have no colour are the last one's."""
    sums: dict[str, list[int]] = {}
    for each in used:
        known = sums.setdefault(names.get(each.agent_id, each.agent_id), [0, 0, 0])
        for place, value in enumerate((each.sessions, each.attached_ms, each.cost_micros)):
            known[place] += value
    ordered = sorted(sums.items(), key=lambda item: (-item[1][1], item[0]))
    return [
        Share(
            agent=agent,
            colour=min(place, APART),
            sessions=counted[0],
            attached_ms=counted[1],
            cost_micros=counted[2],
        )
        for place, (agent, counted) in enumerate(ordered)
    ]


def _tallest(used: Sequence[Used]) -> int:
    days: dict[int, int] = {}
    for each in used:
        days[each.day] = days.get(each.day, 0) + each.attached_ms
    return max(days.values(), default=0)


def _days(
    used: Sequence[Used], names: dict[str, str], colours: dict[str, int], first: int, last: int
) -> list[Day]:
    tallest = _tallest(used) or 1
    count = last - first + 1
    width = 100 / count
    every = max(1, round(count / 7))
    made = []
    for day in range(first, last + 1):
        name = f"{datetime.fromtimestamp(day * DAY_MS / 1000, UTC):%-d %b}"
        heights: dict[int, tuple[int, list[str]]] = {}
        for each in (one for one in used if one.day == day):
            agent = names.get(each.agent_id, each.agent_id)
            total, said = heights.get(colours[agent], (0, []))
            minutes = f"{agent}: {each.attached_ms / 60_000:.1f} min"
            heights[colours[agent]] = (total + each.attached_ms, [*said, minutes])
        parts, top = [], HIGH
        for colour, (total, said) in sorted(heights.items()):
            height = total / tallest * HIGH
            top -= height
            title = f"{name}, {', '.join(said)}"
            parts.append(Part(colour=colour, y=top, height=height, title=title))
        made.append(
            Day(
                x=(day - first) * width + width * 0.12,
                width=width * 0.76,
                name=name,
                labelled=(last - day) % every == 0,
                between=(last - day) // every % 2 == 1,
                parts=parts,
            )
        )
    return made

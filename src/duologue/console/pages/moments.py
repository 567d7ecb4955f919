"""Times that the overview offers, in pieces that begin at full hours and days, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec

from duologue.console.pages.plots import Tick

HOUR: Final = 3_600_000
DAY: Final = 24 * HOUR


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """A time until now, and its pieces."""

    title: str
    step: int
    count: int
    every: int
    """Of how many pieces one is named."""

    def around(self, now: int) -> tuple[int, int]:
        """From when until when; the last piece is the one that goes on."""
        until = (now // self.step + 1) * self.step
        return until - self.step * self.count, until


RANGES: Final = {
    "1": Range(title="24 hours", step=HOUR, count=24, every=6),
    "7": Range(title="7 days", step=6 * HOUR, count=28, every=8),
    "30": Range(title="30 days", step=DAY, count=30, every=7),
    "90": Range(title="90 days", step=2 * DAY, count=45, every=10),
}


def name(at: int, over: Range) -> str:
    """A piece: `22 Nov, 14:00`, or `22 Nov` where pieces are days."""
    moment = datetime.fromtimestamp(at / 1000, UTC)
    day = f"{moment.day} {moment:%b}"
    return f"{day}, {moment:%H:%M}" if over.step < DAY else day


def ticks(since: int, over: Range) -> list[Tick]:
    """Some pieces with their names, as an axis has them."""
    day = over.step >= DAY
    unit = DAY if over.step > HOUR else over.every * HOUR
    first = 0 if day else -(-since // unit) * unit - since
    made = []
    for place in range(first // over.step, over.count, over.every):
        at = since + place * over.step
        moment = datetime.fromtimestamp(at / 1000, UTC)
        said = f"{moment:%H:%M}" if over.step == HOUR else f"{moment.day} {moment:%b}"
        made.append(Tick(round((place + 0.5) * 100 / over.count, 2), said))
    return made

"""How a command answers: a table or sentences for people, JSON for programs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

_ORDERS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What orders a terminal about: callers and pages say it, and whoever reads them did not."""


def emit(value: object) -> None:
    """One line of JSON on stdout, written at once."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def say(*lines: str, style: str | None = None) -> None:
    """Lines for people; a long key or address is never broken."""
    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        console.print(_plain(line), style=style, markup=False)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str) -> None:
    """A table for people, or what to do when there is nothing in it."""
    listed = list(rows)
    if not listed:
        say(empty)
        return
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in headings:
        made.add_column(heading, overflow="fold")
    for row in listed:
        made.add_row(*map(_plain, row))
    Console(highlight=False, markup=False).print(made)


def when(at: int | None, *, none: str = "—") -> str:
    """A time of the wire for people, in the machine's own zone."""
    if at is None:
        return none
    return datetime.fromtimestamp(at / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def credit(micros: int | None) -> str:
    """A balance for people."""
    return "unlimited" if micros is None else f"{micros / 1_000_000:,.2f}"


def checks(rows: Iterable[Sequence[str]]) -> None:
    """What a doctor found: a mark, a name, what is there, and below it what mends it."""
    made = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for _ in range(3):
        made.add_column(overflow="fold")
    for mark, name, found, mend in rows:
        made.add_row(Text.from_markup(mark), name, found)
        if mend:
            made.add_row("", "", Text(mend, style="dim"))
    Console(highlight=False, markup=False).print(made)


def _plain(text: str) -> str:
    return _ORDERS.sub("\ufffd", text)

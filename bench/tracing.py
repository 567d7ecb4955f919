"""What tracing costs: processor time of a text turn, untraced, traced by us, and by others.

All ways in one process, round after round in turn, so that what else the machine does falls on
all; each round is a session of text turns with a model that answers at once, every fourth turn
with a tool. The threads that write are counted, too; who is written to over HTTP runs in another
process. Once the turns follow each other at once, and once with pauses in which all that waits is
written. Run: `make bench` or `python -m bench.tracing [--quick] [--only WORD]`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import logging
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from livekit.agents import Agent, AgentSession, function_tool

from bench import tracing_api
from bench.figures import keep, quiet, say
from bench.machine import described
from bench.tracing_ways import Rows, Talk, own, plain, prefactor, to_collector, untraced, wrapped
from duologue.agents.voices.scripted import Call
from duologue.store import organizations
from duologue.store.database import Database
from duologue.testing.models import ScriptedAnswers
from duologue.trace.ledger import Ledger
from duologue.trace.store_sink import StoreSink

ANSWER: Final = "The next train leaves at a quarter past nine from platform four."
INSTRUCTIONS: Final = "You are the clerk of a station, and tell travellers of their trains. " * 5
PACES: Final = {"at once": (12, 20, 0.0), "with pauses": (3, 8, 1.0)}
"""Rounds, turns of each, and seconds between the turns."""
GOAL: Final = 1.5
Figures = dict[str, dict[str, list[float]]]


class Clerk(Agent):
    """Has a tool."""

    def __init__(self) -> None:
        super().__init__(instructions=INSTRUCTIONS)

    @function_tool
    async def book(self, when: str) -> str:
        """Books a seat."""
        return f"booked for {when}"


async def round_of(talk: Talk, turns: int, pause: float) -> float:
    """Milliseconds of processor time of a turn."""
    answers: list[Any] = []
    for turn in range(turns):
        answers += [[Call("book", {"when": "nine"})], ANSWER] if turn % 4 == 3 else [ANSWER]
    session = AgentSession[None](llm=ScriptedAnswers(answers))
    async with talk(session, Clerk()):
        began = time.process_time()
        for _ in range(turns):
            await session.run(user_input="When does the next train leave, please?")
            if pause:
                await asyncio.sleep(pause)
        spent = time.process_time() - began
        ending = time.process_time()
    return (spent + time.process_time() - ending) / turns * 1000


async def measured(folder: Path, url: str, only: str, *, quick: bool) -> Figures:
    """The figures of every way at every pace, round by round; the first rounds only warm up."""
    db = await Database.open(f"sqlite:///{folder / 'ours.db'}")
    organization = await db.read(organizations.get, "default")
    assert organization is not None
    ledger = Ledger([StoreSink(db, organization.id)])
    ledger.open()
    rows, to_rows = plain(Rows(folder / "plain.db"))
    collector, to_otlp = plain(to_collector(url))
    ways = {
        "untraced": untraced,
        "duologue, its own runs": own(ledger),
        "OpenTelemetry SDK to SQLite": to_rows,
        "duologue's SessionTracer to Prefactor's API": wrapped(url),
        "prefactor-livekit 0.1.5": prefactor(url),
        "livekit's plain OpenTelemetry export": to_otlp,
    }
    ways = {name: way for name, way in ways.items() if name == "untraced" or only in name}
    figures: Figures = {pace: {name: [] for name in ways} for pace in PACES}
    for pace, (rounds, turns, pause) in PACES.items():
        rounds, turns, pause = (1, 4, min(pause, 0.6)) if quick else (rounds, turns, pause)
        for number in range(rounds + 1):
            for name, talk in ways.items():
                # In a task of its own: what one way leaves in the context is nothing to the next.
                spent = await asyncio.create_task(round_of(talk, turns, pause))
                if number:
                    figures[pace][name].append(spent)
            if not number:  # as a server does: what was loaded at the start is spared
                gc.collect()
                gc.freeze()
            say(f"tracing {pace}, round {number + 1} of {rounds + 1}")
    report = await ledger.close()
    assert not report.dropped, report
    for provider in (rows, collector):
        with contextlib.suppress(Exception):
            provider.shutdown()
    await db.close()
    return figures


def summed(figures: Figures) -> dict[str, dict[str, dict[str, float]]]:
    """Medians, and what each way adds to the untraced round of the same moment."""
    return {
        pace: {
            name: {
                "ms": round(statistics.median(rounds), 2),
                "least": round(min(rounds), 2),
                "added": round(
                    statistics.median(
                        spent - base for spent, base in zip(rounds, ways["untraced"], strict=True)
                    ),
                    2,
                ),
            }
            for name, rounds in ways.items()
        }
        for pace, ways in figures.items()
    }


def main() -> None:
    """Reads the command line, measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke test, no figures")
    parser.add_argument("--only", default="", help="ways that have this in their names")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    if not given.quick:
        quiet(60)
    with tempfile.TemporaryDirectory() as folder, tracing_api.running() as url:
        found = asyncio.run(measured(Path(folder), url, given.only, quick=given.quick))
    shown = summed(found)
    print(f"CPU of a text turn ({described()})")
    for pace, ways in shown.items():
        for name, row in ways.items():
            late = "" if row["added"] <= GOAL or "duologue" not in name else "  above the goal"
            print(
                f"{pace:12} {name:44} {row['ms']:6.2f} ms  least {row['least']:5.2f}"
                f"  added {row['added']:+.2f} ms{late}"
            )
    if not (given.quick or given.only):
        keep("tracing", paces=shown)


if __name__ == "__main__":
    main()

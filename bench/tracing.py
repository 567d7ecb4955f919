"""What tracing costs: processor time of a text turn, untraced, traced by us, and by others.

All ways in one process, round after round in turn, so that what else the machine does falls on
all; each round is a session of twenty turns with a model that answers at once, every fourth turn
with a tool. The threads that write are counted, too. The peer is what livekit-agents' own page
shows: its spans through the OpenTelemetry SDK, here in batches into SQLite.

prefactor-livekit needs its API to talk to; a round of it belongs here as soon as it has a door.
Run: `make bench` or `python -m bench.tracing`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from livekit.agents import Agent, AgentSession, function_tool, telemetry
from opentelemetry import trace as api
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from bench.figures import keep, quiet, say
from bench.machine import described
from duologue.agents.voices.scripted import Call
from duologue.core.ids import make
from duologue.store import organizations
from duologue.store.database import Database
from duologue.testing.models import ScriptedAnswers
from duologue.trace.ledger import Ledger
from duologue.trace.store_sink import StoreSink
from duologue.trace.watch import Watch

ROUNDS = 15
TURNS = 20
ANSWER = "The next train leaves at a quarter past nine from platform four."
INSTRUCTIONS = "You are the clerk of a station, and tell travellers of their trains. " * 5

Talk = Callable[[AgentSession[None], Agent], AbstractAsyncContextManager[None]]


class Clerk(Agent):
    """Has a tool."""

    def __init__(self) -> None:
        super().__init__(instructions=INSTRUCTIONS)

    @function_tool
    async def book(self, when: str) -> str:
        """Books a seat."""
        return f"booked for {when}"


class Rows(SpanExporter):
    """Writes spans into SQLite as one would who needs no more than to have them."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute(
            "CREATE TABLE spans (trace TEXT, id TEXT PRIMARY KEY, parent TEXT, name TEXT,"
            " start INTEGER, end INTEGER, attributes TEXT, events TEXT)"
        )

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Writes a batch."""
        self._db.executemany("INSERT INTO spans VALUES (?,?,?,?,?,?,?,?)", map(_row, spans))
        self._db.commit()
        return SpanExportResult.SUCCESS


def _row(span: ReadableSpan) -> tuple[Any, ...]:
    ids = span.get_span_context()
    assert ids is not None
    return (
        f"{ids.trace_id:032x}",
        f"{ids.span_id:016x}",
        f"{span.parent.span_id:016x}" if span.parent else "",
        span.name,
        span.start_time,
        span.end_time,
        json.dumps(dict(span.attributes or {})),
        json.dumps([(each.name, each.timestamp) for each in span.events]),
    )


async def round_of(talk: Talk) -> float:
    """Milliseconds of processor time of a turn."""
    answers: list[Any] = []
    for turn in range(TURNS):
        answers += [[Call("book", {"when": "nine"})], ANSWER] if turn % 4 == 3 else [ANSWER]
    session = AgentSession[None](llm=ScriptedAnswers(answers))
    spent = 0.0
    async with talk(session, Clerk()):
        began = time.process_time()
        for _ in range(TURNS):
            await session.run(user_input="When does the next train leave, please?")
        spent = time.process_time() - began
        ending = time.process_time()
    return (spent + time.process_time() - ending) / TURNS * 1000


@asynccontextmanager
async def untraced(session: AgentSession[None], agent: Agent) -> AsyncIterator[None]:
    """Nobody listens."""
    telemetry.set_tracer_provider(api.NoOpTracerProvider())
    telemetry.gen_ai.set_capture_content(True)
    await session.start(agent)
    yield
    await session.aclose()


def ours(ledger: Ledger) -> Talk:
    """As every run of ours is watched."""

    @asynccontextmanager
    async def talk(session: AgentSession[None], agent: Agent) -> AsyncIterator[None]:
        telemetry.set_tracer_provider(api.NoOpTracerProvider())
        trace = make("", time.time_ns() // 1_000_000, time.time_ns().to_bytes(10, "big"))
        watch = Watch(trace, ledger.put)
        watch.begin(agent="clerk")
        watch.follow(session, agent)
        await session.start(agent)
        watch.started()
        yield
        await session.aclose()
        watch.end("complete", "left", [])
        while ledger.report.pending:  # noqa: ASYNC110  # nothing tells when
            await asyncio.sleep(0.05)

    return talk


def plain(provider: TracerProvider) -> Talk:
    """livekit-agents' own spans through the SDK."""

    @asynccontextmanager
    async def talk(session: AgentSession[None], agent: Agent) -> AsyncIterator[None]:
        telemetry.set_tracer_provider(provider)
        telemetry.gen_ai.set_capture_content(True)
        await session.start(agent)
        yield
        await session.aclose()
        await asyncio.to_thread(provider.force_flush)

    return talk


async def measured(folder: Path, count: int) -> dict[str, list[float]]:
    """The figures of every way, round by round; the first rounds only warm up."""
    db = await Database.open(f"sqlite:///{folder / 'ours.db'}")
    organization = await db.read(organizations.get, "default")
    assert organization is not None
    ledger = Ledger([StoreSink(db, organization.id)])
    ledger.open()
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Rows(folder / "plain.db")))
    ways = {
        "untraced": untraced,
        "duologue": ours(ledger),
        "OpenTelemetry SDK to SQLite": plain(provider),
    }
    figures: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(count + 2):
        for name, talk in ways.items():
            # In a task of its own: what one way leaves in the context is nothing to the next.
            spent = await asyncio.create_task(round_of(talk))
            if number >= 2:
                figures[name].append(spent)
        say(f"tracing, round {number + 1} of {count + 2}")
    report = await ledger.close()
    assert not report.dropped, report
    provider.shutdown()
    await db.close()
    return figures


def main() -> None:
    """Reads the command line, measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke test, no figures")
    given = parser.parse_args()
    count = 1 if given.quick else ROUNDS
    if not given.quick:
        quiet()
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measured(Path(folder), count))
    base = figures["untraced"]
    print(f"CPU of a text turn, {count} rounds of {TURNS} turns ({described()})")
    shown = {}
    for name, rounds in figures.items():
        added = [spent - other for spent, other in zip(rounds, base, strict=True)]
        shown[name] = {
            "ms": round(statistics.median(rounds), 2),
            "least": round(min(rounds), 2),
            "added": round(statistics.median(added), 2),
        }
        print(f"{name:30} {shown[name]['ms']:6.2f} ms  least {min(rounds):5.2f}", end="")
        print(f"  added {shown[name]['added']:+.2f} ms")
    if not given.quick:
        keep("tracing", figures=shown, rounds=count, turns=TURNS)


if __name__ == "__main__":
    main()

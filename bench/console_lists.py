"""What the console's lists take with 100,000 traces and 1,000,000 spans, and what writing costs.

The database is filled the fast way; then every list is asked for again and again, through the
functions that the console calls, on SQLite. Run: `python -m bench.console_lists [--quick]`.
"""

from __future__ import annotations

import argparse
import itertools
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from bench.figures import keep, say
from bench.machine import described
from duologue.access.console import Reader
from duologue.console.pages import alerts, engine, overview
from duologue.console.pages.forms import Form
from duologue.store import organizations, trace_lists, trace_overview, traces
from duologue.store.database import unit
from duologue.store.trace_records import SpanRow, TraceEntry, TraceFilter, TraceRow, TurnRow
from duologue.store.trace_tables import spans as spans_table
from duologue.store.trace_tables import traces as traces_table
from duologue.store.trace_tables import turns as turns_table

TRACES: Final = 100_000
SPANS: Final = 10
TURNS: Final = 5
DAYS: Final = 90
DAY: Final = 86_400_000
GOAL: Final = 200.0
STRANGE: Final = "zyxwvu"
"""A word that was said once."""
FREQUENT: Final = ("the", "a", "to", "please", "table", "order")
# About what livekit-agents says of a span, without messages.
ATTRIBUTES: Final = f'{{"gen_ai.request.model":"model","note":"{"y" * 500}"}}'
NOW: Final = 1_790_000_000_000
Row = dict[str, Any]


def sentences(chance: random.Random) -> list[str]:
    """Sentences of 20,000 words that are used as unevenly as words are."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    made = ["".join(chance.choices(letters, k=chance.randrange(4, 10))) for _ in range(20_000)]
    known = [*FREQUENT, *made]
    weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(len(known))))
    return [" ".join(chance.choices(known, cum_weights=weights, k=12)) for _ in range(20_000)]


def trace_row(chance: random.Random, org_id: str, number: int, count: int) -> Row:
    """A trace; one of a hundred is slow, has errors, is dear."""
    began = NOW - (count - number) * (DAYS * DAY // count)
    rare = chance.random() < 0.01
    return {
        "seq": number + 1,
        "org_id": org_id,
        "id": f"run_{chance.getrandbits(128):032x}",
        "source": "otlp" if rare else "duologue",
        "agent": f"agent-{number % 20}",
        "agent_version": "",
        "conversation_id": f"conv_{number:032x}",
        "session_id": f"sess_{number:032x}",
        "visitor_id": f"vis_{number % 5000}",
        "room": "",
        "transport": "websocket",
        "status": "failed" if rare else "complete",
        "reason": "left",
        "outcome": "booked" if rare else "",
        "started_at": began,
        "ended_at": began + 90_000,
        "last_seen_at": began + 90_000,
        "turns": TURNS,
        "interrupted": chance.randrange(2),
        "unanswered": 0,
        "errors": int(rare),
        "tool_errors": 0,
        "e2e_max_ms": 6000.0 if rare else 1500.0,
        "cost_micros": 90_000 if rare else 8000,
        "dropped": 0,
        "bytes": SPANS * 700,
        "has_recording": False,
        "tags": "[]",
        "usage": "[]",
        "attributes": "{}",
    }


def turn_rows(chance: random.Random, row: Row, pool: list[str]) -> list[Row]:
    """The turns of a trace, with delays that scatter."""
    return [
        {
            "trace_seq": row["seq"],
            "number": number,
            "started_ns": (row["started_at"] + number * 15_000) * 1_000_000,
            "ended_ns": (row["started_at"] + number * 15_000 + 9000) * 1_000_000,
            "spoken": True,
            "interrupted": False,
            "interruption": "",
            **{f"{part}_ms": chance.lognormvariate(5.5, 0.5) for part in trace_overview.PARTS},
            "played_s": 4.0,
            "confidence": 0.9,
            "user_text": chance.choice(pool),
            "agent_text": chance.choice(pool) if row["seq"] > 1 else STRANGE,
        }
        for number in range(TURNS)
    ]


def span_rows(row: Row) -> list[Row]:
    """The spans of a trace."""
    return [
        {
            "trace_seq": row["seq"],
            "span_id": f"{row['seq'] * SPANS + number:016x}",
            "parent_id": "",
            "name": "llm_request",
            "kind": "llm",
            "start_ns": row["started_at"] * 1_000_000 + number,
            "end_ns": row["started_at"] * 1_000_000 + number + 10**9,
            "status": "ok",
            "error": "",
            "turn": number // 2,
            "size": 700,
            "attributes": ATTRIBUTES,
            "events": "[]",
        }
        for number in range(SPANS)
    ]


def fill(conn: Connection, org_id: str, count: int) -> None:
    """Writes traces with their turns and spans, spread over the last days."""
    chance = random.Random(7)
    pool = sentences(chance)
    step = 5000
    for start in range(0, count, step):
        rows = [trace_row(chance, org_id, each, count) for each in range(start, start + step)]
        conn.execute(insert(traces_table), rows)
        conn.execute(insert(turns_table), [t for row in rows for t in turn_rows(chance, row, pool)])
        conn.execute(insert(spans_table), [each for row in rows for each in span_rows(row)])
        say(f"{start + step} of {count} traces")


def timed(work: Callable[[], object], rounds: int) -> tuple[float, float, float]:
    """Median and 95th percentile, and the median of the processor's time, in milliseconds.

    All of it happens in one thread: on a quiet machine the first is the last.
    """
    times, own = [], []
    for _ in range(rounds):
        began, ran = time.perf_counter(), time.thread_time()
        work()
        times.append((time.perf_counter() - began) * 1000)
        own.append((time.thread_time() - ran) * 1000)
    high = statistics.quantiles(times, n=20, method="inclusive")[-1]
    return statistics.median(times), high, statistics.median(own)


def lists(conn: Connection, org_id: str, count: int) -> dict[str, Callable[[], object]]:
    """Everything that a page asks for."""
    ids = conn.execute(
        select(traces_table.c.id, traces_table.c.started_at)
        .order_by(traces_table.c.started_at.desc(), traces_table.c.id.desc())
        .limit(500 * 50)
    ).fetchall()
    last = ids[-1]
    filters: dict[str, dict[str, Any]] = {
        "first page": {},
        "by agent": {"agent": "agent-3"},
        "by status (1 %)": {"status": "failed"},
        "by outcome (1 %)": {"outcome": "booked"},
        "by source (1 %)": {"source": "otlp"},
        "by visitor": {"visitor_id": "vis_7"},
        "live (none)": {"live": True},
        "with errors (1 %)": {"error": True},
        "interrupted (half)": {"interrupted": True},
        "unanswered (none)": {"unanswered": True},
        "slow (1 %)": {"slow_ms": 5000.0},
        "slow (none)": {"slow_ms": 1e9},
        "dear (1 %)": {"min_cost_micros": 50_000},
        "since a week": {"since": NOW - 7 * DAY},
        "until a month ago": {"until": NOW - 30 * DAY},
        "agent, slow, errors": {"agent": "agent-3", "slow_ms": 5000.0, "error": True},
        "text: in most traces": {"text": "the"},
        "text: rare": {"text": STRANGE},
        "text: two common": {"text": "please table"},
        "text: common and rare": {"text": f"the {STRANGE}"},
        "text: none": {"text": "nobodysaidthis"},
        "text: beginning": {"text": "zyx*"},
        "text: common beginning": {"text": "th*"},
        "text: common, slow (1 %)": {"text": "the", "slow_ms": 5000.0},
        "text: common, slow (none)": {"text": "the", "slow_ms": 1e9},
    }
    page = partial(trace_lists.page, conn, org_id)
    made: dict[str, Callable[[], object]] = {
        name: partial(page, filters=TraceFilter(**each)) for name, each in filters.items()
    }
    made["page 500"] = partial(page, before=f"{last[1]}.{last[0]}")
    place = iter(range(10**9))

    def conversation() -> None:
        wanted = ids[next(place) * 37 % len(ids)][0]
        trace_lists.get(conn, org_id, wanted)
        trace_lists.spans_of(conn, org_id, wanted)
        trace_lists.turns_of(conn, org_id, wanted)
        trace_lists.logs_of(conn, org_id, wanted)

    made["one conversation"] = conversation
    for days in (1, 7, 30, DAYS):
        since = NOW - days * DAY
        made[f"overview of {days} days"] = partial(
            trace_overview.overview, conn, org_id, since=since, until=NOW
        )
        made[f"overview's page of {days} days"] = partial(page_of, conn, org_id, str(days))
    return made


def page_of(conn: Connection, org_id: str, days: str) -> str:
    """The overview as the console draws it."""
    reader = Reader(id="", org_id=org_id, role="owner", name="", noted_at=0)
    asked = overview.Asked.of([("days", days)])
    return engine.draw(
        "overview",
        reader=reader,
        place="overview",
        view=overview.load(conn, org_id, asked, now=NOW),
        alerts=alerts.load(conn, org_id, master="", owner=True),
        form=Form(),
    )


def written(conn: Connection, org_id: str, turns: int) -> tuple[float, float]:
    """Rows a second of `put`: live, a turn at a time, and in batches of 200 spans.

    A turn live is what the ledger sends of one: five open spans, five ended ones, three states of
    the turn, two tellings of the trace.
    """
    rows = 0
    began = time.process_time()
    for number in range(turns):
        trace, index = f"{number % 20:032x}", number // 20
        batches: tuple[list[TraceEntry], ...] = (
            [*(span(trace, number, n, open=True) for n in range(5)), TraceRow(trace=trace)],
            [*(span(trace, number, n) for n in range(3)), turn(trace, index, done=False)],
            [*(span(trace, number, n) for n in (3, 4)), turn(trace, index), turn(trace, index)],
            [TraceRow(trace=trace, status="active")],
        )
        for batch in batches:
            traces.put(conn, org_id, batch, NOW)
            rows += len(batch)
    live = rows / (time.process_time() - began)
    began = time.process_time()
    for number in range(turns // 10):
        trace = f"{number + 1000:032x}"
        traces.put(conn, org_id, [span(trace, number, n) for n in range(200)], NOW)
    return live, turns // 10 * 200 / (time.process_time() - began)


def span(trace: str, number: int, place: int, *, open: bool = False) -> SpanRow:  # noqa: A002
    """A span as the ledger tells it."""
    ids = f"{number * 1000 + place:016x}"
    end, words = (0, "{}") if open else (NOW * 1_000_000 + 10**9, ATTRIBUTES)
    return SpanRow(
        trace=trace, id=ids, name="llm_request", kind="llm", start_ns=NOW * 1_000_000,
        end_ns=end, attributes=words,
    )  # fmt: skip


def turn(trace: str, index: int, *, done: bool = True) -> TurnRow:
    """A turn as the ledger tells it."""
    said = "I would like to order a table for two, please"
    return TurnRow(
        trace=trace, index=index, started_ns=NOW * 1_000_000 + index, user_text=said,
        agent_text=said * done, e2e_ms=800.0 if done else None,
    )  # fmt: skip


def main() -> None:
    """Fills, asks and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke test")
    quick = parser.parse_args().quick
    count, rounds, turns = (5000, 3, 100) if quick else (TRACES, 20, 5000)
    figures: dict[str, tuple[float, float, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/duologue.db"
        with unit(url) as conn:
            org_id = organizations.all(conn)[0].id
            began = time.perf_counter()
            fill(conn, org_id, count)
            say(f"filled in {time.perf_counter() - began:.0f} s")
        size = Path(folder, "duologue.db").stat().st_size / 1e6
        with unit(url) as conn:
            for name, work in lists(conn, org_id, count).items():
                figures[name] = timed(work, rounds)
        with unit(url) as conn:
            live, batches = written(conn, org_id, turns)
    print(described())
    print(f"{count} traces, {count * SPANS} spans, {count * TURNS} turns: {size:.0f} MB, SQLite")
    for name, (middle, high, own) in figures.items():
        late = "   above the goal" if own > GOAL else ""
        print(f"{name:26} p50 {middle:7.1f}   p95 {high:7.1f}   processor {own:6.1f} ms{late}")
    print(f"written live, a turn at a time  {live:7.0f} rows/s of one core")
    print(f"written in batches of 200 spans {batches:7.0f} rows/s of one core")
    if not quick:
        keep("console_lists", lists=figures, live=live, batches=batches, megabytes=size)


if __name__ == "__main__":
    main()

"""What the console's pages take with 100,000 conversations and 1,000,000 spans, over HTTP.

The database is filled as `console_lists` fills it, then a server is started on it as it is
installed; somebody signs in by its link and asks for each page again and again, as a browser
would, without the pictures and scripts that it has already. Run: `make bench` or
`python -m bench.console_pages [--quick]`.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import httpx
from sqlalchemy import Connection, select, update
from tests.serving import House

from bench import console_lists
from bench.figures import keep, say
from bench.machine import described
from duologue.store import organizations
from duologue.store.database import unit
from duologue.store.trace_tables import spans, traces, turns

GOAL: Final = 200.0
LONG: Final = 200
"""Turns of the one conversation that is long."""


def lengthened(conn: Connection) -> str:
    """The newest trace, made long: a copy of its first turn and span over and over; its id."""
    newest = select(traces.c.seq, traces.c.id).order_by(traces.c.started_at.desc()).limit(1)
    seq, run = conn.execute(newest).one()
    for table, key in ((turns, "number"), (spans, "span_id")):
        row = dict(conn.execute(select(table).where(table.c.trace_seq == seq)).mappings().all()[0])
        for number in range(1000, 1000 + LONG * (1 if table is turns else 8)):
            named = number if table is turns else f"{number:016x}"
            again = row | {key: named, "started_ns": row.get("started_ns", 0) + number}
            conn.execute(table.insert().values({c.name: again[c.name] for c in table.c}))
    conn.execute(update(traces).where(traces.c.seq == seq).values(turns=LONG + 5))
    return str(run)


def pages(run: str, long: str) -> dict[str, str]:
    """The addresses that are asked for."""
    return {
        "list": "/console",
        "list, of an agent": "/console?agent=agent-3",
        "list, slow ones of an agent": "/console?agent=agent-3&slow=5",
        "list, with errors": "/console?error=true",
        "list, searched for a common word": "/console?text=please",
        "list, searched for a rare word": f"/console?text={console_lists.STRANGE}",
        "conversation": f"/console/traces/{run}",
        f"conversation of {LONG} turns": f"/console/traces/{long}",
        "overview of a day": "/console/overview",
        "overview of 30 days": "/console/overview?days=30",
        "overview of 90 days": "/console/overview?days=90",
        "agents": "/console/agents",
    }


def asked(who: httpx.Client, address: str, rounds: int) -> dict[str, float]:
    """Median and 95th percentile in milliseconds, and the page's size."""
    times, size = [], 0
    for _ in range(rounds):
        began = time.perf_counter()
        answer = who.get(address)
        times.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise SystemExit(f"{address}: {answer.status_code} {answer.text[:500]}")
        size = len(answer.content)
    high = statistics.quantiles(times, n=20, method="inclusive")[-1]
    return {"p50": statistics.median(times), "p95": high, "kb": size / 1000}


def measured(folder: Path, count: int, rounds: int) -> dict[str, dict[str, float]]:
    """The figures of every page."""
    data = folder / "data"
    data.mkdir()
    console_lists.NOW = time.time_ns() // 1_000_000  # type: ignore[misc]  # the pages' own today
    with unit(f"sqlite:///{data}/duologue.db") as conn:
        org_id = organizations.all(conn)[0].id
        console_lists.fill(conn, org_id, count)
        middle = select(traces.c.id).where(traces.c.seq == count // 2)
        run = str(conn.execute(middle).scalar_one())
        long = lengthened(conn)
    found: dict[str, dict[str, float]] = {}
    with House(data, trace_days=36500) as house:
        made: Any = house.command("console", "login", "--url", house.url)
        own = {"sec-fetch-site": "same-origin"}
        with httpx.Client(base_url=house.url, timeout=60, headers=own) as who:
            token = str(made["url"]).rpartition("token=")[2]
            who.post("/console/enter", data={"token": token})
            for name, address in pages(run, long).items():
                asked(who, address, 2)
                found[name] = asked(who, address, rounds)
                say(f"{name}: {found[name]['p50']:.0f} ms")
    return found


def main() -> None:
    """Fills, asks and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke test, no figures")
    quick = parser.parse_args().quick
    count, rounds = (5000, 3) if quick else (console_lists.TRACES, 20)
    with tempfile.TemporaryDirectory() as folder:
        found = measured(Path(folder), count, rounds)
    print(described())
    for name, row in found.items():
        late = "" if row["p50"] <= GOAL else "   above the goal"
        times = f"p50 {row['p50']:6.1f}   p95 {row['p95']:6.1f} ms"
        print(f"{name:34} {times}   {row['kb']:5.0f} kB{late}")
    if not quick:
        keep("console_pages", pages=found, traces=count, spans=count * console_lists.SPANS)


if __name__ == "__main__":
    main()

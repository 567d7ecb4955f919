"""A browser without pictures: signs in to a desk's console and reads its pages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from sqlalchemy import Connection
from tests.server.conftest import Desk

from duologue.store import traces
from duologue.store.trace_records import LogRow, SpanRow, TraceEntry, TraceRow, TurnRow

OWN = {"sec-fetch-site": "same-origin"}
BEGAN = time.time_ns() - 2 * 3600 * 10**9
"""Two hours ago: what is older than some days a server forgets by itself."""
TOLD = BEGAN // 10**6 + 3 * 3_600_000
"""When it was told: what nobody tells of for a minute is lost, and tests may be slow."""


def trace_of(number: int) -> str:
    """The trace of that number, which no run has."""
    return f"{0xC0C0:016x}{number:016x}"


def tell(conn: Connection, org_id: str, number: int, **facts: Any) -> str:
    """Writes a trace of one turn, a step and a line; its id."""
    trace, began = trace_of(number), BEGAN + number * 10**9
    known: dict[str, Any] = {"agent": "desk", "status": "complete"} | facts
    rows: list[TraceEntry] = [
        TraceRow(trace=trace, started_ns=began, ended_ns=began + 60 * 10**9, **known),
        TurnRow(
            trace=trace,
            index=0,
            started_ns=began,
            user_text=f"number {number}",
            agent_text="=right",
            e2e_ms=number * 100.0,
        ),
        SpanRow(
            trace=trace, id="a" * 16, name="llm_request", kind="llm", start_ns=began, end_ns=began
        ),
        LogRow(trace=trace, id="b" * 16, at_ns=began, text="hello"),
    ]
    traces.put(conn, org_id, rows, TOLD)
    return f"run_{trace}"


def link(desk: Desk, *options: str) -> str:
    """The secret of a link that signs in."""
    made = desk.house.command("console", "login", "--url", desk.house.url, *options)
    return str(made["url"]).rpartition("token=")[2]


@contextmanager
def entered(desk: Desk, *options: str) -> Iterator[httpx.Client]:
    """Somebody who is signed in."""
    with httpx.Client(base_url=desk.house.url, timeout=30, headers=OWN) as who:
        answer = who.post("/console/enter", data={"token": link(desk, *options)})
        assert (answer.status_code, answer.headers["location"]) == (303, "/console")
        yield who


def page(who: httpx.Client, path: str, status: int = 200, **options: Any) -> str:
    """The text of a page of the console, which is kept nowhere and runs no script."""
    answer = who.request(options.pop("method", "GET"), path, **options)
    assert answer.status_code == status, answer.text
    assert answer.headers["cache-control"] == "no-store"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert len(answer.content) < 150_000
    return answer.text

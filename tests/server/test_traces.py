"""The owners' door to traces: lists, a whole one, exports, deletion, the overview."""

from __future__ import annotations

import csv
import io
import time
from typing import Any

import pytest
from sqlalchemy import Connection
from tests.server.conftest import Desk, refused

from duologue.store import organizations, traces
from duologue.store.database import unit
from duologue.store.trace_records import LogRow, SpanRow, TraceRow, TurnRow

BEGAN = (time.time_ns() // 10**9 - 2 * 3600) * 1000
"""Two hours ago: what is older than some days a server forgets by itself."""
NS = BEGAN * 1_000_000
TOLD = BEGAN + 3 * 3_600_000
"""When it was told: what nobody tells of for a minute is lost, and tests may be slow."""


def trace_of(number: int) -> str:
    """The trace of that number, which no run has."""
    return f"{0xE2E2:016x}{number:016x}"


def ours_of(conn: Connection) -> str:
    """The organization of the house."""
    found = organizations.get(conn, "default")
    assert found is not None
    return found.id


def tell(conn: Connection, org_id: str, number: int, **facts: Any) -> str:
    """Writes a trace of one turn; its id."""
    trace, began = trace_of(number), NS + number * 10**9
    known: dict[str, Any] = {"agent": "desk", "status": "complete", "started_ns": began} | facts
    traces.put(
        conn,
        org_id,
        [
            TraceRow(trace=trace, ended_ns=began + 60 * 10**9, **known),
            TurnRow(
                trace=trace,
                index=0,
                started_ns=began,
                user_text=f"number {number}",
                agent_text="=right",
                e2e_ms=number * 100.0,
            ),
            SpanRow(trace=trace, id="a" * 16, name="llm_request", start_ns=began, end_ns=began + 1),
            LogRow(trace=trace, id="b" * 16, at_ns=began, text="hello"),
        ],
        TOLD,
    )
    return f"run_{trace}"


@pytest.fixture(scope="module")
def told(desk: Desk) -> list[str]:
    """Nine traces of ours, the newest first, and one that belongs to others."""
    with unit(f"sqlite:///{desk.house.data}/duologue.db") as conn:
        ours = ours_of(conn)
        ids = [tell(conn, ours, number) for number in range(1, 9)]
        ids.append(tell(conn, ours, 9, agent="far", status="active", outcome="booked"))
        others = organizations.create(conn, slug="others", name="Others", now=BEGAN)
        tell(conn, others.id, 99)
    return ids[::-1]


def administrator(desk: Desk) -> str:
    """A key that may delete."""
    made = desk.house.command("keys", "create", "--kind", "secret", "--scope", "admin")
    return str(made["key"])


def listed(desk: Desk, **query: Any) -> list[str]:
    """The ids of a list that ends before the traces of our own runs begin."""
    answer = desk.ask("GET", "/v1/traces", params={"until": BEGAN + 10**6, **query})
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["items"]]


def test_lists_are_filtered_and_go_on(desk: Desk, told: list[str]) -> None:
    """Newest first, piece by piece; agents by slug or id, or by a foreign worker's name."""
    assert listed(desk) == told
    first = desk.ask("GET", "/v1/traces", params={"limit": 4, "until": BEGAN + 10**6}).json()
    assert [each["id"] for each in first["items"]] == told[:4]
    assert listed(desk, before=first["next"]) == told[4:]
    agent = desk.ask("GET", "/v1/agents/desk").json()["id"]
    assert listed(desk, agent="desk") == listed(desk, agent=agent) == told[1:]
    assert listed(desk, agent="far") == listed(desk, live=True) == listed(desk, outcome="booked")
    assert listed(desk, slow_ms=750) == told[:2]
    assert listed(desk, text="number 3") == [told[6]]
    assert listed(desk, since=BEGAN + 8000, status="complete") == [told[1]]
    refused(desk.ask("GET", "/v1/traces?status=asleep"), 400, "bad_request", "status")
    refused(desk.ask("GET", "/v1/traces?before=x"), 400, "bad_request", "before='x'")


def test_a_whole_trace(desk: Desk, told: list[str]) -> None:
    """Its facts, turns, spans and logs."""
    found = desk.ask("GET", f"/v1/traces/{told[0]}").json()
    assert (found["agent"], found["turns"], found["e2e_max_ms"]) == ("far", 1, 900.0)
    assert found["turn_list"][0]["user_text"] == "number 9"
    assert found["turn_list"][0]["person"] == ""
    assert found["spans"][0]["name"] == "llm_request"
    assert found["logs"][0]["text"] == "hello"
    assert found["recordings"] == []


def test_exports(desk: Desk, told: list[str]) -> None:
    """The same filters; JSON holds all, CSV a line a turn."""
    query = {"slow_ms": 650, "limit": 2, "until": BEGAN + 10**6}
    made = desk.ask("GET", "/v1/traces/export", params=query).json()
    assert [each["id"] for each in made["items"]] == told[:2]
    assert made["items"][0] == desk.ask("GET", f"/v1/traces/{told[0]}").json()
    sheet = desk.ask("GET", "/v1/traces/export", params={**query, "format": "csv"})
    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    assert sheet.headers["x-next"] == made["next"]
    lines = list(csv.DictReader(io.StringIO(sheet.text)))
    assert [line["user_text"] for line in lines] == ["number 9", "number 8"]
    assert lines[0]["agent_text"] == "'=right"
    rest = {**query, "format": "csv", "before": made["next"]}
    last = desk.ask("GET", "/v1/traces/export", params=rest)
    assert "x-next" not in last.headers
    assert len(list(csv.DictReader(io.StringIO(last.text)))) == 1
    refused(desk.ask("GET", "/v1/traces/export?format=xml"), 400, "bad_request", "format")


def test_the_overview_of_a_time(desk: Desk, told: list[str]) -> None:
    """Counts and delays as a whole, in pieces, by agent; a day until now where none is named."""
    query = {"since": BEGAN, "until": BEGAN + 10_000, "buckets": 2}
    found = desk.ask("GET", "/v1/overview", params=query).json()
    assert found["counts"]["traces"] == len(told)
    assert found["delays"]["e2e"] == {"p50": 500.0, "p95": 900.0, "p99": 900.0, "turns": 9}
    assert [each["counts"]["traces"] for each in found["buckets"]] == [4, 5]
    assert found["agents"]["far"]["spent_ms"] == 60_000
    only = desk.ask("GET", "/v1/overview", params={**query, "agent": "far"}).json()
    assert only["counts"]["traces"] == 1
    today = desk.ask("GET", "/v1/overview").json()
    assert today["until"] - today["since"] == 86_400_000
    upside = {"since": BEGAN, "until": BEGAN}
    refused(desk.ask("GET", "/v1/overview", params=upside), 400, "bad_request", "since before")


def test_others_find_nothing(desk: Desk, told: list[str]) -> None:
    """A trace of another organization is not there; neither is it without a key that may read."""
    foreign = f"run_{trace_of(99)}"
    refused(desk.ask("GET", f"/v1/traces/{foreign}"), 404, "trace_not_found", foreign)
    key = administrator(desk)
    refused(desk.ask("DELETE", f"/v1/traces/{foreign}", key=key), 404, "trace_not_found", foreign)
    assert foreign not in listed(desk)
    public = desk.public_key()
    for path in ("/v1/traces", f"/v1/traces/{told[0]}", "/v1/traces/export", "/v1/overview"):
        refused(desk.ask("GET", path, key=public), 403, "key_scope")
    reader = desk.house.command("keys", "create", "--kind", "secret", "--scope", "sessions")["key"]
    for path in ("/v1/traces", f"/v1/traces/{told[0]}", "/v1/traces/export", "/v1/overview"):
        refused(desk.ask("GET", path, key=reader), 403, "key_scope", "read")


def test_a_trace_is_forgotten_when_it_is_over(desk: Desk) -> None:
    """By a key that administers; what is still being written is not."""
    with unit(f"sqlite:///{desk.house.data}/duologue.db") as conn:
        over = tell(conn, ours_of(conn), 2000)
        live = tell(conn, ours_of(conn), 2001, status="active")
    path = f"/v1/traces/{over}"
    refused(desk.ask("DELETE", path), 403, "key_scope", "admin")
    key = administrator(desk)
    assert desk.ask("DELETE", path, key=key).json() == {"ok": True}
    refused(desk.ask("GET", path), 404, "trace_not_found")
    refused(desk.ask("DELETE", f"/v1/traces/{live}", key=key), 409, "trace_live", live)

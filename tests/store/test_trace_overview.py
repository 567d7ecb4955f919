"""How agents did over a time."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection
from tests.store.tracing import told, turn
from tests.store.world import NOW, World, build

from duologue.errors import DuologueError
from duologue.store import trace_overview, traces
from duologue.trace import entries

HOUR = 3_600_000


def happen(conn: Connection, org_id: str, number: int, at: int, **facts: Any) -> None:
    """A trace of ten minutes that began then, with ten turns of 100, 200 … ms."""
    trace = f"{number:032x}"
    began = at * 1_000_000
    known: dict[str, Any] = {"agent": "desk", "status": "complete"} | facts
    end = began + 600 * 10**9
    traces.put(
        conn,
        org_id,
        [
            told(trace, started_ns=began, ended_ns=end, cost_micros=7, **known),
            *(
                turn(
                    index,
                    trace,
                    started_ns=began + index,
                    e2e_ms=(index + 1) * 100.0,
                    llm_ms=50.0 if index == 0 else None,
                    interrupted=index == 1,
                    errors=index == 2,
                    tool_errors=index == 3,
                )
                for index in range(9)
            ),
            turn(9, trace, started_ns=began + 9, agent_text=""),
        ],
        NOW,
    )


@pytest.fixture
def day(conn: Connection, world: World) -> World:
    """Three traces of a day, one before it, one of another organization."""
    happen(conn, world.id, 1, NOW)
    happen(conn, world.id, 2, NOW + HOUR)
    happen(conn, world.id, 3, NOW + 24 * HOUR - 1, agent="far")
    happen(conn, world.id, 4, NOW - 1)
    happen(conn, world.id, 5, NOW + 24 * HOUR)
    happen(conn, build(conn, "other").id, 6, NOW)
    return world


def test_a_day(conn: Connection, day: World) -> None:
    """Counts and delays as a whole, piece by piece, agent by agent; its ends are exact."""
    found = trace_overview.overview(conn, day.id, since=NOW, until=NOW + 24 * HOUR, buckets=24)
    assert (found.step, len(found.buckets), found.every) == (HOUR, 24, 1)
    assert found.counts == trace_overview.Counts(
        traces=3,
        turns=30,
        interrupted=3,
        unanswered=3,
        errors=3,
        tool_errors=3,
        cost_micros=21,
        spent_ms=1_800_000,
    )
    filled = {place for place, each in enumerate(found.buckets) if each.counts.traces}
    assert filled == {0, 1, 23}
    assert {name: each.traces for name, each in found.agents.items()} == {"desk": 2, "far": 1}
    assert set(found.delays) == {"e2e", "llm", "unexplained"}
    assert found.delays["e2e"] == trace_overview.Delay(p50=500.0, p95=900.0, p99=900.0, turns=27)
    assert found.delays["llm"].turns == 3
    assert found.buckets[1].delays["e2e"].turns == 9
    assert found.buckets[2].delays == {}


def test_what_no_part_explains(conn: Connection, world: World) -> None:
    """As the ledger tells it, turn by turn: nothing counts twice, and nothing is below zero."""
    delays: list[dict[str, Any]] = [
        {"e2e_ms": 1000.0},
        {"e2e_ms": 1000.0, "eou_ms": 400.0, "stt_ms": 300.0, "llm_ms": 200.0, "tts_ms": 100.0},
        {"e2e_ms": 1000.0, "eou_ms": 400.0, "stt_ms": 500.0, "transport_ms": 50.0},
        {"e2e_ms": 300.0, "eou_ms": 200.0, "llm_ms": 400.0},
        {"e2e_ms": 500.0, "eou_ms": 200.0, "llm_ms": 400.0, "early_ms": 150.0},
        {"e2e_ms": 500.0, "eou_ms": 200.0, "llm_ms": 100.0, "early_ms": 150.0},
        {"llm_ms": 400.0},
    ]
    rows = [turn(place, f"{1:032x}", **each) for place, each in enumerate(delays)]
    traces.put(conn, world.id, [told(f"{1:032x}", started_ns=NOW * 1_000_000), *rows], NOW)
    found = trace_overview.overview(conn, world.id, since=NOW, until=NOW + HOUR, buckets=1)
    expected = [
        entries.Turn(trace="t", index=0, started_ns=1, **each).unexplained_ms for each in delays
    ]
    assert expected == [1000.0, 300.0, 450.0, 0.0, 50.0, 300.0, None]
    assert found.delays["unexplained"] == trace_overview.Delay(
        p50=300.0, p95=1000.0, p99=1000.0, turns=6
    )


def test_runs_that_fell_silent_are_counted(conn: Connection, day: World) -> None:
    """Beside those that ended."""
    happen(conn, day.id, 7, NOW + HOUR, status="lost")
    found = trace_overview.overview(conn, day.id, since=NOW, until=NOW + 24 * HOUR, buckets=24)
    assert (found.counts.lost, found.buckets[1].counts.lost) == (1, 1)


def test_one_agent(conn: Connection, day: World) -> None:
    """Of the others nothing is counted."""
    found = trace_overview.overview(
        conn, day.id, since=NOW, until=NOW + 24 * HOUR, buckets=1, agent="far"
    )
    assert (found.counts.traces, found.delays["e2e"].turns) == (1, 9)
    assert list(found.agents) == ["far"]


def test_a_time_in_which_nothing_happened(conn: Connection, day: World) -> None:
    """Zeros, and no delays."""
    found = trace_overview.overview(conn, day.id, since=0, until=1000, buckets=3)
    assert found.counts == trace_overview.Counts()
    assert found.delays == {}
    assert [each.at for each in found.buckets] == [0, 334, 668]


def test_of_many_turns_some_are_read(
    conn: Connection, day: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole traces, evenly chosen; counts stay exact, and the answer says what it rests on."""
    monkeypatch.setattr(trace_overview, "READ", 15)
    found = trace_overview.overview(conn, day.id, since=NOW, until=NOW + 24 * HOUR)
    assert (found.every, found.counts.turns) == (2, 30)
    assert found.delays["e2e"].turns in (9, 18)
    assert found.delays["e2e"].p50 == 500.0


@pytest.mark.parametrize(
    "asked",
    [
        {"since": 5, "until": 5},
        {"since": 6, "until": 5},
        {"since": 0, "until": 5, "buckets": 0},
        {"since": 0, "until": 5, "buckets": 401},
    ],
    ids=str,
)
def test_a_time_that_is_none_is_refused(
    conn: Connection, world: World, asked: dict[str, Any]
) -> None:
    """It says what an overview needs."""
    with pytest.raises(DuologueError, match="since before until, and 1 to 400 buckets"):
        trace_overview.overview(conn, world.id, **asked)

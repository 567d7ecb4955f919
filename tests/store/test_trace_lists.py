"""Lists of traces: newest first, filtered, searched; and all of one trace."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection
from tests.store.tracing import NS, RUN, line, span, told, turn
from tests.store.world import NOW, World, build

from duologue.errors import DuologueError
from duologue.store import trace_lists, traces
from duologue.store.trace_records import TraceFilter

DAY = 86_400_000


def run(number: int) -> str:
    """The trace of that number."""
    return f"{number:032x}"


@pytest.fixture
def five(conn: Connection, world: World) -> World:
    """Five traces, a day apart, of another organization one of each, too."""
    day = DAY * 1_000_000
    for number in range(5):
        trace = run(number)
        began = NS + number * day
        traces.put(
            conn,
            world.id,
            [
                told(
                    trace,
                    agent="front-desk" if number % 2 else "back-office",
                    source="duologue" if number < 3 else "otlp",
                    status=("active", "complete", "failed", "lost", "complete")[number],
                    outcome="booked" if number == 2 else "",
                    conversation_id=f"conv_{number}",
                    session_id=f"sess_{number}",
                    visitor_id=f"vis_{number % 2}",
                    started_ns=began,
                    cost_micros=number * 10,
                ),
                turn(
                    0,
                    trace,
                    started_ns=began,
                    e2e_ms=number * 500.0,
                    interrupted=number == 4,
                    user_text=f"I'd like a táble for {number}, e-mail me@example.com",
                    agent_text="" if number == 1 else "Booking it now",
                    tool_errors=number == 3,
                ),
                turn(1, trace, started_ns=began + 1, user_text="THANKS", e2e_ms=1.0),
            ],
            NOW,
        )
    other = build(conn, "other")
    traces.put(conn, other.id, [told(run(9)), turn(0, run(9), user_text="thanks table")], NOW)
    return world


def numbers(conn: Connection, world: World, **filters: Any) -> list[int]:
    """Which traces pass."""
    found = trace_lists.page(conn, world.id, filters=TraceFilter(**filters))
    return [int(each.id.removeprefix("run_"), 16) for each in found.items]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [4, 3, 2, 1, 0]),
        ({"agent": "front-desk"}, [3, 1]),
        ({"agent": "front"}, []),
        ({"status": "complete"}, [4, 1]),
        ({"outcome": "booked"}, [2]),
        ({"source": "otlp"}, [4, 3]),
        ({"conversation_id": "conv_2"}, [2]),
        ({"session_id": "sess_3"}, [3]),
        ({"visitor_id": "vis_1"}, [3, 1]),
        ({"live": True}, [0]),
        ({"live": False}, [4, 3, 2, 1]),
        ({"error": True}, [3, 2]),
        ({"error": False}, [4, 1, 0]),
        ({"interrupted": True}, [4]),
        ({"slow_ms": 1500.0}, [4, 3]),
        ({"min_cost_micros": 20}, [4, 3, 2]),
        ({"since": NOW + 2 * DAY}, [4, 3, 2]),
        ({"until": NOW + 2 * DAY}, [1, 0]),
        ({"since": NOW + DAY, "until": NOW + 3 * DAY, "agent": "front-desk"}, [1]),
        ({"text": "thanks"}, [4, 3, 2, 1, 0]),
        ({"text": "  "}, [4, 3, 2, 1, 0]),
        ({"text": "?!"}, []),
        ({"text": "3"}, [3]),
        ({"text": "TÁBLE thanks 2"}, [2]),
        ({"text": "table"}, []),
        ({"text": "example"}, [4, 3, 2, 1, 0]),
        ({"text": "me@example.com 4"}, [4]),
        ({"text": "book"}, []),
        ({"text": "book*"}, [4, 3, 2, 0]),
        ({"text": "I'd"}, [4, 3, 2, 1, 0]),
        ({"text": "thanks thanks", "error": True}, [3, 2]),
        ({"text": "' OR \" NEAR( & | !"}, []),
    ],
    ids=str,
)
def test_filters(
    conn: Connection, five: World, filters: dict[str, Any], expected: list[int]
) -> None:
    """Each lets through what it says, and they add up; never another organization's."""
    assert numbers(conn, five, **filters) == expected


def test_a_common_word_is_looked_for_trace_by_trace(
    conn: Connection, five: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It finds the same as a rare one."""
    monkeypatch.setattr("duologue.store.trace_words.COMMON", 0)
    assert numbers(conn, five, text="thanks 3") == [3]
    assert numbers(conn, five, text="now") == [4, 3, 2, 0]


def test_words_follow_what_a_turn_says_now(conn: Connection, five: World) -> None:
    """A word that was replaced is not found any more."""
    traces.put(conn, five.id, [turn(1, run(0), user_text="adieu")], NOW)
    assert numbers(conn, five, text="adieu") == [0]
    assert numbers(conn, five, text="thanks") == [4, 3, 2, 1]


def test_pages_go_on_where_the_last_ended(conn: Connection, five: World) -> None:
    """Also within traces that began in the same millisecond."""
    for number in range(10, 15):
        traces.put(conn, five.id, [told(run(number), started_ns=NS - 10**9)], NOW)
    seen: list[str] = []
    before = None
    while True:
        found = trace_lists.page(conn, five.id, before=before, limit=3)
        seen += [each.id for each in found.items]
        before = found.next
        if before is None:
            break
    expected = [f"run_{run(n)}" for n in (4, 3, 2, 1, 0, 14, 13, 12, 11, 10)]
    assert seen == expected


@pytest.mark.parametrize("cursor", ["x", "12", "12.conv_1", "9" * 30 + ".run_1", "-1.run_1"])
def test_a_cursor_of_another_list_is_refused(conn: Connection, world: World, cursor: str) -> None:
    """It is named."""
    with pytest.raises(DuologueError, match="is not the `next` of this list"):
        trace_lists.page(conn, world.id, before=cursor)


def test_more_text_than_anybody_looks_for_is_refused(conn: Connection, world: World) -> None:
    """With how much is allowed."""
    with pytest.raises(DuologueError, match="at most 200"):
        numbers(conn, world, text="x" * 201)


def test_all_of_a_trace(conn: Connection, world: World) -> None:
    """Its facts, spans by their beginning, turns by their index, lines by their time."""
    traces.put(
        conn,
        world.id,
        [
            told(agent="a", tags=["x"], usage='[{"n":1}]', attributes={"k": "v"}, status="active"),
            span(2, start_ns=NS + 2, parent="1" * 16, turn=1, events='[{"name":"e"}]'),
            span(1, start_ns=NS + 1, attributes='{"a":{"b":1}}', error="E", status="error"),
            turn(1, spoken=True, interrupted=True, interruption="audio_activity", eou_ms=1.5),
            turn(0, confidence=0.5, played_s=2.25, cost_micros=2),
            line(2, at_ns=NS + 2, span="2" * 16, logger="x", attributes='{"z":1}'),
            line(1, at_ns=NS + 1, level="error"),
        ],
        NOW,
    )
    found = trace_lists.get(conn, world.id, RUN)
    assert found is not None
    assert (found.tags, found.usage, found.attributes) == (["x"], [{"n": 1}], {"k": "v"})
    assert (found.has_recording, found.turns, found.cost_micros) == (False, 2, 2)
    first, second = trace_lists.spans_of(conn, world.id, RUN)
    assert (first.id, first.attributes, first.error) == (f"{1:016x}", {"a": {"b": 1}}, "E")
    assert (second.parent, second.turn, second.events) == ("1" * 16, 1, [{"name": "e"}])
    early, late = trace_lists.turns_of(conn, world.id, RUN)
    assert (early.index, early.confidence, early.played_s, early.spoken) == (0, 0.5, 2.25, False)
    assert (late.index, late.eou_ms, late.spoken, late.interrupted) == (1, 1.5, True, True)
    assert late.interruption == "audio_activity"
    lines = trace_lists.logs_of(conn, world.id, RUN)
    assert [(each.level, each.span, each.logger) for each in lines] == [
        ("error", "", ""),
        ("info", "2" * 16, "x"),
    ]
    assert [each.id for each in lines] == [f"{1:016x}", f"{2:016x}"]
    assert lines[1].attributes == {"z": 1}
    assert msgspec.json.encode([found, first, early, lines])


def test_a_stranger_reads_nothing(conn: Connection, world: World) -> None:
    """Another organization's trace of that id is not there."""
    traces.put(conn, world.id, [told(), span(1), turn(0), line(1)], NOW)
    other = build(conn, "other")
    assert trace_lists.get(conn, other.id, RUN) is None
    for read in (trace_lists.spans_of, trace_lists.turns_of, trace_lists.logs_of):
        assert read(conn, other.id, RUN) == []
    assert trace_lists.page(conn, other.id).items == []

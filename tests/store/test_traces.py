"""Writing what is told of runs: in any order, as often as it comes."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from sqlalchemy import Connection, select
from tests.store.tracing import NS, RUN, TRACE, line, row, span, told, turn
from tests.store.world import NOW, World, build

from duologue.errors import DuologueError
from duologue.store import traces
from duologue.store.database import Database
from duologue.store.tables import logs, metadata, spans, turns
from duologue.store.trace_records import TraceEntry

STORY: list[TraceEntry] = [
    told(source="duologue", agent="front-desk", started_ns=NS, status="active", tags=["a"]),
    span(1, start_ns=NS, end_ns=0, attributes='{"a":1}'),
    span(1, start_ns=NS, end_ns=NS + 5, status="ok", attributes='{"a":2}'),
    turn(0, ended_ns=NS + 5, e2e_ms=800.0, tools=1, cost_micros=5),
    turn(1, ended_ns=NS + 9, interrupted=True, e2e_ms=1200.5, errors=1, tool_errors=2),
    turn(2, ended_ns=NS + 9, agent_text="", cost_micros=7),
    span(2, kind="error", start_ns=NS + 1, end_ns=NS + 2, status="error", error="TimeoutError"),
    line(1, level="error", text="it broke"),
    told(status="complete", ended_ns=NS + 10**10, reason="left", tags=["b"], dropped=3),
    told(outcome="booked", attributes={"room": 1}, usage='[{"model":"m"}]'),
]


def everything(conn: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """All rows that hang on traces, without numbers and what depends on repeats."""
    kept = {}
    for table in (spans, turns, logs):
        found = conn.execute(select(*[c for c in table.c if c.name != "trace_seq"])).fetchall()
        kept[table.name] = sorted(tuple(each) for each in found)
    return kept


@pytest.mark.parametrize(
    "first",
    [
        told(),
        span(1),
        turn(0),
        line(1),
    ],
    ids=["trace", "span", "turn", "log"],
)
def test_whatever_comes_first_makes_the_trace(
    conn: Connection, world: World, first: TraceEntry
) -> None:
    """Its status is active, and it began with what was told."""
    traces.put(conn, world.id, [first], NOW + 9)
    made = row(conn)
    assert (made["status"], made["last_seen_at"], made["has_recording"]) == (
        "active",
        NOW + 9,
        False,
    )
    assert made["started_at"] == (NOW + 9 if first == told() else NOW)


def test_a_story_is_counted(conn: Connection, world: World) -> None:
    """What lists show of a trace follows from its turns, spans and logs."""
    traces.put(conn, world.id, STORY, NOW + 1)
    made = row(conn)
    expected = {
        "source": "duologue",
        "agent": "front-desk",
        "status": "complete",
        "reason": "left",
        "outcome": "booked",
        "started_at": NOW,
        "ended_at": NOW + 10_000,
        "turns": 3,
        "interrupted": 1,
        "unanswered": 1,
        "errors": 2,
        "tool_errors": 2,
        "e2e_max_ms": 1200.5,
        "cost_micros": 12,
        "dropped": 3,
        "tags": '["a","b"]',
        "usage": '[{"model":"m"}]',
        "attributes": '{"room":1}',
    }
    assert {name: made[name] for name in expected} == expected


@pytest.mark.parametrize("seed", range(5))
def test_order_and_repeats_change_nothing(conn: Connection, world: World, seed: int) -> None:
    """Told shuffled, in pieces, and twice: every row is as if it had been told once in order."""
    traces.put(conn, world.id, STORY, NOW + 1)
    before, found = row(conn), everything(conn)
    chance = random.Random(seed)
    again = STORY * 2
    chance.shuffle(again)
    other = build(conn, "other")
    while again:
        size = chance.randrange(1, 6)
        piece, again = again[:size], again[size:]
        traces.put(conn, other.id, piece, NOW + 1)
        traces.put(conn, world.id, piece, NOW + 1)
    assert row_of(conn, world.id) == before
    assert row_of(conn, other.id) | {"seq": before["seq"], "org_id": world.id} == before | {
        "tags": row_of(conn, other.id)["tags"]
    }
    assert everything(conn) == {
        name: sorted(rows * 2) for name, rows in found.items()
    }  # both organizations'


def row_of(conn: Connection, org_id: str) -> dict[str, Any]:
    """The row of the trace that an organization has under the usual id."""
    table = metadata.tables["traces"]
    query = select(table).where(table.c.org_id == org_id, table.c.id == RUN)
    return dict(conn.execute(query).mappings().one())


def test_a_turn_is_replaced_and_counted_once(conn: Connection, world: World) -> None:
    """Its delays come one after the other; a copy from before its end changes nothing."""
    traces.put(conn, world.id, [turn(0, agent_text="", cost_micros=1)], NOW)
    assert (row(conn)["turns"], row(conn)["unanswered"]) == (1, 1)
    done = turn(0, ended_ns=NS + 5, e2e_ms=700.0, cost_micros=9, errors=1)
    for each in (done, done, turn(0, e2e_ms=1.0)):
        traces.put(conn, world.id, [each], NOW)
    made = row(conn)
    assert (made["turns"], made["unanswered"], made["errors"]) == (1, 0, 1)
    assert (made["e2e_max_ms"], made["cost_micros"]) == (700.0, 9)
    traces.put(conn, world.id, [turn(0, ended_ns=NS + 5, e2e_ms=300.0)], NOW)
    made = row(conn)
    assert (made["e2e_max_ms"], made["cost_micros"], made["errors"]) == (300.0, 0, 0)


def test_what_the_source_says_of_cost_counts(conn: Connection, world: World) -> None:
    """The whole may cost more than its turns; it stays when more turns are told."""
    traces.put(conn, world.id, [turn(0, cost_micros=5), told(cost_micros=40)], NOW)
    traces.put(conn, world.id, [turn(1, cost_micros=5)], NOW)
    assert row(conn)["cost_micros"] == 40


def test_a_lost_trace_lives_when_something_is_told(conn: Connection, world: World) -> None:
    """It was taken for lost too early; one that ended stays ended."""
    traces.put(conn, world.id, [told(status="lost")], NOW)
    traces.put(conn, world.id, [span(1)], NOW + 5)
    assert (row(conn)["status"], row(conn)["ended_at"]) == ("active", None)
    traces.put(conn, world.id, [told(status="failed")], NOW + 6)
    traces.put(conn, world.id, [told(status="active"), span(2)], NOW + 7)
    assert (row(conn)["status"], row(conn)["ended_at"]) == ("failed", NOW + 6)


def test_bytes_are_those_of_what_is_there(conn: Connection, world: World) -> None:
    """A span that is told again counts by its new size; repeats of lines count once."""
    traces.put(conn, world.id, [span(1, end_ns=0), line(1)], NOW)
    small = row(conn)["bytes"]
    large = span(1, attributes='{"words":"' + "x" * 1000 + '"}')
    for _ in range(2):
        traces.put(conn, world.id, [large, line(1)], NOW)
    assert row(conn)["bytes"] == small + len(large.attributes) - 2
    sizes = conn.execute(select(spans.c.size)).scalars().all()
    assert sum(sizes) + 100 + len("connected") + 2 == row(conn)["bytes"]


def test_text_that_no_database_keeps_is_mended(conn: Connection, world: World) -> None:
    """NUL and half a character become marks; the rest of the writing is not lost for them."""
    traces.put(
        conn, world.id, [turn(0, user_text="a\0b\ud800"), line(1, text="\0"), told(room="\0")], NOW
    )
    assert conn.execute(select(turns.c.user_text)).scalar_one() == "a\ufffdb?"
    assert row(conn)["room"] == "\ufffd"


@pytest.mark.parametrize("index", [-1, 2**20])
def test_a_turn_has_its_place(conn: Connection, world: World, index: int) -> None:
    """An index that would be another trace's in the index of words is refused."""
    with pytest.raises(DuologueError, match=rf"0 to 1048575, not {index}"):
        traces.put(conn, world.id, [turn(index)], NOW)


def test_organizations_have_traces_of_the_same_id(conn: Connection, world: World) -> None:
    """Ids come from outside: one organization's do not touch the other's."""
    other = build(conn, "other")
    traces.put(conn, world.id, [told(agent="ours")], NOW)
    traces.put(conn, other.id, [told(agent="theirs"), span(1)], NOW)
    assert row_of(conn, world.id)["agent"] == "ours"
    assert row_of(conn, other.id)["agent"] == "theirs"
    seq = traces.seq_of(conn, world.id, RUN, NOW)
    assert conn.execute(select(spans).where(spans.c.trace_seq == seq)).fetchall() == []
    assert TRACE in RUN


async def test_writers_at_the_same_time_lose_nothing(url: str) -> None:
    """Twenty units at once, of the same three traces in any order: all is there, counted once."""
    db = await Database.open(url)
    world = await db.write(build, "ours")
    chance = random.Random(3)
    names = [f"{number:032x}" for number in range(3)]

    def batch(number: int) -> list[TraceEntry]:
        rows: list[TraceEntry] = [turn(number, name, cost_micros=2) for name in names]
        rows += [span(number, name) for name in names]
        chance.shuffle(rows)
        return rows

    async with asyncio.TaskGroup() as writing:
        for number in [*range(10), *range(10)]:
            writing.create_task(db.write(traces.put, world.id, batch(number), NOW))
    for name in names:
        made = await db.read(row, f"run_{name}")
        assert (made["turns"], made["cost_micros"], made["bytes"]) == (10, 20, 10 * 104)
    await db.close()

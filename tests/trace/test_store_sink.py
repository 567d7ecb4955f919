"""Entries arrive in the store as they are, once, each with its own organization."""

from __future__ import annotations

from pathlib import Path

from duologue.store import organizations, trace_lists
from duologue.store.database import Database
from duologue.trace.entries import Entry, Log, Span, Trace, Turn
from duologue.trace.store_sink import StoreSink

ONE = "0" * 31 + "1"
TWO = "0" * 31 + "2"
NOW = 1_800_000_000_000
NS = NOW * 1_000_000

STORY: list[Entry] = [
    Trace(trace=ONE, status="active", agent="desk", source="duologue", started_ns=NS),
    Span(
        trace=ONE,
        id="a" * 16,
        parent="b" * 16,
        name="llm_request",
        kind="llm",
        start_ns=NS,
        end_ns=NS + 5,
        status="error",
        error="APIError",
        attributes={"gen_ai.request.model": "m", "odd": {1, 2}},
        events=[{"name": "exception", "at_ns": NS}],
    ),
    Turn(trace=ONE, index=0, started_ns=NS, user_text="hi", agent_text="hello", e2e_ms=800.5),
    Log(trace=ONE, id="c" * 16, at_ns=NS, level="warning", text="slow", attributes={"n": 1}),
    Trace(
        trace=ONE,
        status="complete",
        reason="left",
        usage=[{"type": "llm_usage", "cost_micros": None}],
        dropped=3,
    ),
]


async def test_a_run_s_story_is_kept_whole_however_often_it_is_told(tmp_path: Path) -> None:
    """All four kinds of entries come back with their fields; a repeat changes nothing."""
    db = await Database.open(f"sqlite:///{tmp_path / 'duologue.db'}")
    organization = await db.read(organizations.get, "default")
    assert organization is not None
    org = organization.id
    sink = StoreSink(db, org, lambda: NOW)
    for _ in range(2):
        await sink.write(STORY)
    run = f"run_{ONE}"
    trace = await db.read(trace_lists.get, org, run)
    assert trace is not None
    assert (trace.agent, trace.status, trace.reason) == ("desk", "complete", "left")
    assert (trace.turns, trace.dropped, trace.e2e_max_ms) == (1, 3, 800.5)
    assert trace.usage == [{"type": "llm_usage", "cost_micros": None}]
    (span,) = await db.read(trace_lists.spans_of, org, run)
    assert (span.id, span.parent, span.kind, span.error) == ("a" * 16, "b" * 16, "llm", "APIError")
    assert span.attributes["gen_ai.request.model"] == "m"
    assert span.events == [{"name": "exception", "at_ns": NS}]
    (turn,) = await db.read(trace_lists.turns_of, org, run)
    assert (turn.user_text, turn.agent_text, turn.e2e_ms) == ("hi", "hello", 800.5)
    (line,) = await db.read(trace_lists.logs_of, org, run)
    assert (line.text, line.level, line.attributes) == ("slow", "warning", {"n": 1})
    await sink.close()
    await db.close()


async def test_nobody_s_entries_are_left_out(tmp_path: Path) -> None:
    """A trace whose organization is not known, or not any more, is not written."""
    db = await Database.open(f"sqlite:///{tmp_path / 'duologue.db'}")
    organization = await db.read(organizations.get, "default")
    assert organization is not None
    orgs = {ONE: organization.id}
    sink = StoreSink(db, orgs.get)
    await sink.write([Trace(trace=ONE), Trace(trace=TWO)])
    await sink.write([Trace(trace=TWO)])
    assert await db.read(trace_lists.get, organization.id, f"run_{ONE}") is not None
    assert await db.read(trace_lists.get, organization.id, f"run_{TWO}") is None
    await db.close()

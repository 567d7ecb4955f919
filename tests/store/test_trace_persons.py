"""Whose answers they were: the agent's, or a person's in its place."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from tests.store.tracing import NS, RUN, span, told, turn
from tests.store.world import World

from duologue.store import trace_export, traces
from duologue.store.trace_persons import persons, turns_of

ADA = '{"state": "taken_over", "who": "person", "name": "Ada", "lk.pii.said": ["I am Ada."]}'


def test_a_turn_is_whose_words_it_has(world: World, conn: Connection) -> None:
    """Of what was said while a person was there; the agent's own stay the agent's."""
    rows: Any = [
        turn(0, agent_text="I am Ada.", started_ns=NS - 60 * 10**9, ended_ns=NS - 50 * 10**9),
        turn(1, agent_text="I am Ada.", started_ns=NS + 10**9, ended_ns=NS + 2 * 10**9),
        turn(2, agent_text="Hello, I am Ada. Yes.", started_ns=NS - 10**9, ended_ns=NS + 3 * 10**9),
        turn(3, agent_text="I am the agent.", started_ns=NS + 10**9, ended_ns=NS + 2 * 10**9),
        turn(4, agent_text="I am Ada.", started_ns=NS + 60 * 10**9, ended_ns=NS + 61 * 10**9),
        span(
            7,
            name="takeover",
            kind="state",
            start_ns=NS,
            end_ns=NS + 30 * 10**9,
            attributes=ADA,
        ),
        span(8, name="takeover", kind="state", start_ns=NS, attributes='{"name": 7}'),
        span(9, name="takeover", kind="state", start_ns=NS, attributes="{}"),
    ]
    traces.put(conn, world.id, [told(), *rows], NS // 10**6)
    found = persons(conn, world.id, RUN)
    assert [(one.name, one.said) for one in found] == [("Ada", ["I am Ada."])]
    told_of = turns_of(conn, world.id, RUN)
    assert [each.person for each in told_of] == ["", "Ada", "Ada", "", ""]
    whole = trace_export.whole(conn, world.id, RUN)
    assert whole is not None
    assert whole.turn_list == told_of
    assert persons(conn, "org_other", RUN) == []

"""What a conversation's first words are; sign-ins are tested with the doorkeeper."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection
from tests.store.plans import plans
from tests.store.tracing import NS, RUN, TRACE, span, told, turn
from tests.store.world import NOW, World, build

from duologue.store import console_lists, traces
from duologue.store.trace_records import TraceEntry


def test_first_words_are_the_users(conn: Connection, world: World) -> None:
    """Or the agent's, where nobody answered it; another organization's are not read."""
    greeted = "2" * 32
    rows: list[TraceEntry] = [
        told(),
        turn(0, user_text="", agent_text="Welcome."),
        turn(1, user_text="A table, please."),
        told(greeted),
        turn(0, greeted, user_text="", agent_text="Is anybody there?"),
    ]
    traces.put(conn, world.id, rows, NOW)
    others = build(conn, "others")
    ids = [RUN, f"run_{greeted}", "run_unknown"]
    assert TRACE in RUN
    assert console_lists.first_words(conn, world.id, ids) == {
        RUN: "A table, please.",
        f"run_{greeted}": "Is anybody there?",
    }
    assert console_lists.first_words(conn, others.id, ids) == {}


def test_the_longest_steps_are_drawn_and_the_rest_counted(conn: Connection, world: World) -> None:
    """What failed or goes on comes first; other kinds, times and organizations do not count."""
    rows: list[TraceEntry] = [told()]
    rows += [span(n, kind="llm", start_ns=NS + n, end_ns=NS + n + n * 1000) for n in range(1, 8)]
    rows.append(span(20, kind="error", start_ns=NS + 50, end_ns=NS + 50))
    rows.append(span(21, kind="tool", start_ns=NS + 40, end_ns=0))
    rows.append(span(22, kind="state", start_ns=NS, end_ns=NS + 10**9))
    rows.append(span(23, kind="llm", start_ns=NS + 10**12, end_ns=NS + 10**12 + 1))
    traces.put(conn, world.id, rows, NOW)
    others = build(conn, "others")

    def drawn(org_id: str, limit: int) -> tuple[list[str], int]:
        found, left = console_lists.marks(
            *(conn, org_id, RUN),
            since_ns=NS,
            until_ns=NS + 10**9,
            kinds=("llm", "tool", "error"),
            names=(),
            limit=limit,
        )
        return [each.id for each in found], left

    assert drawn(world.id, 4) == ([f"{n:016x}" for n in (6, 7, 21, 20)], 5)
    assert drawn(world.id, 9)[1] == 0
    assert drawn(others.id, 9) == ([], 0)


def test_agents_are_those_that_runs_name(conn: Connection, world: World) -> None:
    """Each once, by the alphabet, no more than asked for; of somebody else's none."""
    for place, name in enumerate(("beta", "alpha", "", "beta", "gamma")):
        entry = told(f"{place + 1:032x}", agent=name, source="otlp", started_ns=NS)
        traces.put(conn, world.id, [entry], NOW)
    traces.put(conn, build(conn, "theirs").id, [told("e" * 32, agent="delta", started_ns=NS)], NOW)
    assert console_lists.agents_told(conn, world.id, 9) == ["alpha", "beta", "gamma"]
    assert console_lists.agents_told(conn, world.id, 1) == ["alpha"]
    assert console_lists.agents_told(conn, "org_none", 9) == []


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_names_of_agents_are_found_without_reading_every_run(conn: Connection) -> None:
    """From name to name along their index."""
    plan = plans(conn, lambda: console_lists.agents_told(conn, "org_1", 9))
    assert "USING COVERING INDEX ix_traces_agent (org_id=? AND agent>?)" in plan

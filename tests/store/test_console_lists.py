"""What a conversation's first words are; sign-ins are tested with the doorkeeper."""

from __future__ import annotations

from sqlalchemy import Connection
from tests.store.tracing import RUN, TRACE, told, turn
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

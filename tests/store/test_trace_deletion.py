"""Traces that fell silent, traces of long ago, and traces that somebody wants to be gone."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, select
from tests.store.tracing import NS, RUN, line, row, span, told, turn
from tests.store.visiting import VISITOR, batch, page
from tests.store.world import NOW, World, build

from duologue.store import (
    agents,
    conversations,
    forgetting,
    messages,
    recordings,
    sessions,
    trace_deletion,
    trace_keeping,
    trace_lists,
    traces,
    visitors,
    visits,
)
from duologue.store.tables import metadata
from duologue.store.trace_records import TraceEntry, TraceFilter

HANGING = ("spans", "turns", "logs", "links", "traces")


def full(conn: Connection, world: World, number: int = 1, **facts: Any) -> str:
    """A trace with one of everything; its run's id."""
    trace = f"{number:032x}"
    run = f"run_{trace}"
    known: dict[str, Any] = {"status": "complete", "started_ns": NS} | facts
    rows: list[TraceEntry] = [told(trace, **known), span(1, trace), turn(0, trace), line(1, trace)]
    traces.put(conn, world.id, rows, NOW)
    recordings.start(
        conn, world.id, run, path=f"{number}.ogg", format="ogg", started_ns=NS, now=NOW
    )
    conn.execute(
        metadata.tables["links"]
        .insert()
        .values(
            id=f"link_{number}",
            org_id=world.id,
            trace_seq=traces.seq_of(conn, world.id, run, NOW),
            hash=f"{number}",
            created_at=NOW,
            expires_at=NOW,
        )
    )
    return run


def left(conn: Connection) -> dict[str, int]:
    """How many rows there are of everything that hangs on traces."""
    tables = [metadata.tables[name] for name in HANGING]
    return {each.name: len(conn.execute(select(each)).fetchall()) for each in tables}


def words(conn: Connection, world: World) -> int:
    """How many traces are found by a word of theirs."""
    found = trace_lists.page(conn, world.id, filters=TraceFilter(text="hello"))
    return len(found.items)


@pytest.mark.parametrize("how", ["trace", "conversation", "session", "run", "visitor", "held"])
def test_everything_goes_with_it(conn: Connection, world: World, how: str) -> None:
    """Spans, turns, logs, links and words; of recordings the row stays until its file is gone."""
    visits.record(conn, world.id, batch(page("/")), NOW)
    visits.link(conn, world.id, world.conversation.id, VISITOR, NOW)
    facts: dict[str, Any] = {"conversation_id": world.conversation.id}
    if how == "visitor":
        facts = {"visitor_id": VISITOR}
    if how == "session":
        facts = {"session_id": world.session.id}
    if how == "run":  # another session came into it later
        facts = {"session_id": "sess_later"}
        assert sessions.open(conn, world.id, world.session.id, f"run_{1:032x}", NOW)
    run = full(conn, world, **facts)
    kept = full(conn, world, 2, conversation_id="conv_x", session_id="sess_x", visitor_id="vis_x")
    assert words(conn, world) == 2
    match how:
        case "trace":
            assert trace_deletion.delete_one(conn, world.id, run)
            assert not trace_deletion.delete_one(conn, world.id, run)
        case "conversation":
            assert conversations.delete(conn, world.id, world.conversation.id)
        case "session" | "run":
            assert forgetting.forget_session(conn, world.id, world.session.id)
        case _:
            gone = visitors.forget(conn, world.id, VISITOR)
            assert gone is not None
            assert gone.traces == 1
    assert left(conn) == dict.fromkeys(HANGING, 1)
    assert words(conn, world) == 1
    assert trace_lists.get(conn, world.id, kept) is not None
    (discarded,) = recordings.discarded(conn)
    assert discarded.path == "1.ogg"
    recordings.erased(conn, [discarded.id])
    assert recordings.discarded(conn) == []
    assert [each.path for each in recordings.of(conn, world.id, kept)] == ["2.ogg"]


def test_a_session_is_forgotten_with_what_was_said_in_it(conn: Connection, world: World) -> None:
    """Its conversation stays, and can be resumed by a new session."""
    assert forgetting.forget_session(conn, world.id, world.session.id)
    assert not forgetting.forget_session(conn, world.id, world.session.id)
    assert sessions.get(conn, world.id, world.session.id) is None
    assert messages.of(conn, world.id, world.conversation.id) == []
    found = conversations.get(conn, world.id, world.conversation.id)
    assert found is not None
    assert found.current_session_id is None


def test_a_visitor_who_is_known_by_traces_only(conn: Connection, world: World) -> None:
    """No tracker told of them, and yet all that is kept goes."""
    full(conn, world, visitor_id="vis_far")
    gone = visitors.forget(conn, world.id, "vis_far")
    assert gone is not None
    assert (gone.visits, gone.traces) == (0, 1)
    assert visitors.forget(conn, world.id, "vis_far") is None


def test_nothing_in_particular_deletes_nothing(conn: Connection, world: World) -> None:
    """Neither a conversation nor a session was named."""
    full(conn, world)
    assert trace_deletion.delete_linked(conn, world.id) == 0


def test_silent_traces_are_lost(conn: Connection, world: World) -> None:
    """They ended when something was last told of them; those that ended themselves stay."""
    full(conn, world, 1, status="active")
    full(conn, world, 2, status="complete")
    assert trace_deletion.mark_lost(conn, NOW) == 0
    assert trace_deletion.mark_lost(conn, NOW + 1) == 1
    assert (row(conn)["status"], row(conn)["ended_at"]) == ("lost", NOW)
    assert row(conn, f"run_{2:032x}")["status"] == "complete"
    assert trace_deletion.mark_lost(conn, NOW + 1) == 0


@pytest.mark.parametrize("source", ["insights", "otlp"])
def test_silence_says_little_of_a_source_that_tells_only_what_happens(
    conn: Connection, world: World, source: str
) -> None:
    """A quarter of an hour of it does; so nothing flickers while a caller thinks."""
    full(conn, world, status="active", source=source)
    assert trace_deletion.mark_lost(conn, NOW + trace_deletion.QUIET_MS) == 0
    assert trace_deletion.mark_lost(conn, NOW + trace_deletion.QUIET_MS + 1) == 1


def test_an_agent_may_have_a_rule_of_its_own(conn: Connection, world: World) -> None:
    """By its definition, or by a table of the settings, field by field before the definition."""
    assert trace_keeping.own(conn, {}) == {}
    definition = '{"slug":"desk","trace_days":7,"trace_megabytes":0,"greeting":"Hi"}'
    agents.put(
        conn, world.id, slug="desk", name="", definition=definition, source="", now=NOW,
        publish=True,
    )  # fmt: skip
    tables: dict[str, dict[str, Any]] = {
        "far": {"trace_megabytes": 5},
        "dressed": {"widget": {}},
        "desk": {"trace_days": 9},
    }
    rules = trace_keeping.own(conn, tables)
    assert rules[world.id, "desk"] == trace_keeping.Rule(9, 0)
    assert rules[world.id, "far"] == trace_keeping.Rule(None, 5)
    assert {name for _, name in rules} == {"desk", "far"}
    ours = {who: rule for who, rule in rules.items() if who[0] == world.id}
    assert trace_keeping.own(conn, tables, world.id) == ours
    others = trace_keeping.own(conn, tables, "org_other")
    assert others == {
        ("org_other", "far"): trace_keeping.Rule(None, 5),
        ("org_other", "desk"): trace_keeping.Rule(9, None),
    }


def test_what_is_kept_of_an_agent_goes_by_its_own_rule(conn: Connection, world: World) -> None:
    """Longer or shorter than that of the others, larger or smaller."""
    other = build(conn, "other")
    for owner in (world, other):
        for number, agent in enumerate(["long", "short", "desk"], start=1 if owner is world else 5):
            full(conn, owner, number, agent=agent, started_ns=5_000_000)
    apart = {(world.id, "long"): 5, (world.id, "short"): 6}
    assert trace_deletion.prune_older(conn, 5, apart=apart) == 1
    assert names(conn, world) == ["desk", "long"]
    assert trace_deletion.prune_older(conn, 6, apart=apart) == 4
    assert (names(conn, world), names(conn, other)) == (["long"], [])
    assert trace_deletion.prune_larger(conn, 1, apart={(world.id, "long"): 0}) == 0
    assert trace_deletion.prune_larger(conn, 0, apart={(world.id, "long"): 1}) == 1


def names(conn: Connection, world: World) -> list[str]:
    """Whose traces an organization has."""
    return sorted(each.agent for each in trace_lists.page(conn, world.id).items)


def test_old_traces_are_pruned(conn: Connection, world: World) -> None:
    """Of all organizations, but none that is still active."""
    other = build(conn, "other")
    for number, (owner, began, status) in enumerate(
        [
            (world, 1, "complete"),
            (world, 5, "complete"),
            (other, 2, "lost"),
            (other, 2, "active"),
        ]
    ):
        full(conn, owner, number, started_ns=began * 1_000_000, status=status)
    assert trace_deletion.prune_older(conn, 5) == 2
    assert [each.id[-1] for each in trace_lists.page(conn, world.id).items] == ["1"]
    assert [each.id[-1] for each in trace_lists.page(conn, other.id).items] == ["3"]


def test_the_oldest_traces_of_an_agent_that_takes_too_much_are_pruned(
    conn: Connection, world: World
) -> None:
    """Until it takes less; sound counts; another agent keeps its own."""
    for number in range(1, 5):
        agent = "small" if number == 1 else "large"
        full(conn, world, number, agent=agent, started_ns=NS + number)
    (sound,) = recordings.of(conn, world.id, f"run_{4:032x}")
    assert recordings.finish(conn, world.id, sound.id, duration_ms=5, size=10_000)
    assert not recordings.finish(conn, world.id, sound.id, duration_ms=5, size=10_000)
    sizes = [row(conn, f"run_{number:032x}")["bytes"] for number in range(1, 5)]
    assert sizes[3] == sizes[2] + 10_000
    assert trace_deletion.prune_larger(conn, sum(sizes[1:])) == 0
    assert trace_deletion.prune_larger(conn, sum(sizes[1:]) - 1) == 1
    assert trace_deletion.prune_larger(conn, sizes[3]) == 1
    found = [each.id[-1] for each in trace_lists.page(conn, world.id).items]
    assert sorted(found) == ["1", "4"]


def test_a_recording_makes_its_trace(conn: Connection, world: World) -> None:
    """A recording may be told of before anything else; lists show that there is one."""
    made = recordings.start(conn, world.id, RUN, path="x.ogg", format="ogg", started_ns=NS, now=NOW)
    assert recordings.of(conn, world.id, RUN) == [made]
    found = trace_lists.get(conn, world.id, RUN)
    assert found is not None
    assert found.has_recording

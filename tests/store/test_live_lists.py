"""Which conversations go on, as the store knows it."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection
from tests.store.plans import plans
from tests.store.tracing import NS, told, turn
from tests.store.world import NOW, World, authorize, build

from duologue.store import live_lists, messages, sessions, traces
from duologue.store.trace_records import TraceEntry


def say(conn: Connection, world: World, text: str, **values: str) -> None:
    """A line of the world's conversation."""
    known = {"role": "user", "kind": "message"} | values
    messages.append(
        conn,
        world.id,
        conversation_id=world.conversation.id,
        run_id=world.run.id,
        session_id=None,
        turn_id="t",
        text=text,
        now=NOW,
        **known,  # type: ignore[arg-type]  # the two names above, of their literals
    )


def test_sessions_that_are_live_or_waited_for_go_on(conn: Connection) -> None:
    """Newest first, with their agent and no more than asked for; those that ended do not."""
    ours = build(conn, "ours")
    at = (ours.conversation.id, ours.agent.id, ours.key.id)
    opened = [ours.session.id]
    sessions.open(conn, ours.id, opened[0], ours.run.id, NOW)
    for number in range(3):
        opened.append(authorize(conn, ours.id, *at, f"{number}").id)
        sessions.open(conn, ours.id, opened[-1], ours.run.id, NOW)
    sessions.detach(conn, ours.id, opened[1], NOW)
    sessions.end(conn, ours.id, opened[2], "left", NOW, void=False)
    found = live_lists.going_on(conn, ours.id, 10)
    expected = [(opened[3], "live"), (opened[1], "detached"), (opened[0], "live")]
    assert sorted((each.session_id, each.state) for each in found) == sorted(expected)
    assert [each.session_id for each in found] == sorted(
        (each.session_id for each in found), reverse=True
    )
    assert {each.agent for each in found} == {ours.agent.name}
    assert {each.conversation_id for each in found} == {ours.conversation.id}
    assert len(live_lists.going_on(conn, ours.id, 2)) == 2


def test_the_last_words_are_those_that_were_said(conn: Connection) -> None:
    """No tool's, no error's, none that were not kept; cut at a length."""
    ours = build(conn, "ours")
    say(conn, ours, "first")
    say(conn, ours, "the last words", role="assistant")
    say(conn, ours, "", role="assistant")
    say(conn, ours, "look_up", role="tool", kind="tool_call")
    found = live_lists.last_words(conn, ours.id, [ours.conversation.id, "conv_other"], 8)
    assert found == {ours.conversation.id: ("assistant", "the last")}


def test_runs_that_others_tell_of_go_on_elsewhere(conn: Connection) -> None:
    """Newest first, with their turns; none of ours, none that is over, none of somebody else."""
    ours, theirs = build(conn, "ours"), build(conn, "theirs")
    names = {each: f"{place:032x}" for place, each in enumerate("abcdef", 1)}

    def run(name: str, **facts: object) -> list[TraceEntry]:
        known = {"agent": name, "source": "otlp", "status": "active", "started_ns": NS} | facts
        said = turn(0, names[name], started_ns=known["started_ns"])
        return [told(names[name], **known), said]

    traces.put(conn, ours.id, run("a"), NOW)
    traces.put(conn, ours.id, run("b", started_ns=NS + 10**9, source="insights"), NOW)
    traces.put(conn, ours.id, run("c", source="duologue"), NOW)
    traces.put(conn, ours.id, run("d", status="complete", ended_ns=NS + 10**9), NOW)
    traces.put(conn, theirs.id, run("e"), NOW)
    found = live_lists.elsewhere(conn, ours.id, 10)
    assert [(each.agent, each.source, each.turns) for each in found] == [
        ("b", "insights", 1),
        ("a", "otlp", 1),
    ]
    assert (found[0].id, found[0].started_at) == (f"run_{names['b']}", NOW + 1000)
    assert [each.agent for each in live_lists.elsewhere(conn, ours.id, 1)] == ["b"]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_what_goes_on_elsewhere_is_found_without_reading_the_past(conn: Connection) -> None:
    """By the index of those that go on, however many are over."""
    plan = plans(conn, lambda: live_lists.elsewhere(conn, "org_1", 100))
    assert "USING INDEX ix_traces_active" in plan
    assert "SCAN traces\n" not in f"{plan}\n"

"""What a killed process leaves is made true again."""

from __future__ import annotations

from sqlalchemy import Connection, update
from tests.store.world import HOUR, NOW, World, authorize

from duologue.store import messages, recovery, runs, sessions, tables
from duologue.store.records import Message, Run, Session


def say(conn: Connection, world: World, text: str, *, final: bool, item: object = None) -> Message:
    """A line in the world's run."""
    return messages.append(
        conn,
        world.id,
        conversation_id=world.conversation.id,
        run_id=world.run.id,
        session_id=world.session.id,
        turn_id="t",
        role="assistant",
        kind="message",
        text=text,
        item=item,
        final=final,
        now=NOW,
    )


def state(conn: Connection, world: World) -> tuple[Session, Run, list[tuple[str, bool, bool]]]:
    """The session, the run and the transcript as they are stored."""
    session = sessions.get(conn, world.id, world.session.id)
    run = runs.get(conn, world.id, world.run.id)
    assert session is not None
    assert run is not None
    said = messages.of(conn, world.id, world.conversation.id)[1:]
    return session, run, [(each.text, each.final, each.interrupted) for each in said]


def test_live_becomes_detached_and_the_unfinished_is_closed(conn: Connection, world: World) -> None:
    """The key stays; half an answer is final and interrupted; an empty one never was."""
    sessions.open(conn, world.id, world.session.id, world.run.id, NOW)
    say(conn, world, "whole", final=True)
    say(conn, world, "hal", final=False)
    say(conn, world, "", final=False)
    say(conn, world, "", final=False, item={"call": 1})
    assert recovery.processes(conn) == ["one"]
    found = recovery.after_crash(conn, ["one"], NOW + 9)
    assert found == recovery.Recovered(sessions=1, runs=1, messages=2)
    session, run, said = state(conn, world)
    assert (session.state, session.detached_at) == ("detached", NOW + 9)
    assert session.key_hash is not None
    assert (run.ended_at, run.end_reason) == (NOW + 9, "server_lost")
    assert said == [("whole", True, False), ("hal", True, True), ("", True, True)]
    assert recovery.after_crash(conn, ["one"], NOW + 10) == recovery.Recovered(0, 0, 0)
    assert recovery.processes(conn) == []


def test_another_process_keeps_what_it_runs(conn: Connection, world: World) -> None:
    """Only the sessions, runs and messages of processes that are gone are touched."""
    sessions.open(conn, world.id, world.session.id, world.run.id, NOW)
    say(conn, world, "hal", final=False)
    assert recovery.after_crash(conn, ["two"], NOW) == recovery.Recovered(0, 0, 0)
    assert recovery.after_crash(conn, [], NOW) == recovery.Recovered(0, 0, 0)
    assert state(conn, world)[0].state == "live"
    assert recovery.after_crash(conn, ["two", "one"], NOW) == recovery.Recovered(1, 1, 1)


def test_a_session_that_outlived_its_run_is_detached_too(conn: Connection, world: World) -> None:
    """An older process killed between the two writes is known by the session alone."""
    sessions.open(conn, world.id, world.session.id, world.run.id, NOW)
    conn.execute(update(tables.runs).values(ended_at=NOW, end_reason="left"))
    assert recovery.processes(conn) == ["one"]
    assert recovery.after_crash(conn, ["one"], NOW) == recovery.Recovered(1, 0, 0)
    assert state(conn, world)[0].state == "detached"


def test_a_sweep_ends_what_nobody_comes_back_to(conn: Connection, world: World) -> None:
    """A dropped session after its grace, an unopened one after its key; a live one never."""
    at = (conn, world.id, world.session.id)
    sessions.open(*at, world.run.id, NOW)
    late = NOW + 2 * HOUR
    assert recovery.sweep(conn, detached_before=late, now=late) == (0, [])
    sessions.detach(*at, NOW + 5)
    assert recovery.sweep(conn, detached_before=NOW + 5, now=NOW + 5) == (0, [])
    assert recovery.sweep(conn, detached_before=NOW + 6, now=NOW + 6) == (
        1,
        [(world.id, world.session.id)],
    )
    assert state(conn, world)[0].end_reason == "dropped"
    second = authorize(
        conn, world.id, world.conversation.id, world.agent.id, None, "second", now=NOW
    )
    assert recovery.sweep(conn, detached_before=NOW, now=NOW + HOUR - 1) == (0, [])
    assert recovery.sweep(conn, detached_before=NOW, now=NOW + HOUR) == (1, [])
    found = sessions.get(conn, world.id, second.id)
    assert found is not None
    assert (found.state, found.end_reason) == ("ended", "unused")

"""What the store knows of recordings: which are open, whole, moved, discarded."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection, select
from tests.store.tracing import NS, told
from tests.store.world import NOW, World, build

from duologue.store import database, recordings, trace_deletion, traces
from duologue.store.recordings import AT_ONCE, Recording
from duologue.store.tables import traces as table


def run_of(number: int) -> str:
    """The run of that number."""
    return f"run_{number:032x}"


def record(conn: Connection, world: World, number: int, status: str = "complete") -> Recording:
    """A recording that is open, of a run in that state."""
    traces.put(conn, world.id, [told(f"{number:032x}", status=status)], NOW)
    path = f"{number}.ogg"
    return recordings.start(
        conn, world.id, run_of(number), path=path, format="ogg", started_ns=NS, now=NOW
    )


def flagged(conn: Connection, number: int) -> bool:
    """Whether the list shows that a run has a recording."""
    query = select(table.c.has_recording).where(table.c.id == run_of(number))
    return bool(conn.execute(query).scalar_one())


def test_a_recording_is_abandoned_when_its_run_is_over_and_it_is_not(
    conn: Connection, world: World
) -> None:
    """Whether it was lost or ended; not while it goes on, nor once it is whole."""
    record(conn, world, 1, "active")
    lost, ended = record(conn, world, 2, "lost"), record(conn, world, 3)
    whole = record(conn, world, 4)
    assert recordings.finish(conn, world.id, whole.id, duration_ms=5, size=9)
    found = recordings.abandoned(conn)
    assert {(org_id, each.id) for org_id, each in found} == {
        (world.id, lost.id),
        (world.id, ended.id),
    }


def test_one_that_came_to_nothing_leaves_its_run_without_it(conn: Connection, world: World) -> None:
    """Where the run has another one, it still has that; its file is to be deleted."""
    first, second = record(conn, world, 1), record(conn, world, 1)
    assert recordings.discard(conn, world.id, first.id)
    assert not recordings.discard(conn, world.id, first.id)
    assert recordings.of(conn, world.id, run_of(1)) == [second]
    assert flagged(conn, 1)
    assert recordings.discard(conn, world.id, second.id)
    assert not flagged(conn, 1)
    assert {one.id for one in recordings.discarded(conn)} == {first.id, second.id}
    assert recordings.get(conn, world.id, run_of(1), first.id) is None


def test_what_is_whole_is_moved_once(conn: Connection, world: World) -> None:
    """What is open waits; what was deleted meanwhile is not."""
    record(conn, world, 1)
    kept, gone = record(conn, world, 2), record(conn, world, 3)
    for each in (kept, gone):
        assert recordings.finish(conn, world.id, each.id, duration_ms=5, size=9)
    assert {one.id for one in recordings.unmoved(conn)} == {kept.id, gone.id}
    assert recordings.moved(conn, kept.id, "s3://sounds/2.ogg")
    assert trace_deletion.delete_one(conn, world.id, run_of(3))
    assert not recordings.moved(conn, gone.id, "s3://sounds/3.ogg")
    assert recordings.unmoved(conn) == []
    found = recordings.get(conn, world.id, run_of(2), kept.id)
    assert found is not None
    assert found.path == "s3://sounds/2.ogg"


def test_it_is_known_whose_a_file_is(conn: Connection, world: World) -> None:
    """Also of a recording that is discarded: who deletes it says so later."""
    record(conn, world, 1)
    recordings.discard(conn, world.id, record(conn, world, 2).id)
    names = [f"{number}.ogg" for number in range(AT_ONCE)]
    assert recordings.known(conn, names) == {"1.ogg", "2.ogg"}


def at_once(url: str, *works: Callable[[Connection], object]) -> list[Exception]:
    """What goes wrong when all of these are done at the same time, each in a unit of its own."""
    errors: list[Exception] = []
    gate = threading.Barrier(len(works))

    def do(work: Callable[[Connection], object]) -> None:
        try:
            gate.wait(60)
            with database.unit(url) as own:
                work(own)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=do, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return errors


def test_one_that_is_finished_while_its_run_is_deleted_waits(url: str) -> None:
    """Whoever is first, the other finds what is left, and neither waits for ever."""
    with database.unit(url) as conn:
        world = build(conn, "ours")
    for number in range(1, 11):
        with database.unit(url) as conn:
            made = record(conn, world, number)
        finish = partial(recordings.finish, org_id=world.id, id=made.id, duration_ms=5, size=7)
        forget = partial(trace_deletion.delete_one, org_id=world.id, id=run_of(number))
        assert at_once(url, finish, forget) == []
        with database.unit(url) as conn:
            assert made.id in [one.id for one in recordings.discarded(conn)]

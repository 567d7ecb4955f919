"""Runs that the store has as open, and that are not live in this process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select
from tests.pipeline.stage import Stage, stage

from duologue.bus.bell import Unheard
from duologue.bus.here import HereBell
from duologue.errors import DuologueError
from duologue.pipeline import elsewhere, rebuild
from duologue.pipeline.elsewhere import Elsewhere, Others
from duologue.server import forget
from duologue.store import conversations, messages, runs
from duologue.store.ids import fresh
from duologue.store.tables import runs as table
from duologue.store.trace_tables import traces
from duologue.wire.live import End, Order, Shown


async def _left(desk: Stage, process: str) -> None:
    """A conversation whose last run is open in that process, in the middle of an answer."""
    client = await desk.join()
    await client.said("Hello.")
    assert client.seat is not None
    guest = client.seat.guest
    await desk.leave(client)
    now = desk.host.clock()
    run = fresh("run_", now)
    conversation = desk.conversation

    def work(conn: Connection) -> None:
        runs.start(
            conn,
            desk.org_id,
            id=run,
            conversation_id=conversation,
            agent_id=guest.agent_id,
            process=process,
            now=now,
        )
        messages.append(
            conn,
            desk.org_id,
            conversation_id=conversation,
            run_id=run,
            session_id=guest.session_id,
            turn_id="t",
            role="assistant",
            kind="message",
            text="Half of",
            final=False,
            now=now,
        )

    # The end of the run before is written a moment after it.
    while await desk.host.db.read(runs.going_on, desk.org_id, desk.conversation) is not None:
        pass
    await desk.host.db.write(work)


async def _ends(desk: Stage) -> list[str | None]:
    """How the runs of the conversation ended, in order."""

    def work(conn: Connection) -> list[str | None]:
        return list(conn.execute(select(table.c.end_reason).order_by(table.c.id)).scalars())

    return await desk.host.db.read(work)


async def test_what_a_killed_process_left_is_mended_by_who_comes(tmp_path: Path) -> None:
    """Not only at the next look: half an answer is closed, and the conversation goes on."""
    async with stage(tmp_path) as desk:
        await _left(desk, "proc_killed")
        client = await desk.join(again=True)
        assert client.seat is not None
        assert client.seat.resumed == "rebuilt"
        assert await _ends(desk) == ["left", "server_lost", None]
        assert ("assistant", "Half of", True) in await desk.words()
        assert all(message.final for message in await desk.record())


async def test_a_process_that_answers_is_believed_to_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its run is being buried and attends to nothing; its lock is lost with the database."""
    monkeypatch.setattr(HereBell, "reached", True)
    async with stage(tmp_path) as desk:
        await _left(desk, "proc_other")
        host, conversation = desk.host, desk.conversation
        other = Others(host.db, host.bell, "proc_other", host.clock)
        async with other.answering():
            run = await host.others.holder(conversation)
            assert run is not None
            assert run.process == "proc_other"
            with pytest.raises(Elsewhere):
                await host.others.make_way(run, fetch=False)
            assert await _ends(desk) == ["left", None]
        assert await host.others.holder(conversation) is None
        await host.others.make_way(run, fetch=False)
        assert await _ends(desk) == ["left", "server_lost"]


async def test_one_that_cannot_be_asked_is_not_taken_for_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis is away when the database has just been started again."""

    async def away(*_: object) -> None:
        raise DuologueError("redis_unreachable", address="there", reason="it is gone", seconds=2)

    monkeypatch.setattr(HereBell, "reached", True)
    async with stage(tmp_path) as desk:
        await _left(desk, "proc_other")
        monkeypatch.setattr(HereBell, "order", away)
        with pytest.raises(DuologueError) as told:
            await desk.join(again=True)
        assert told.value.code == "redis_unreachable"
        assert await _ends(desk) == ["left", None]


async def test_without_redis_a_living_process_loses_what_is_opened_here(tmp_path: Path) -> None:
    """A worker on the same file: it cannot be told, and closes its client when it looks."""

    async def nobody(processes: Collection[str]) -> set[str]:
        return set()

    async with stage(tmp_path) as desk:
        desk.host.others.gone = nobody
        await _left(desk, "proc_other")
        client = await desk.join(again=True)
        client.run.floor.type("apples")
        await client.said("You said: apples")
        assert await _ends(desk) == ["left", "moved", None]


async def test_a_run_of_this_process_that_nobody_runs_is_ended(tmp_path: Path) -> None:
    """Whatever left it open."""
    async with stage(tmp_path) as desk:
        await _left(desk, desk.host.process)
        await desk.join(again=True)
        assert await _ends(desk) == ["left", "server_lost", None]


async def test_until_the_end_of_a_run_is_written_no_other_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that fails for a moment is asked again; whoever comes meanwhile waits."""
    failures = 2
    end = runs.end

    def failing(*args: Any, **more: Any) -> bool:
        nonlocal failures
        if failures:
            failures -= 1
            raise RuntimeError("the disk is full")
        return end(*args, **more)

    monkeypatch.setattr("duologue.pipeline.host.AGAIN", 0.05)
    async with stage(tmp_path) as desk:
        first = await desk.join()
        await first.said("Hello.")
        monkeypatch.setattr(runs, "end", failing)
        await desk.leave(first)
        second = await desk.join(again=True)
        assert failures == 0
        assert second.run is not first.run
        assert await _ends(desk) == ["left", None]


async def test_who_begins_at_once_with_another_and_loses_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no run that failed, in no list and in no figure: it was none."""
    memory = rebuild._memory
    told: list[Any] = []

    def early(conn: Connection, *which: str) -> Any:
        monkeypatch.setattr(rebuild, "_memory", memory)
        found = memory(conn, *which)
        return None, [], found[2]  # the other began a moment later

    async with stage(tmp_path) as desk:
        await _left(desk, "proc_killed")
        monkeypatch.setattr(rebuild, "_memory", early)
        monkeypatch.setattr(desk.host.tracing, "_hear", told.append)
        client = await desk.join(again=True)
        await desk.host.tracing.close()
        ids = [client.run.id, *await desk.host.db.read(_traces)]
        assert len(ids) == len(set(ids)) + 1 == 3
        assert "failed" not in [getattr(entry, "status", "") for entry in told]


def _traces(conn: Connection) -> list[str]:
    return list(conn.execute(select(traces.c.id)).scalars())


class Deaf:
    """A bus on which the process of a run hears nothing: the run is just ending there."""

    reached = True

    def __init__(self, heard: Callable[[int], Awaitable[None]]) -> None:
        self.orders: list[Order] = []
        self._heard = heard

    async def order(self, org_id: str, conversation_id: str, order: Order) -> Shown:
        """Nobody takes it."""
        self.orders.append(order)
        await self._heard(len(self.orders))
        raise Unheard(conversation_id)


async def _nobody_gone(processes: Collection[str]) -> set[str]:
    return set()


async def test_what_is_deleted_was_written_to_its_end_before(tmp_path: Path) -> None:
    """A run that ends in another process hears no order: deletion waits until it is over."""
    async with stage(tmp_path) as desk:
        await _left(desk, "proc_other")
        open_run = await desk.host.db.read(runs.going_on, desk.org_id, desk.conversation)
        assert open_run is not None

        async def ends(orders: int) -> None:
            assert await desk.host.db.read(conversations.get, desk.org_id, desk.conversation)
            if orders == 3:
                await desk.host.db.write(runs.end, desk.org_id, open_run.id, "left", None, 1)

        bell: Any = Deaf(ends)
        desk.host.others._bell = bell
        desk.host.others.gone = _nobody_gone
        await forget.conversation(desk.host, desk.org_id, desk.conversation)
        assert bell.orders == [End("deleted", forgotten=True)] * 3
        assert await desk.host.db.read(conversations.get, desk.org_id, desk.conversation) is None


async def test_nothing_is_deleted_that_another_process_does_not_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever deletes is told to try again."""
    monkeypatch.setattr(elsewhere, "PATIENCE", 0.3)

    async def goes_on(orders: int) -> None:
        pass

    async with stage(tmp_path) as desk:
        await _left(desk, "proc_other")
        bell: Any = Deaf(goes_on)
        desk.host.others._bell = bell
        desk.host.others.gone = _nobody_gone
        with pytest.raises(DuologueError) as refused:
            await forget.conversation(desk.host, desk.org_id, desk.conversation)
        assert (refused.value.code, refused.value.values["seconds"]) == ("conversation_moving", 5)
        assert await desk.host.db.read(conversations.get, desk.org_id, desk.conversation)
        assert await desk.words()

"""What is too old is forgotten, however much of it there is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select
from tests.store.tracing import NS, span, told
from tests.store.visiting import batch, page
from tests.store.world import NOW, build

from duologue.pipeline import meters
from duologue.pipeline.run import Run
from duologue.settings import Settings
from duologue.store import conversations, runs, sessions, trace_deletion, traces, visits
from duologue.store.database import Database
from duologue.store.tables import page_views
from duologue.store.tables import traces as table


def _left(conn: Connection) -> int:
    return conn.execute(select(func.count()).select_from(page_views)).scalar_one()


async def test_old_visits_do_not_wait_a_minute_for_each_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as there is more of them, the next reading goes on; here no time passes at all."""
    monkeypatch.setattr(visits, "AT_ONCE", 2)
    db = await Database.open(f"sqlite:///{tmp_path / 'duologue.db'}")
    owner = await db.write(build, "ours")
    await db.write(visits.record, owner.id, batch(*(page(f"/{n}") for n in range(9))), NOW)
    later = NOW + 2 * meters.DAY_MS
    try:
        await _read_until(db, Settings(visitor_days=1), later, lambda conn: not _left(conn))
    finally:
        await db.close()


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"trace_days": 1}, 0),
        ({"trace_days": 9, "trace_megabytes": 1}, 2),
        ({"trace_days": 9, "agents": {"desk": {"trace_days": 1}}}, 0),
        ({"trace_days": 9, "agents": {"desk": {"trace_megabytes": 1}}}, 2),
    ],
    ids=["old", "large", "old by its own rule", "large by its own rule"],
)
async def test_old_and_large_traces_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], kept: int
) -> None:
    """Piece by piece, without waiting a minute between; of large ones the newest stay."""
    monkeypatch.setattr(trace_deletion, "AT_ONCE", 2)
    db = await Database.open(f"sqlite:///{tmp_path / 'duologue.db'}")
    owner = await db.write(build, "ours")
    large = '{"x":"' + "x" * 400_000 + '"}'
    for number in range(7):
        trace = f"{number:032x}"
        over = told(trace, agent="desk", status="complete", started_ns=NS + number)
        await db.write(traces.put, owner.id, [over, span(1, trace, attributes=large)], NOW)
    later = NOW + 2 * meters.DAY_MS
    try:
        await _read_until(db, Settings(**settings), later, lambda conn: len(_ids(conn)) == kept)
        assert await db.read(_ids) == [f"run_{number:032x}" for number in range(7 - kept, 7)]
    finally:
        await db.close()


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, 1),
        ({"conversation_days": 1}, 0),
        ({"conversation_days": 9}, 1),
        ({"agents": {"front-desk": {"conversation_days": 1}}}, 0),
        ({"conversation_days": 1, "agents": {"front-desk": {"conversation_days": 0}}}, 1),
    ],
    ids=["by default", "old", "young", "old by its own rule", "kept by its own rule"],
)
async def test_conversations_go_where_that_is_said(
    tmp_path: Path, settings: dict[str, Any], kept: int
) -> None:
    """By themselves they stay; an agent's own rule wins."""
    db = await Database.open(f"sqlite:///{tmp_path / 'duologue.db'}")
    owner = await db.write(build, "ours")
    await db.write(sessions.end, owner.id, owner.session.id, "left", NOW)
    await db.write(runs.end, owner.id, owner.run.id, "left", None, NOW)
    old = told("1" * 32, agent="desk", status="complete", started_ns=NS)
    await db.write(traces.put, owner.id, [old], NOW)  # it goes behind them
    later = NOW + 2 * meters.DAY_MS
    try:
        chosen = Settings(trace_days=1, **settings)
        await _read_until(db, chosen, later, lambda conn: not _ids(conn))
        found = await db.read(conversations.page, owner.id)
        assert len(found.items) == kept
    finally:
        await db.close()


async def test_who_waits_to_lead_looks_after_its_runs_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that hangs where it is asked who leads holds up no meter."""
    monkeypatch.setattr(meters, "SWEEP", 0.01)
    asked, looked = asyncio.Event(), asyncio.Event()

    async def leads() -> bool:
        asked.set()
        await asyncio.Event().wait()
        return True

    def runs() -> list[Run]:
        if asked.is_set():
            looked.set()
        return []

    db = await Database.open(f"sqlite:///{tmp_path}/duologue.db")
    made = meters.Meters(db, Settings(), list, lambda: NOW, leads=leads, runs=runs)
    reading = asyncio.create_task(made.run())
    try:
        async with asyncio.timeout(30):
            await looked.wait()
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await db.close()


def _ids(conn: Connection) -> list[str]:
    return list(conn.execute(select(table.c.id).order_by(table.c.id)).scalars())


async def _read_until(
    db: Database, settings: Settings, now: int, done: Callable[[Connection], bool]
) -> None:
    """Reads meters, at a time that stands still, until that is so."""
    monkey = pytest.MonkeyPatch()
    monkey.setattr(meters, "SWEEP", 0.01)
    reading = asyncio.create_task(meters.Meters(db, settings, list, lambda: now).run())
    try:
        async with asyncio.timeout(30):
            while not await db.read(done):  # noqa: ASYNC110  # the store tells nobody
                await asyncio.sleep(0.01)
    finally:
        monkey.undo()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

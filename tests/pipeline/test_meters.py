"""What is too old is forgotten, however much of it there is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select
from tests.store.tracing import NS, span, told
from tests.store.visiting import batch, page
from tests.store.world import NOW, build

from duologue.pipeline import meters
from duologue.settings import Settings
from duologue.store import recordings, trace_deletion, traces, visits
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
    [({"trace_days": 1}, 0), ({"trace_days": 9, "trace_megabytes": 1}, 2)],
    ids=["old", "large"],
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
        over = told(trace, status="complete", started_ns=NS + number)
        await db.write(traces.put, owner.id, [over, span(1, trace, attributes=large)], NOW)
    later = NOW + 2 * meters.DAY_MS
    try:
        await _read_until(db, Settings(**settings), later, lambda conn: len(_ids(conn)) == kept)
        assert await db.read(_ids) == [f"run_{number:032x}" for number in range(7 - kept, 7)]
    finally:
        await db.close()


async def test_the_sound_of_a_deleted_trace_goes_too(tmp_path: Path) -> None:
    """Its file, and no other; one that cannot be deleted is not forgotten."""
    db = await Database.open(f"sqlite:///{tmp_path / 'duologue.db'}")
    owner = await db.write(build, "ours")
    settings = Settings(data=str(tmp_path))
    settings.recordings.mkdir()
    for number, name in enumerate(("deleted.ogg", "kept.ogg", "stuck.ogg")):
        trace = f"{number:032x}"
        (settings.recordings / name).write_bytes(b"OggS")
        await db.write(traces.put, owner.id, [told(trace, status="complete")], NOW)
        await db.write(
            partial(recordings.start, path=name, format="ogg", started_ns=NS, now=NOW),
            owner.id,
            f"run_{trace}",
        )
        if name != "kept.ogg":
            assert await db.write(trace_deletion.delete_one, owner.id, f"run_{trace}")
    stuck = settings.recordings / "stuck.ogg"
    stuck.unlink()
    (stuck / "not-empty").mkdir(parents=True)
    try:
        await _read_until(db, settings, NOW, lambda conn: len(recordings.discarded(conn)) == 1)
        assert sorted(one.name for one in settings.recordings.iterdir()) == [
            "kept.ogg",
            "stuck.ogg",
        ]
    finally:
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

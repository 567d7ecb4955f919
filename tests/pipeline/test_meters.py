"""What is too old is forgotten, however much of it there is."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select
from tests.store.visiting import batch, page
from tests.store.world import NOW, build

from duologue.pipeline import meters
from duologue.settings import Settings
from duologue.store import visits
from duologue.store.database import Database
from duologue.store.tables import page_views


def _left(conn: Connection) -> int:
    return conn.execute(select(func.count()).select_from(page_views)).scalar_one()


async def test_old_visits_do_not_wait_a_minute_for_each_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as there is more of them, the next reading goes on; here no time passes at all."""
    monkeypatch.setattr(meters, "SWEEP", 0.01)
    monkeypatch.setattr(visits, "AT_ONCE", 2)
    db = await Database.open(f"sqlite:///{tmp_path / 'duologue.db'}")
    owner = await db.write(build, "ours")
    await db.write(visits.record, owner.id, batch(*(page(f"/{n}") for n in range(9))), NOW)
    later = NOW + 2 * meters.DAY_MS
    read = meters.Meters(db, Settings(visitor_days=1), list, lambda: later)
    reading = asyncio.create_task(read.run())
    try:
        async with asyncio.timeout(30):
            while await db.read(_left):  # noqa: ASYNC110  # the store tells nobody
                await asyncio.sleep(0.01)
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await db.close()

"""A PostgreSQL that does not answer any more holds nobody up for ever."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

import pytest
from sqlalchemy import Connection, text
from tests import postgres

from duologue.errors import DuologueError
from duologue.store import organizations
from duologue.store import postgres as store
from duologue.store.database import Database

pytestmark = pytest.mark.postgres


async def test_a_database_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of a unit, and at its commit; the next unit has another connection."""
    stopped = list[int]()

    def stop(conn: Connection) -> None:
        pid = conn.execute(text("SELECT pg_backend_pid()")).scalar_one()
        stopped.append(pid)
        os.kill(pid, signal.SIGSTOP)

    def stop_and_ask(conn: Connection) -> None:
        stop(conn)
        organizations.all(conn)

    with postgres.server() as server:
        db = await Database.open(f"{server}/postgres")
        monkeypatch.setattr(store, "ANSWER", 1.0)
        try:
            for unit in (stop_and_ask, stop):
                with pytest.raises(DuologueError) as told:
                    await db.write(unit)
                assert told.value.code == "store_unusable"
                assert [each.slug for each in await db.read(organizations.all)] == ["default"]
            assert len(set(stopped)) == 2
        finally:
            for pid in stopped:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            await db.close()


async def test_the_schema_is_made_ready_for_as_long_as_that_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A migration of a large database, or one that waits for another process's."""

    def ready(conn: Connection) -> None:
        conn.execute(text("SELECT pg_sleep(1)"))

    monkeypatch.setattr(store, "ANSWER", 0.2)
    with postgres.server() as server:
        db = await Database.open(f"{server}/postgres", ready)
        with pytest.raises(DuologueError) as told:
            await db.write(ready)
        assert told.value.code == "store_unusable"
        await db.close()

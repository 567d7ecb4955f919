"""A disk that is full: callers are told, nothing is half written, and with room it all goes on."""

from __future__ import annotations

import asyncio
import resource
from pathlib import Path

from sqlalchemy import Connection
from tests.pipeline.stage import stage
from tests.promises.servers import Server
from tests.promises.talkers import Talker, missing, progress, stored, talking

from duologue.core import happenings as h
from duologue.errors import DuologueError

UNLIMITED = 2**30
"""Pages; SQLite's own limit is higher."""


def limit(conn: Connection, pages: int) -> None:
    """Lets the database have that many pages, or those that it has."""
    conn.exec_driver_sql(f"PRAGMA max_page_count = {pages}")


def rows(conn: Connection) -> list[int]:
    """How many conversations, sessions and messages there are."""
    tables = ("conversations", "sessions", "messages")
    return [
        int(conn.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()) for table in tables
    ]


async def test_a_full_database_refuses_and_takes_no_half(tmp_path: Path) -> None:
    """Authorize is 503 and leaves no row; a message is not called final; with room both go on."""
    async with stage(tmp_path, settings={"trace": "off"}) as desk:
        client = await desk.join()
        await client.said("Hello.")
        await desk.host.db.write(limit, 1)
        while True:  # the last page has room for a few
            before = await desk.host.db.read(rows)
            try:
                await desk.join(ready=False)
            except DuologueError as error:
                refused = error
                break
        assert (refused.code, refused.status) == ("store_unusable", 503)
        assert "full" in refused.message
        assert await desk.host.db.read(rows) == before

        client.run.floor.type("x" * 60_000)
        notice = await client.until(h.Noticed)
        assert notice.code == "store_unusable"
        assert not client.all(h.UserSaid)

        await desk.host.db.write(limit, UNLIMITED)
        client.run.floor.type("is there room?")
        await client.until(h.UserSaid, lambda one: one.text == "is there room?")
        await client.said("You said: is there room?")
        again = await desk.join()
        await again.said("Hello.")


async def test_a_server_whose_files_may_not_grow(server: Server) -> None:
    """Its callers meet one error of the table, and talk on as soon as there is room."""
    talkers = [Talker(lambda: server.url, f"caller {number}:") for number in range(4)]
    async with talking(*talkers):
        await progress(*talkers)
        wal = server.database.with_name(server.database.name + "-wal")
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (wal.stat().st_size, -1))
        async with asyncio.timeout(60):
            while not all("store_unusable" in one.troubles for one in talkers):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (-1, -1))
        await progress(*talkers)
        assert server.runs
    await asyncio.to_thread(server.kill)
    assert missing(talkers, stored(server.database)) == []
    assert {code for one in talkers for code in one.troubles} <= {"store_unusable", "gone"}

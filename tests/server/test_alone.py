"""One server on one memory."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from structlog.testing import capture_logs
from tests import postgres
from tests.serving import House

from duologue.errors import DuologueError
from duologue.server import alone
from duologue.settings import Settings


def test_a_folder_is_held_by_one_and_let_go(tmp_path: Path) -> None:
    """The second is told who holds it; after the first, it may."""
    settings = Settings(data=str(tmp_path / "data"))
    with (
        alone.on_folder(settings),
        pytest.raises(DuologueError, match="in use"),
        alone.on_folder(settings),
    ):
        pass
    with alone.on_folder(settings):
        assert (tmp_path / "data" / "serve.lock").read_text().isdigit()


def test_a_server_notes_where_it_is_reached(tmp_path: Path) -> None:
    """For as long as it lives: neither one that ended nor one that was killed is anywhere."""
    settings = Settings(data=str(tmp_path / "data"))
    assert alone.address(settings) == ""
    with alone.on_folder(settings) as note:
        assert alone.address(settings) == ""
        note("http://127.0.0.1:4711")
        assert alone.address(settings) == "http://127.0.0.1:4711"
        with pytest.raises(DuologueError) as caught, alone.on_folder(settings):
            pass
        assert caught.value.values["pid"] == str(os.getpid())
    assert alone.address(settings) == ""
    gone = subprocess.Popen(["true"])
    gone.wait()
    (tmp_path / "data" / alone.NAME).write_text(f"{gone.pid}\nhttp://127.0.0.1:4711")
    assert alone.address(settings) == ""


def test_a_process_of_somebody_else_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though we may not signal it."""

    def refuse(pid: int, signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    (tmp_path / alone.NAME).write_text("1\nhttp://127.0.0.1:4711")
    assert alone.address(Settings(data=str(tmp_path))) == "http://127.0.0.1:4711"


async def test_a_file_needs_no_more_than_its_folder() -> None:
    """SQLite is held by the folder."""
    settings = Settings(database_url="sqlite:///x.db")
    async with alone.on_database(settings), alone.on_database(settings):
        pass


@pytest.mark.postgres
async def test_a_postgresql_database_is_held_by_one_and_let_go() -> None:
    """A second server is refused before it ends the first one's calls; others are not touched."""
    with postgres.server() as server:
        conn = await asyncpg.connect(f"{server}/postgres")
        await conn.execute("CREATE DATABASE other")
        await conn.close()
        first = Settings(database_url=f"{server}/postgres")
        other = Settings(database_url=f"{server}/other")
        async with alone.on_database(first), alone.on_database(other):
            with pytest.raises(DuologueError, match="'postgres'") as caught:
                async with alone.on_database(first):
                    pass
            assert caught.value.code == "database_in_use"
        async with alone.on_database(first):
            pass


async def cut(conn: Any) -> None:
    """Ends the connections that hold the database."""
    await conn.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        " AND (classid::bigint << 32) + objid::bigint = $1",
        alone.LOCK,
    )


async def counted(conn: Any, which: str) -> None:
    """Returns when there are such advisory locks."""
    query = f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND {which}"
    async with asyncio.timeout(60):
        while not await conn.fetchval(query):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.05)


@pytest.mark.postgres
async def test_a_database_is_held_again_after_it_was_restarted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A second server is refused then, too."""
    monkeypatch.setattr(alone, "LOOK", 0.1)
    with postgres.running() as server:
        settings = Settings(database_url=f"{server.url}/postgres")
        async with alone.on_database(settings):
            await asyncio.to_thread(server.stop)
            await asyncio.to_thread(server.start)
            conn = await asyncpg.connect(settings.database)
            await counted(conn, "granted")
            with pytest.raises(DuologueError) as caught:
                async with alone.on_database(settings):
                    pass
            assert caught.value.code == "database_in_use"
        await conn.close()


@pytest.mark.postgres
async def test_who_finds_another_server_on_its_database_says_so_and_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once; and when the other is gone, it holds the database again."""
    monkeypatch.setattr(alone, "LOOK", 0.1)
    with postgres.server() as server:
        settings = Settings(database_url=f"{server}/postgres")
        other, conn = [await asyncpg.connect(settings.database) for _ in range(2)]
        with capture_logs() as logged:
            async with alone.on_database(settings):
                waiting = asyncio.create_task(
                    other.execute("SELECT pg_advisory_lock($1)", alone.LOCK)
                )
                await counted(conn, "NOT granted")
                await cut(conn)
                await waiting
                async with asyncio.timeout(60):
                    while not logged:  # noqa: ASYNC110 - nothing tells
                        await asyncio.sleep(0.05)
                await asyncio.sleep(0.5)
                await other.close()
                await counted(conn, "granted")
        await conn.close()
        said = [(each["log_level"], each["event"], each["database"]) for each in logged]
        assert said == [("error", "another server runs on the same database", "postgres")]


@pytest.mark.postgres
async def test_those_that_reach_each_other_share_a_database_and_nobody_else_does() -> None:
    """With Redis any number; one that has none is refused beside them, and they beside it."""
    with postgres.server() as server:
        single = Settings(database_url=f"{server}/postgres")
        several = msgspec.structs.replace(single, redis_url="redis://127.0.0.1:1")
        async with alone.on_database(several), alone.on_database(several):
            with pytest.raises(DuologueError, match="redis_url"):
                async with alone.on_database(single):
                    pass
        async with alone.on_database(single):
            with pytest.raises(DuologueError, match="redis_url"):
                async with alone.on_database(several):
                    pass


def test_servers_that_share_their_memory_share_the_folder(tmp_path: Path) -> None:
    """A command finds one of them; one that is alone on its memory is refused beside them."""
    single = Settings(data=str(tmp_path))
    several = Settings(
        data=str(tmp_path), database_url="postgresql://x/y", redis_url="redis://127.0.0.1:1"
    )
    with alone.on_folder(several), alone.on_folder(several) as note:
        note("http://127.0.0.1:4711")
        assert alone.address(several) == "http://127.0.0.1:4711"
        with pytest.raises(DuologueError, match="PostgreSQL") as caught, alone.on_folder(single):
            pass
        assert caught.value.values["pid"] == str(os.getpid())
    assert alone.address(several) == ""
    assert [each.name for each in tmp_path.iterdir()] == [alone.NAME]
    file = msgspec.structs.replace(several, database_url="")
    with alone.on_folder(file), pytest.raises(DuologueError), alone.on_folder(file):
        pass


@pytest.mark.postgres
def test_a_second_server_on_a_shared_database_does_not_start(tmp_path: Path) -> None:
    """Each has a folder of its own, and still the second says why it cannot run."""
    with postgres.server() as server:
        address = f"{server}/postgres"
        first = House(tmp_path / "first", database_url=address)
        second = House(tmp_path / "second", database_url=address)
        with first:
            with pytest.raises(AssertionError, match="Another server runs on the database"):
                second.start()
            first.stop()
            with second:
                assert second.url


def test_what_a_killed_server_noted_misleads_nobody(tmp_path: Path) -> None:
    """Though its number is another process's by now: it holds its note no more."""
    several = Settings(
        data=str(tmp_path), database_url="postgresql://x/y", redis_url="redis://127.0.0.1:1"
    )
    stale = tmp_path / alone.NOTE.format(os.getppid())
    stale.write_text(f"{os.getppid()}\nhttp://127.0.0.1:4712")
    assert alone.address(several) == ""
    (tmp_path / alone.NAME).write_text(f"{os.getppid()}\nhttp://127.0.0.1:4712")
    with alone.on_folder(several) as note:
        assert not stale.exists()
        note("http://127.0.0.1:4711")
        assert alone.address(several) == "http://127.0.0.1:4711"
        said = (tmp_path / alone.NAME).read_text().splitlines()
        assert said == [str(os.getpid()), "http://127.0.0.1:4711"]
        own = tmp_path / alone.NOTE.format(os.getpid())
        assert own.read_text().splitlines() == said
    assert alone.address(several) == ""
    assert [each.name for each in tmp_path.iterdir()] == [alone.NAME]

"""Which processes live on one memory: on a file, and on PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from tests import postgres

from duologue.errors import DuologueError
from duologue.server import present
from duologue.store.ids import fresh

ME, OTHER, NEVER = (fresh("proc_", 1_800_000_000_000 + number) for number in range(3))

# A process that shows its life on a database, says so, and then waits to be killed.
CHILD = """
import asyncio, sys
from duologue.server import present

async def live(url, process):
    async with present.presence(url, process):
        print("here", flush=True)
        await asyncio.sleep(600)

asyncio.run(live(*sys.argv[1:]))
"""


async def _check_lead(shown: present.Presence, url: str) -> None:
    """One leads, and stays so; another does when it is gone."""
    async with present.presence(url, NEVER) as first:
        assert await first.leads()
        assert not await shown.leads()
        assert await first.leads()
    assert await shown.leads()


async def _check(url: str) -> None:
    """One that lives is seen by another; one that was killed, or never was, is gone."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, url, OTHER, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    try:
        assert await child.stdout.readline() == b"here\n"
        async with present.presence(url, ME) as shown:
            await _check_lead(shown, url)
            assert await shown.gone([ME, OTHER, NEVER]) == {NEVER}
            child.kill()
            await child.wait()
            async with asyncio.timeout(30):
                while OTHER not in await shown.gone([ME, OTHER]):  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(0.1)
            assert await shown.gone([ME, OTHER]) == {OTHER}
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def test_beside_a_file_a_lock_shows_who_lives(tmp_path: Path) -> None:
    """Killed or closed, a process leaves no file behind."""
    await _check(f"sqlite:///{tmp_path}/duologue.db")
    left = [each.name for each in (tmp_path / "duologue.db.processes").iterdir()]
    assert left == [present.LEADER]


@pytest.mark.postgres
async def test_in_postgresql_a_lock_shows_who_lives() -> None:
    """The lock ends with the connection that held it."""
    with postgres.server() as server:
        await _check(f"{server}/postgres")


@pytest.mark.postgres
async def test_a_lost_connection_is_opened_anew_with_its_lock() -> None:
    """After PostgreSQL cut it, the process is there again at its next look."""
    with postgres.server() as server:
        url = f"{server}/postgres"
        async with present.presence(url, ME) as mine, present.presence(url, OTHER) as other:
            assert await mine.leads()
            await _of_the_holder(url, "pg_terminate_backend(pid)")
            async with asyncio.timeout(30):
                while not await other.gone([ME]):  # noqa: ASYNC110 - it ends a moment later
                    await asyncio.sleep(0.1)
            assert await other.gone([ME]) == {ME}
            assert await other.leads()
            assert not await mine.leads()
            assert await mine.gone([OTHER]) == set()
            assert await other.gone([ME]) == set()


async def _of_the_holder(url: str, what: str, process: str = ME) -> Any:
    """What PostgreSQL answers about the connection that holds the lock of a process."""
    conn = await asyncpg.connect(url)
    try:
        lock = present.number(process) & 0xFFFF_FFFF
        query = f"SELECT {what} FROM pg_locks WHERE locktype = 'advisory' AND objid = $1"
        return await conn.fetchval(query, lock)
    finally:
        await conn.close()


async def _shown_again(shown: present.Presence) -> None:
    async with asyncio.timeout(30):
        while not await shown.show():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.1)


@pytest.mark.postgres
async def test_an_own_lock_that_another_has_is_taken_as_soon_as_it_is_free() -> None:
    """Whoever asks for it just then keeps us from it for a moment, and not for ever."""
    with postgres.server() as server:
        url = f"{server}/postgres"
        asker = await asyncpg.connect(url)
        await asker.execute("SELECT pg_advisory_lock($1)", present.number(ME))
        async with present.presence(url, ME) as mine, present.presence(url, OTHER) as other:
            assert not await mine.show()
            await asker.close()
            await _shown_again(mine)
            assert await other.gone([ME]) == set()


@pytest.mark.postgres
@pytest.mark.parametrize(
    "ask", [lambda shown: shown.gone([NEVER]), lambda shown: shown.leads()], ids=["gone", "leads"]
)
async def test_who_asks_and_gives_up_breaks_nothing(
    monkeypatch: pytest.MonkeyPatch, ask: Callable[[present.Presence], Any]
) -> None:
    """A question that is cancelled in the middle of a query, and then the same again."""
    asked = asyncio.Event()

    async def hang(conn: Any, lock: int) -> bool:
        asked.set()
        await conn.execute(text("SELECT pg_sleep(60)"))
        return False

    with postgres.server() as server:
        url = f"{server}/postgres"
        async with present.presence(url, ME) as mine, present.presence(url, OTHER) as other:
            with monkeypatch.context() as patched:
                patched.setattr(present, "_take", hang)
                asking = asyncio.create_task(ask(mine))
                await asked.wait()
                await asyncio.sleep(0.1)
                asking.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asking
            await _shown_again(mine)
            assert await other.gone([ME, NEVER]) == {NEVER}
            assert await mine.gone([OTHER, NEVER]) == {NEVER}
            assert await mine.leads()


@pytest.mark.postgres
async def test_a_question_that_is_given_up_leaves_our_own_lock_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not for a moment does it look as if this process were gone."""
    with postgres.server() as server:
        url = f"{server}/postgres"
        async with present.presence(url, ME) as mine:
            before = await _of_the_holder(url, "pid")
            with monkeypatch.context() as patched:

                async def fail(conn: Any, lock: int) -> bool:
                    raise asyncio.CancelledError

                patched.setattr(present, "_take", fail)
                with pytest.raises(asyncio.CancelledError):
                    await mine.gone([NEVER])
            assert await _of_the_holder(url, "pid") == before is not None


@pytest.mark.postgres
async def test_a_connection_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lock is held by PostgreSQL until that notices; then the new connection has it."""
    monkeypatch.setattr(present, "ANSWER", 1.0)
    with postgres.server() as server:
        url = f"{server}/postgres"
        async with present.presence(url, ME) as mine, present.presence(url, OTHER) as other:
            pid = await _of_the_holder(url, "pid")
            os.kill(pid, signal.SIGSTOP)
            try:
                assert not await mine.show()
                assert await other.gone([ME]) == set()
            finally:
                os.kill(pid, signal.SIGCONT)
            await _shown_again(mine)
            assert await _of_the_holder(url, "pid") != pid


@pytest.mark.postgres
async def test_a_database_that_is_away_is_told_as_ever() -> None:
    """By the error that callers know, and only until it is back."""
    with postgres.running() as server:
        url = f"{server.url}/postgres"
        async with present.presence(url, ME) as mine:
            server.stop()
            for ask in (mine.show, mine.leads, lambda: mine.gone([OTHER])):
                with pytest.raises(DuologueError) as told:
                    await ask()
                assert told.value.code == "store_unusable"
            server.start()
            assert await mine.show()

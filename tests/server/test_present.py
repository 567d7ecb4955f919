"""Which processes live on one memory: on a file, and on PostgreSQL."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from tests import postgres

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
    import asyncpg

    with postgres.server() as server:
        url = f"{server}/postgres"
        async with present.presence(url, ME) as mine, present.presence(url, OTHER) as other:
            assert await mine.leads()
            conn = await asyncpg.connect(url)
            await conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks "
                "WHERE locktype = 'advisory' AND objid = $1",
                present.number(ME) & 0xFFFF_FFFF,
            )
            await conn.close()
            assert await other.gone([ME]) == {ME}
            assert await other.leads()
            assert not await mine.leads()
            assert await mine.gone([OTHER]) == set()
            assert await other.gone([ME]) == set()

"""A process that lost its lock on the database: believed to live while it answers itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests import postgres
from tests.pipeline.stage import until
from tests.processes.twins import Line, Twin, twins

from duologue.pipeline import meters
from duologue.pipeline.elsewhere import PROCESSES
from duologue.server import present
from duologue.server.serve import now_ms
from duologue.store import recovery

# Litestar 2.25 warns of names that 2.20, which we also run on, has no others for.
pytestmark = [pytest.mark.postgres, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """PostgreSQL."""
    with postgres.server() as found:
        yield found


async def _of_the_holder(house: Twin, what: str) -> Any:
    """What PostgreSQL answers about the connection that holds the lock of a house's process."""
    conn = await asyncpg.connect(house.host.settings.database)
    try:
        query = f"SELECT {what} FROM pg_locks WHERE objid = $1"
        return await conn.fetchval(query, present.number(house.host.process) & 0xFFFF_FFFF)
    finally:
        await conn.close()


def _asked(house: Twin, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What a house is answered when it asks whether another one lives."""
    answers = house.host.others.answers
    heard: list[bool] = []

    async def asks(process: str) -> bool:
        heard.append(await answers(process))
        return heard[-1]

    monkeypatch.setattr(house.host.others, "answers", asks)
    return heard


async def test_only_who_does_not_answer_either_is_taken_for_dead(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller talks on in a process without a lock, until that cannot be asked any more."""
    monkeypatch.setattr(present, "LOOK", 0.2)
    monkeypatch.setattr(present, "SHOW", 3600)
    monkeypatch.setattr(meters, "TIDY_MS", 10**15)  # who tidies takes its lock again
    async with twins(tmp_path, server) as (a, b):
        line = await a.line()
        await line.hears("Hello.")
        heard = _asked(b, monkeypatch)
        assert await _of_the_holder(a, "pg_terminate_backend(pid)")
        await until(lambda: len(heard) >= 3)
        assert all(heard)
        await line.type("pears")
        await line.hears("You said: pears")
        assert len(await b.open_runs()) == a.host.live == 1
        del a.host.bell._attending[PROCESSES, a.host.process]  # type: ignore[attr-defined]  # as if it were killed
        assert (await line.end())[0] == 1012
        assert heard.count(False) >= 2


async def test_a_lost_lock_is_taken_again_before_anybody_looks(tmp_path: Path, server: str) -> None:
    """By itself, within seconds."""
    async with twins(tmp_path, server) as (a, b):
        before = await _of_the_holder(a, "pid")
        assert await _of_the_holder(a, "pg_terminate_backend(pid)")
        async with asyncio.timeout(60):
            while await _of_the_holder(a, "pid") in (before, None):  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.1)
        assert await b.host.others.gone([a.host.process]) == set()


async def test_who_was_taken_for_dead_ends_its_runs_at_once(tmp_path: Path, server: str) -> None:
    """Attended or waited for: two agents do not talk for long, and the caller goes on with one."""
    async with twins(tmp_path, server) as (a, b):
        first, waiting = await a.line(), await a.line()
        for line in (first, waiting):
            await line.hears("Hello.")
        waiting.drop()
        await until(lambda: len(a.host.seats) == 1)
        await b.host.db.write(recovery.after_crash, [a.host.process], now_ms())
        assert (await first.end())[0] == 1012
        await until(lambda: a.host.live == 0)
        again = await Line.opened(b.url, first.key, first.answer)
        await again.type("pears")
        await again.hears("You said: pears")
        assert (a.host.live, b.host.live) == (0, 1)
        await again.leave()

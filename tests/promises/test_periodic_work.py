"""Work that is done from time to time is done once, however many processes there are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from tests import postgres
from tests.pipeline.test_alerts import Clock
from tests.store.tracing import told, turn
from tests.store.world import NOW, build
from tests.trace.receiver import Receiver

from duologue.core.alerts import CALM_MS
from duologue.pipeline import meters
from duologue.pipeline.alerts import EVERY_MS, Alerts
from duologue.pipeline.meters import Meters
from duologue.server.present import presence
from duologue.settings import Settings
from duologue.store import alerts, recovery, traces
from duologue.store.database import Database
from duologue.store.ids import fresh

PROCESSES = 4
SETTINGS = Settings(allow_private_webhooks=True)


class Process:
    """What one process does from time to time, on connections of its own."""

    def __init__(self, db: Database, looks: Alerts, tidies: Meters) -> None:
        self.db = db
        self._looks = looks
        self._tidies = tidies

    async def minute(self) -> None:
        """Everything that is due, to its end."""
        for _ in range(2):  # what is found is told at the next look
            self._looks.tick()
            await asyncio.gather(*self._looks._tasks.values())
            self._looks.hurry()
        await self._tidies._tidy_in_time()


@asynccontextmanager
async def processes(url: str, clock: Clock) -> AsyncIterator[list[Process]]:
    """Some that share a database, each with its sign of life."""
    async with AsyncExitStack() as stack:
        made = []
        for number in range(PROCESSES):
            db = await Database.open(url)
            stack.push_async_callback(db.close)
            shown = await stack.enter_async_context(presence(url, fresh("proc_", NOW + number)))
            looks = Alerts(db, SETTINGS, clock)
            stack.push_async_callback(looks.close)
            tidies = Meters(db, SETTINGS, list, clock, leads=shown.leads)
            made.append(Process(db, looks, tidies))
        yield made


async def once(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them at once, minute after minute: one firing, one tidying of each minute."""
    clock, tidied = Clock(), 0
    sweep = recovery.sweep

    def counted(*args: object, **values: object) -> object:
        nonlocal tidied
        tidied += 1
        return sweep(*args, **values)  # type: ignore[arg-type]  # whatever it takes

    monkeypatch.setattr(recovery, "sweep", counted)
    async with Receiver() as there, processes(url, clock) as four:
        db = four[0].db
        world = await db.write(build, "ours")
        rule = await db.write(
            lambda conn: alerts.add(
                conn,
                world.id,
                measure="tool_errors",
                agent="",
                threshold=1.0,
                window_ms=600_000,
                webhook=there.url,
                now=NOW,
            )
        )
        trace, began = "1".zfill(32), (NOW - 1000) * 10**6
        failed = turn(0, trace, started_ns=began, ended_ns=began + 1, tool_errors=1)
        started = told(trace, started_ns=began, agent="desk")
        await db.write(traces.put, world.id, [started, failed], NOW)
        minutes = (rule.window_ms + CALM_MS) // meters.TIDY_MS + 2
        for _ in range(minutes):
            clock.now += max(EVERY_MS, meters.TIDY_MS)
            await asyncio.gather(*(each.minute() for each in four))
        assert [each.json["type"] for each in there.taken] == ["alert.fired", "alert.well"]
        assert len(there.requests) == 2
        events = await db.read(alerts.events, world.id)
        assert [each.delivery for each in events] == ["delivered"] * 2
    assert tidied == minutes


async def test_beside_a_file_one_process_does_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The holder of a lock tidies; whoever claims an alert looks at it, and sends it."""
    await once(f"sqlite:///{tmp_path}/duologue.db", monkeypatch)


@pytest.mark.postgres
async def test_on_postgresql_one_process_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """By an advisory lock, and by claims."""
    with postgres.server() as server:
        await once(f"{server}/postgres", monkeypatch)

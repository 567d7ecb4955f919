"""Alerts as they happen: looked at by one, told once, sent again until somebody takes them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.store.tracing import told, turn
from tests.store.world import NOW, World, build
from tests.trace.receiver import Answer, Receiver, until

from duologue.access import webhooks
from duologue.core.alerts import CALM_MS
from duologue.pipeline import alerts as looking
from duologue.pipeline.alerts import EVERY_MS, PAUSES_MS, Alerts
from duologue.settings import Settings
from duologue.store import alerts, traces
from duologue.store.alerts import Alert, AlertEvent
from duologue.store.database import Database

SECRET = "a secret of many letters"


class Clock:
    """A time that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        """The time of the moment."""
        return self.now


class Watchtower:
    """A store with an organization, somebody who looks at its alerts, and a clock."""

    def __init__(self, db: Database, world: World, settings: Settings) -> None:
        self.db = db
        self.world = world
        self.clock = Clock()
        self.alerts = Alerts(db, settings, self.clock)

    async def rule(self, webhook: str = "", **facts: Any) -> Alert:
        """A rule that fires at one tool error."""
        known: dict[str, Any] = {
            "measure": "tool_errors",
            "agent": "",
            "threshold": 1.0,
            "window_ms": 600_000,
            "webhook": webhook,
            "now": NOW,
        }
        return await self.db.write(lambda c: alerts.add(c, self.world.id, **(known | facts)))

    async def fail(self, number: int = 1) -> None:
        """A tool fails just now."""
        trace, began = f"{number:032x}", (self.clock.now - 1000) * 10**6
        row = turn(0, trace, started_ns=began, ended_ns=began + 1, tool_errors=1)
        started = told(trace, started_ns=began, agent="desk")
        await self.db.write(traces.put, self.world.id, [started, row], self.clock.now)

    async def look(self, after: int = 0) -> None:
        """Time goes on, and everything that is due then happens."""
        self.clock.now += after
        await self.once()
        self.alerts.hurry()
        await self.once()

    async def once(self) -> None:
        """One second of the sweeper, to its end."""
        self.alerts.tick()
        tasks = list(self.alerts._tasks.values())
        if tasks:
            await asyncio.wait(tasks)

    async def events(self) -> list[AlertEvent]:
        """What happened, newest first."""
        return await self.db.read(alerts.events, self.world.id)


@asynccontextmanager
async def watchtower(folder: Path, **settings: Any) -> AsyncIterator[Watchtower]:
    """A watchtower whose webhooks may lead to this machine."""
    db = await Database.open(f"sqlite:///{folder / 'duologue.db'}")
    world = await db.write(build, "ours")
    known: dict[str, Any] = {"allow_private_webhooks": True, "webhook_secret": SECRET}
    chosen = Settings(**(known | settings))
    made = Watchtower(db, world, chosen)
    try:
        yield made
    finally:
        await made.alerts.close()
        await db.close()


async def test_it_is_told_once_and_once_when_it_is_well(tmp_path: Path) -> None:
    """However often one looks meanwhile; what is sent is signed, and says what happened."""
    async with watchtower(tmp_path) as tower, Receiver() as there:
        rule = await tower.rule(f"{there.url}/hook")
        await tower.look()
        assert there.requests == []
        await tower.fail()
        for _ in range(4):
            await tower.look(EVERY_MS)
        for _ in range(60):
            await tower.look(EVERY_MS)
        assert [request.json["type"] for request in there.taken] == ["alert.fired", "alert.well"]
        [fired, well] = there.taken
        assert fired.json["alert"] == {
            "id": rule.id,
            "measure": "tool_errors",
            "agent": "",
            "threshold": 1.0,
            "window_minutes": 10,
            "value": 1.0,
        }
        expected = "Alert: tool errors at 1 or more, within 10 minutes. It is 1 now."
        assert fired.json["text"] == expected
        assert well.json["at"] - fired.json["at"] >= rule.window_ms - EVERY_MS + CALM_MS - 1000
        secret = webhooks.secret_of(SECRET, rule.id)
        assert secret is not None
        for request in there.taken:
            at, _, signed = request.headers[webhooks.HEADER].partition(",v1=")
            text = at.removeprefix("t=").encode() + b"." + request.body
            assert signed == hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
        assert [each.delivery for each in await tower.events()] == ["delivered"] * 2
        assert dict(tower.alerts.happened) == {"fired": 1, "well": 1}
        assert dict(tower.alerts.sent) == {"delivered": 2}


async def test_without_a_webhook_it_is_a_line_of_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the rule in words."""
    async with watchtower(tmp_path) as tower:
        await tower.rule(agent="desk")
        await tower.fail()
        await tower.look()
        [event] = await tower.events()
        assert (event.kind, event.delivery) == ("fired", "log")
    told_to = capsys.readouterr().out + caplog.text
    assert "tool errors of desk at 1 or more" in told_to


async def test_of_nothing_nothing_is_told(tmp_path: Path) -> None:
    """A rule over what never happened stands as it was made."""
    async with watchtower(tmp_path) as tower:
        rule = await tower.rule(measure="error_rate", threshold=0.001)
        for _ in range(3):
            await tower.look(EVERY_MS)
        assert await tower.events() == []
        found = await tower.db.read(alerts.get, tower.world.id, rule.id)
        assert (found.state, found.value, found.looked_at) == ("unknown", None, tower.clock.now)


async def test_one_that_is_not_taken_is_sent_again_and_given_up_in_the_end(tmp_path: Path) -> None:
    """Under the same id each time; every try and the last answer are kept."""
    async with watchtower(tmp_path) as tower, Receiver(lambda request: Answer(503)) as there:
        await tower.rule(there.url)
        await tower.fail()
        await tower.look()
        for pause in PAUSES_MS:
            [event] = await tower.events()
            assert (event.delivery, event.answer) == ("waiting", "HTTP 503")
            before = len(there.requests)
            await tower.look(pause - 1)
            assert len(there.requests) == before
            await tower.look(1)
            assert len(there.requests) == before + 1
        tries = len(PAUSES_MS) + 1
        event = (await tower.events())[-1]
        assert (event.kind, event.delivery, event.tries) == ("fired", "failed", tries)
        assert (
            len(
                {
                    request.json["id"]
                    for request in there.requests
                    if "fired" in request.json["type"]
                }
            )
            == 1
        )
        assert tower.alerts.sent["failed"] == 1
        await tower.look(10 * PAUSES_MS[-1])
        fired = [request for request in there.requests if request.json["type"] == "alert.fired"]
        assert len(fired) == tries


async def test_one_that_is_taken_later_is_taken_once(tmp_path: Path) -> None:
    """And nothing is sent any more."""
    async with watchtower(tmp_path) as tower, Receiver(lambda request: Answer(500)) as there:
        await tower.rule(there.url)
        await tower.fail()
        await tower.look()
        there.behaviour = lambda request: Answer(204)
        await tower.look(PAUSES_MS[0])
        await tower.look(PAUSES_MS[1])
        [event] = await tower.events()
        assert (event.delivery, event.answer, event.tries) == ("delivered", "HTTP 204", 2)
        assert len(there.taken) == 1
        assert dict(tower.alerts.sent) == {"retried": 1, "delivered": 1}


async def test_nothing_is_sent_into_this_machine_unless_that_is_allowed(tmp_path: Path) -> None:
    """Also where the rule was made when it was."""
    async with Receiver() as there:
        async with watchtower(tmp_path, allow_private_webhooks=False) as tower:
            await tower.rule(there.url)
            await tower.rule("https://127.0.0.1:9/")
            await tower.fail()
            await tower.look()
            answers = [each.answer for each in await tower.events()]
        assert len(answers) == 2
        assert "it must begin with https://, unless allow_private_webhooks is set" in answers
        assert there.requests == []


async def test_without_a_secret_nothing_is_signed(tmp_path: Path) -> None:
    """It is sent all the same."""
    async with watchtower(tmp_path, webhook_secret="") as tower, Receiver() as there:
        await tower.rule(there.url)
        await tower.fail()
        await tower.look()
        [request] = there.taken
        assert webhooks.HEADER not in request.headers


async def test_two_processes_tell_it_once(tmp_path: Path) -> None:
    """On one store."""
    async with watchtower(tmp_path) as tower, Receiver() as there:
        other = Alerts(tower.db, Settings(allow_private_webhooks=True), tower.clock)
        await tower.rule(there.url)
        await tower.fail()
        for _ in range(3):
            tower.clock.now += EVERY_MS
            for each in (tower.alerts, other):
                each.hurry()
                each.tick()
            for each in (tower.alerts, other):
                await asyncio.wait(each._tasks.values())
        await other.close()
        assert len(there.requests) == 1


async def test_a_receiver_that_hangs_holds_up_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ticks return at once, and closing does not wait for it; it is sent again by the next."""
    async with watchtower(tmp_path) as tower, Receiver(lambda request: Answer(after=60)) as there:
        await tower.rule(there.url)
        await tower.fail()

        def asked() -> bool:
            tower.alerts.hurry()
            tower.alerts.tick()
            return bool(there.requests)

        await until(asked)
        async with asyncio.timeout(5):
            await tower.alerts.close()
        there.behaviour = lambda request: Answer()
        tower.alerts = Alerts(tower.db, Settings(allow_private_webhooks=True), tower.clock)
        await tower.look(looking.LEASE_MS)
        assert len(there.taken) == 1


async def test_a_store_that_fails_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged, and looked at again."""
    async with watchtower(tmp_path) as tower:
        await tower.rule()
        await tower.fail()
        with monkeypatch.context() as broken:
            broken.setattr(alerts, "due", lambda *_: 1 / 0)
            await tower.look()
        assert await tower.events() == []
        await tower.look(EVERY_MS)
        assert len(await tower.events()) == 1


async def test_a_rule_that_cannot_be_read_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged; the next one fires in the same round."""
    async with watchtower(tmp_path) as tower:
        broken, _ = await tower.rule(), await tower.rule()
        await tower.fail()
        real = alerts.note

        def note(conn: Any, org_id: str, id: str, seen: Any, now: int) -> Any:  # noqa: A002
            if id == broken.id:
                raise ZeroDivisionError
            return real(conn, org_id, id, seen, now)

        monkeypatch.setattr(alerts, "note", note)
        await tower.look()
        assert [one.alert_id == broken.id for one in await tower.events()] == [False]


async def test_a_rule_that_is_deleted_meanwhile_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are looked at."""
    async with watchtower(tmp_path) as tower:
        gone, _ = await tower.rule(), await tower.rule()
        await tower.fail()
        real = alerts.note

        def note(conn: Any, org_id: str, id: str, seen: Any, now: int) -> Any:  # noqa: A002
            if id == gone.id:
                alerts.remove(conn, org_id, id)
            return real(conn, org_id, id, seen, now)

        monkeypatch.setattr(alerts, "note", note)
        await tower.look()
        assert len(await tower.events()) == 1

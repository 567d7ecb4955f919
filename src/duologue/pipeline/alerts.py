"""Alerts: each rule is looked at once in a while, by one process, and whoever cares is told.

Nothing of a call waits for it: looking and telling are tasks of their own.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy import Connection

from duologue.access import outgoing, webhooks
from duologue.core import alerts as rules
from duologue.errors import DuologueError
from duologue.settings import Settings
from duologue.store import alert_measures, alerts
from duologue.store.alerts import Alert, AlertEvent, Measured
from duologue.store.database import Database
from duologue.wire.alerts import NOTICES, EventKind, Notice, Told

log = structlog.get_logger(__name__)

EVERY_MS: Final = 15_000
"""How often each rule is looked at."""
TELL_MS: Final = 5_000
"""How often is looked for what waits to be sent."""
PAUSES_MS: Final = (10_000, 60_000, 300_000, 1_800_000)
"""How long after each try that failed a webhook is sent again; after the last it is given up."""
LEASE_MS: Final = 60_000
"""After how long an event is sent by another process, where the one that took it died."""


class Alerts:
    """Looks at every rule that is due, and sends what waits to be sent."""

    def __init__(self, db: Database, settings: Settings, clock: Callable[[], int]) -> None:
        self._db = db
        self._secret = settings.webhook_secret
        self._private = settings.allow_private_webhooks
        self._clock = clock
        self._looked_at = 0
        self._told_at = 0
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.happened: Counter[EventKind] = Counter()
        """What was told of here, by its kind."""
        self.sent: Counter[str] = Counter()
        """What became of webhooks that were sent from here: `delivered`, `failed`, `retried`."""

    def tick(self) -> None:
        """Looks and tells, if it is time; called every second, it never waits."""
        now = self._clock()
        if now - self._looked_at >= EVERY_MS:
            self._looked_at = now
            self._begin("looking", self._look)
        if now - self._told_at >= TELL_MS:
            self._told_at = now
            self._begin("telling", self._tell)

    def hurry(self) -> None:
        """Something waits to be sent: it need not wait for long."""
        self._told_at = 0

    async def close(self) -> None:
        """Stops looking; what was not told yet waits in the store."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    # ------------------------------------------------------------ within

    def _begin(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Runs one of each at a time; what fails is logged, and tried again the next time."""
        before = self._tasks.get(name)
        if before is None or before.done():
            self._tasks[name] = asyncio.create_task(self._run(name, work), name=f"alerts: {name}")

    async def _run(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except Exception:
            log.exception("alerts not looked after", what=name)

    async def _look(self) -> None:
        now = self._clock()
        for rule in await self._db.write(alerts.due, now, EVERY_MS):
            try:
                await self._look_at(rule, now)
            except Exception:  # one rule's trouble is not the others'
                log.exception("alert not looked at", alert=rule.id, org=rule.org_id)

    async def _look_at(self, rule: Alert, now: int) -> None:
        seen = await self._db.read(_measure, rule, now)
        try:
            event = await self._db.write(alerts.note, rule.org_id, rule.id, seen, now)
        except DuologueError:
            return  # it was deleted meanwhile
        if event is not None:
            self._say(rule, event)

    def _say(self, rule: Alert, event: AlertEvent) -> None:
        self.happened[event.kind] += 1
        self.hurry()
        if event.kind == "fired":
            log.warning("alert fired", alert=rule.id, org=rule.org_id, text=said(rule, event))
        else:
            log.info("alert well again", alert=rule.id, org=rule.org_id, text=said(rule, event))

    async def _tell(self) -> None:
        claimed = await self._db.write(alerts.waiting, self._clock(), LEASE_MS)
        await asyncio.gather(*(self._send(rule, event) for rule, event in claimed))

    async def _send(self, rule: Alert, event: AlertEvent) -> None:
        now = self._clock()
        body = msgspec.json.encode(notice(rule, event))
        headers = {"content-type": "application/json", "user-agent": "duologue"}
        secret = webhooks.secret_of(self._secret, rule.id)
        if secret is not None:
            headers[webhooks.HEADER] = webhooks.signature(secret, body, now // 1000)
        try:
            status = await outgoing.post(rule.webhook, body, headers, private=self._private)
            answer = f"HTTP {status}"
            taken = 200 <= status < 300
        except outgoing.Unsent as error:
            answer, taken = str(error), False
        await self._settle(event, answer, taken=taken)

    async def _settle(self, event: AlertEvent, answer: str, *, taken: bool) -> None:
        """Keeps what was answered, and when to try again where that was no good."""
        again = not taken and event.tries <= len(PAUSES_MS)
        result = "delivered" if taken else "retried" if again else "failed"
        self.sent[result] += 1
        if result == "failed":
            log.warning("webhook given up", event_id=event.id, alert=event.alert_id, answer=answer)
        await self._db.write(
            alerts.settle,
            event.org_id,
            event.id,
            delivery="delivered" if taken else "waiting" if again else "failed",
            answer=answer,
            next_at=self._clock() + PAUSES_MS[event.tries - 1] if again else None,
        )


def said(rule: Alert, event: AlertEvent) -> str:
    """An event as a sentence."""
    words = rules.rule(rule.measure, rule.threshold, rule.minutes, rule.agent)
    return rules.sentence(event.kind, words, rules.shown(rule.measure, event.value))


def notice(rule: Alert, event: AlertEvent) -> Notice:
    """An event as a webhook is told of it."""
    return Notice(
        id=event.id,
        type=NOTICES[event.kind],
        at=event.at,
        text=said(rule, event),
        alert=Told(
            id=rule.id,
            measure=rule.measure,
            agent=rule.agent,
            threshold=rule.threshold,
            window_minutes=rule.minutes,
            value=event.value,
        ),
    )


def _measure(conn: Connection, rule: Alert, now: int) -> Measured:
    since = now - rule.window_ms
    return alert_measures.measure(
        conn, rule.org_id, rule.measure, rule.agent, since=since, until=now
    )

"""Alerts: rules, which process looks at them, how they stand, and who was told of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from duologue.core.alerts import Standing, judge
from duologue.errors import DuologueError
from duologue.store.alert_tables import alert_events, alerts
from duologue.store.ids import fresh
from duologue.store.records import as_row, build, holds
from duologue.wire.alerts import Delivery, EventKind, Measure, State

MOST: Final = 100
"""Rules that an organization may have."""
KEPT: Final = 100
"""Events that are kept of a rule, the newest."""
AT_ONCE: Final = 20
"""Webhooks that a process sends at once."""

_of = alerts.c
_event = alert_events.c


class Alert(msgspec.Struct, frozen=True):
    """A rule and how it stands."""

    id: str
    org_id: str
    measure: Measure
    agent: str
    threshold: float
    window_ms: int
    webhook: str
    state: State
    calm_since: int | None
    value: float | None
    samples: int
    changed_at: int | None
    fired_at: int | None
    looked_at: int
    created_at: int

    @property
    def minutes(self) -> int:
        """Its window in minutes."""
        return self.window_ms // 60_000


class AlertEvent(msgspec.Struct, frozen=True):
    """That a rule fired, or was well again, and who was told of it."""

    id: str
    org_id: str
    alert_id: str
    kind: EventKind
    value: float | None
    at: int
    delivery: Delivery
    tries: int
    answer: str
    next_at: int | None


class Measured(msgspec.Struct, frozen=True):
    """The figure of a rule, and of how many turns or traces it was read."""

    value: float | None
    """None where it cannot be said of nothing, as a share."""
    samples: int


holds(Alert, json=())
holds(AlertEvent, json=())


# ---------------------------------------------------------------- rules


def add(
    conn: Connection,
    org_id: str,
    *,
    measure: Measure,
    agent: str,
    threshold: float,
    window_ms: int,
    webhook: str,
    now: int,
) -> Alert:
    """A new rule, which is looked at next."""
    held = conn.execute(select(func.count()).where(_of.org_id == org_id)).scalar_one()
    if held >= MOST:
        reason = f"there are {held} alerts already, and {MOST} at most; delete one first"
        raise DuologueError("bad_request", reason=reason)
    made = Alert(
        id=fresh("alert_", now),
        org_id=org_id,
        measure=measure,
        agent=agent,
        threshold=threshold,
        window_ms=window_ms,
        webhook=webhook,
        state="unknown",
        calm_since=None,
        value=None,
        samples=0,
        changed_at=None,
        fired_at=None,
        looked_at=0,
        created_at=now,
    )
    conn.execute(insert(alerts).values(as_row(made)))
    return made


def all(conn: Connection, org_id: str) -> list[Alert]:  # noqa: A001
    """Every rule of an organization, oldest first."""
    rows = conn.execute(select(alerts).where(_of.org_id == org_id).order_by(_of.id))
    return [build(Alert, row) for row in rows.fetchall()]


def get(conn: Connection, org_id: str, id: str) -> Alert:  # noqa: A002
    """The organization's rule of that id."""
    return _alert(conn, org_id, id)


def remove(conn: Connection, org_id: str, id: str) -> None:  # noqa: A002
    """Deletes a rule and what happened to it."""
    _alert(conn, org_id, id, lock=True)
    conn.execute(delete(alert_events).where(_event.org_id == org_id, _event.alert_id == id))
    conn.execute(delete(alerts).where(_of.org_id == org_id, _of.id == id))


def events(conn: Connection, org_id: str, *, limit: int = 50) -> list[AlertEvent]:
    """What happened last to an organization's rules, newest first."""
    newest = select(alert_events).where(_event.org_id == org_id).order_by(_event.id.desc())
    rows = conn.execute(newest.limit(limit)).fetchall()
    return [build(AlertEvent, row) for row in rows]


def states(conn: Connection) -> dict[State, int]:
    """How many rules of all organizations stand how."""
    rows = conn.execute(select(_of.state, func.count()).group_by(_of.state)).fetchall()
    return {state: int(count) for state, count in rows}


# ---------------------------------------------------------------- looking


def due(conn: Connection, now: int, every_ms: int) -> list[Alert]:
    """Rules that nobody looked at for so long; of several processes one gets each."""
    before = now - every_ms
    claim = update(alerts).where(_of.looked_at <= before).values(looked_at=now).returning(*_of)
    return [build(Alert, row) for row in conn.execute(claim).fetchall()]


def note(
    conn: Connection,
    org_id: str,
    id: str,  # noqa: A002
    seen: Measured,
    now: int,
) -> AlertEvent | None:
    """Keeps what was seen of a rule; the event, where it fired or is well again by that."""
    rule = _alert(conn, org_id, id, lock=True)
    value = seen.value if seen.samples or rule.state == "fired" else None
    standing, change = judge(Standing(rule.state, rule.calm_since), value, rule.threshold, now)
    values: dict[str, Any] = {
        "state": standing.state,
        "calm_since": standing.calm_since,
        "value": seen.value if seen.samples else None,
        "samples": seen.samples,
    }
    if standing.state != rule.state:
        values["changed_at"] = now
    if change == "fired":
        values["fired_at"] = now
    conn.execute(update(alerts).where(_of.org_id == org_id, _of.id == id).values(values))
    return None if change is None else _happened(conn, rule, change, seen.value, now)


def rehearse(conn: Connection, org_id: str, id: str, now: int) -> AlertEvent:  # noqa: A002
    """An event that is told as a real one is, to try a webhook."""
    rule = _alert(conn, org_id, id, lock=True)
    return _happened(conn, rule, "test", rule.value, now)


# ---------------------------------------------------------------- telling


def waiting(conn: Connection, now: int, lease_ms: int) -> list[tuple[Alert, AlertEvent]]:
    """Events whose webhook is to be sent now, some at once; they are this process' for a while."""
    some = (
        select(_event.id)
        .where(_event.next_at <= now)
        .order_by(_event.next_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    claim = (
        update(alert_events)
        .where(_event.id.in_(some.scalar_subquery()))
        .values(tries=_event.tries + 1, next_at=now + lease_ms)
        .returning(*_event)
    )
    claimed = [build(AlertEvent, row) for row in conn.execute(claim).fetchall()]
    return [(_alert(conn, each.org_id, each.alert_id), each) for each in claimed]


def settle(
    conn: Connection,
    org_id: str,
    id: str,  # noqa: A002
    *,
    delivery: Delivery,
    answer: str,
    next_at: int | None,
) -> bool:
    """Keeps what a webhook answered; false where the event is not there any more."""
    this = (_event.org_id == org_id, _event.id == id)
    values = {"delivery": delivery, "answer": answer, "next_at": next_at}
    return conn.execute(update(alert_events).where(*this).values(values)).rowcount == 1


# ---------------------------------------------------------------- within


def _alert(conn: Connection, org_id: str, id: str, *, lock: bool = False) -> Alert:  # noqa: A002
    query = select(alerts).where(_of.org_id == org_id, _of.id == id)
    row = conn.execute(query.with_for_update() if lock else query).fetchone()
    if row is None:
        raise DuologueError("alert_not_found", alert=id)
    return build(Alert, row)


def _happened(
    conn: Connection, rule: Alert, kind: EventKind, value: float | None, now: int
) -> AlertEvent:
    made = AlertEvent(
        id=fresh("evt_", now),
        org_id=rule.org_id,
        alert_id=rule.id,
        kind=kind,
        value=value,
        at=now,
        delivery="waiting" if rule.webhook else "log",
        tries=0,
        answer="",
        next_at=now if rule.webhook else None,
    )
    conn.execute(insert(alert_events).values(as_row(made)))
    _forget_oldest(conn, rule)
    return made


def _forget_oldest(conn: Connection, rule: Alert) -> None:
    theirs = (_event.org_id == rule.org_id, _event.alert_id == rule.id)
    newest = select(_event.id).where(*theirs).order_by(_event.id.desc())
    old: Sequence[Any] = conn.execute(newest.offset(KEPT)).fetchall()
    conn.execute(delete(alert_events).where(*theirs, _event.id.in_([row[0] for row in old])))

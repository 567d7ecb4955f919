"""Alerts on the overview: the rules, how they stand, and what happened to them."""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec
from sqlalchemy import Connection

from duologue.access.webhooks import secret_of
from duologue.core.alerts import MEASURES, place, rule, shown, within
from duologue.store import alerts
from duologue.store.alerts import Alert, AlertEvent

SHOWN: Final = 20
"""Events that the page shows."""
WINDOWS: Final = (5, 15, 60, 360, 1440)
"""Minutes that the form offers."""
UNITS: Final = {"ms": ", ms", "percent": ", %", "count": "", "money": ", in your currency"}
KINDS: Final = {"fired": "fired", "well": "well again", "test": "test"}


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as the page shows it."""

    alert: Alert
    words: str
    webhook: str
    """Where it is told: all of the address for owners, scheme and host for viewers."""
    value: str
    state: str
    colour: str
    """The pill's: `good`, `bad`, or none."""
    secret: str | None
    """What signs its webhook."""


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """An event as the page shows it."""

    event: AlertEvent
    kind: str
    words: str
    value: str
    told: str
    wrong: bool


class AlertsView(msgspec.Struct, frozen=True, kw_only=True):
    """The section."""

    rules: list[Rule]
    events: list[Happened]
    signs: bool
    """Whether webhooks are signed."""
    measures: ClassVar = {
        name: each.title[:1].upper() + each.title[1:] + UNITS[each.unit]
        for name, each in MEASURES.items()
    }
    windows: ClassVar = {each: within(each) for each in WINDOWS}


def load(conn: Connection, org_id: str, *, master: str, owner: bool) -> AlertsView:
    """The section; viewers are not shown what signs webhooks, nor their whole addresses."""
    found = alerts.all(conn, org_id)
    by_id = {each.id: each for each in found}
    happened = alerts.events(conn, org_id, limit=SHOWN)
    return AlertsView(
        rules=[_rule(each, master, owner=owner) for each in found],
        events=[_happened(each, by_id[each.alert_id]) for each in happened],
        signs=bool(master),
    )


def _said(alert: Alert) -> str:
    words = rule(alert.measure, alert.threshold, alert.minutes, alert.agent)
    return f"{words[:1].upper()}{words[1:]}"


def _rule(alert: Alert, master: str, *, owner: bool) -> Rule:
    if alert.state == "fired":
        state, colour = "fired", "bad"
    elif not alert.samples:
        state, colour = "no data", ""
    else:
        state, colour = "well", "good"
    return Rule(
        alert=alert,
        words=_said(alert),
        webhook=alert.webhook if owner else place(alert.webhook),
        value=shown(alert.measure, alert.value),
        state=state,
        colour=colour,
        secret=secret_of(master, alert.id) if alert.webhook and owner else None,
    )


def _happened(event: AlertEvent, alert: Alert) -> Happened:
    tries = f" after {event.tries} tries" if event.tries > 1 else ""
    so_far = {0: "waiting", 1: "tried once"}.get(event.tries, f"tried {event.tries} times")
    told = {
        "log": "logged",
        "waiting": so_far,
        "delivered": f"delivered{tries}",
        "failed": f"given up{tries}",
    }[event.delivery]
    return Happened(
        event=event,
        kind=KINDS[event.kind],
        words=_said(alert),
        value=shown(alert.measure, event.value),
        told=f"{told}: {event.answer}" if event.answer else told,
        wrong=event.delivery == "failed",
    )

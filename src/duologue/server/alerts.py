"""The owners' door for alerts: rules made, listed, tried and deleted."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Controller, Request, delete, get, post
from litestar.di import Provide
from sqlalchemy import Connection

from duologue.access import outgoing, webhooks
from duologue.access.keys import Principal
from duologue.core.alerts import place
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server.owners import principal_of
from duologue.store import alerts, trace_export
from duologue.store.alerts import Alert, AlertEvent
from duologue.wire import alerts as wire
from duologue.wire import rest


class Alerts(Controller):
    """What the owners want to be told of."""

    path = "/v1/alerts"
    tags = ("Alerts",)
    dependencies = {"principal": Provide(principal_of)}  # noqa: RUF012  # Litestar's way

    @get("/")
    async def list_alerts(self, host: Host, principal: Principal) -> wire.AlertList:
        """Every rule and how it stands, and what happened last."""
        principal.require("read")
        found, happened = await host.db.read(_all, principal.org_id)
        may = "admin" in principal.scopes
        return wire.AlertList(
            items=[view(host, each, secret=may) for each in found],
            events=[_event(each) for each in happened],
        )

    @post("/")
    async def create_alert(
        self,
        request: Request[Any, Any, Any],
        host: Host,
        principal: Principal,
        data: wire.AlertRequest,
    ) -> wire.AlertView:
        """A new rule: it is looked at within a quarter of a minute."""
        _require(request, principal)
        return view(host, await add(host, principal.org_id, data), secret=True)

    @post("/{alert:str}/test", status_code=200)
    async def try_alert(
        self, request: Request[Any, Any, Any], host: Host, principal: Principal, alert: str
    ) -> wire.AlertEventView:
        """Tells the rule's webhook of it as if something had happened."""
        _require(request, principal)
        return _event(await rehearse(host, principal.org_id, alert))

    @delete("/{alert:str}", status_code=200)
    async def delete_alert(
        self, request: Request[Any, Any, Any], host: Host, principal: Principal, alert: str
    ) -> rest.Done:
        """Forgets a rule and what happened to it."""
        _require(request, principal)
        await host.db.write(alerts.remove, principal.org_id, alert)
        return rest.Done()


DOORS = [Alerts]


# ---------------------------------------------------------------- what the console does, too


async def add(host: Host, org_id: str, asked: wire.AlertRequest) -> Alert:
    """Makes a rule, unless its webhook leads where nothing may be sent."""
    if asked.webhook:
        outgoing.check(asked.webhook, private=host.settings.allow_private_webhooks)
    return await host.db.write(_add, org_id, asked, host.clock())


async def rehearse(host: Host, org_id: str, id: str) -> AlertEvent:  # noqa: A002
    """Tells the webhook of a rule of it; the log, where it has none."""
    made = await host.db.write(alerts.rehearse, org_id, id, host.clock())
    host.alerts.hurry()
    return made


def view(host: Host, one: Alert, *, secret: bool) -> wire.AlertView:
    """A rule as owners see it; without `secret`, of its webhook only the place."""
    signs = webhooks.secret_of(host.settings.webhook_secret, one.id) if secret else None
    known: dict[str, Any] = msgspec.structs.asdict(one) | {
        "window_minutes": one.minutes,
        "webhook": one.webhook if secret else place(one.webhook),
        "secret": signs if one.webhook else None,
    }
    return msgspec.convert(known, wire.AlertView)


# ---------------------------------------------------------------- within


def _add(conn: Connection, org_id: str, asked: wire.AlertRequest, now: int) -> Alert:
    return alerts.add(
        conn,
        org_id,
        measure=asked.measure,
        agent=trace_export.name(conn, org_id, asked.agent or None) or "",
        threshold=asked.threshold,
        window_ms=asked.window_minutes * 60_000,
        webhook=asked.webhook,
        now=now,
    )


def _all(conn: Connection, org_id: str) -> tuple[list[Alert], list[AlertEvent]]:
    return alerts.all(conn, org_id), alerts.events(conn, org_id)


def _event(one: AlertEvent) -> wire.AlertEventView:
    return msgspec.convert(one, wire.AlertEventView, from_attributes=True)


def _require(request: Request[Any, Any, Any], principal: Principal) -> None:
    """Refuses readers, and other pages of this machine, which need no key in `dev`."""
    principal.require("admin")
    origin = request.headers.get("origin")
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    if principal.kind == "local" and origin not in (None, own):
        raise DuologueError("console_foreign")

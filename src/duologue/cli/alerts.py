"""`duologue alerts`: who is told when agents do badly."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from duologue.access import outgoing, webhooks
from duologue.cli import output
from duologue.cli.options import (
    Config,
    Data,
    Json,
    Org,
    Yes,
    confirm_forgetting,
    organization,
)
from duologue.cli.options import settings as load
from duologue.cli.times import now
from duologue.core import alerts as rules
from duologue.errors import DuologueError
from duologue.store import alerts, trace_export
from duologue.store.database import unit
from duologue.wire.alerts import AlertRequest

app = typer.Typer(help="Alerts: who is told when agents do badly.", no_args_is_help=True)
Id = Annotated[str, typer.Argument(metavar="ID", help="The alert: alert_…")]


@app.command("list")
def list_(
    org: Org = "default", data: Data = None, config: Config = None, as_json: Json = False
) -> None:
    """List alerts and how they stand, and what happened last."""
    with unit(load(data, config).database) as conn:
        owner = organization(conn, org)
        found, happened = alerts.all(conn, owner.id), alerts.events(conn, owner.id, limit=10)
    if as_json:
        return output.emit({"items": found, "events": happened})
    rows = [
        (
            each.id,
            rules.rule(each.measure, each.threshold, each.minutes, each.agent),
            each.state,
            rules.shown(each.measure, each.value),
            each.webhook or "the log",
        )
        for each in found
    ]
    headings = ("id", "when", "state", "now", "tells")
    output.table(headings, rows, empty="No alerts. Make one: duologue alerts create lost 1")
    for event in happened:
        answer = f" ({event.answer})" if event.answer else ""
        when = output.when(event.at)
        output.say(f"{when}  {event.alert_id}  {event.kind}, {event.delivery}{answer}")
    return None


@app.command()
def create(
    measure: Annotated[str, typer.Argument(help=f"What to look at: {', '.join(rules.MEASURES)}.")],
    threshold: Annotated[
        float, typer.Argument(help="From where on: ms, percent, currency, or how many.")
    ],
    agent: Annotated[str, typer.Option("--agent", help="Only this agent's.")] = "",
    window: Annotated[int, typer.Option("--window", help="How many minutes to look back.")] = 60,
    webhook: Annotated[
        str, typer.Option("--webhook", help="An address to tell; without it, the log.")
    ] = "",
    org: Org = "default",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Make an alert; a running server looks at it within a quarter of a minute."""
    asked = _asked(measure, threshold, agent, window, webhook)
    chosen = load(data, config)
    if webhook:
        outgoing.check(webhook, private=chosen.allow_private_webhooks)
    with unit(chosen.database) as conn:
        owner = organization(conn, org)
        made = alerts.add(
            conn,
            owner.id,
            measure=asked.measure,
            agent=trace_export.name(conn, owner.id, agent or None) or "",
            threshold=threshold,
            window_ms=window * 60_000,
            webhook=webhook,
            now=now(),
        )
    secret = webhooks.secret_of(chosen.webhook_secret, made.id) if webhook else None
    if as_json:
        return output.emit(msgspec.structs.asdict(made) | {"secret": secret})
    output.say(f"Made {made.id}: {rules.rule(made.measure, threshold, window, made.agent)}.")
    if secret is not None:
        output.say(f"Its webhook is signed with {secret}")
    elif webhook:
        output.say("Its webhook is not signed: the setting webhook_secret is empty.")
    return None


@app.command()
def delete(
    alert: Id,
    yes: Yes = False,
    org: Org = "default",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Forget an alert and what happened to it."""
    confirm_forgetting(alert, yes=yes, as_json=as_json)
    with unit(load(data, config).database) as conn:
        alerts.remove(conn, organization(conn, org).id, alert)
    if as_json:
        return output.emit({"id": alert, "deleted": True})
    return output.say(f"Forgot {alert}.")


def _asked(measure: str, threshold: float, agent: str, window: int, webhook: str) -> AlertRequest:
    """The rule that is meant, or a refusal that names what is wrong with it."""
    given = {
        "measure": measure,
        "threshold": threshold,
        "agent": agent,
        "window_minutes": window,
        "webhook": webhook,
    }
    try:
        return msgspec.convert(given, AlertRequest)
    except msgspec.ValidationError as error:
        known = "" if measure in rules.MEASURES else f"; there are {', '.join(rules.MEASURES)}"
        raise DuologueError("bad_request", reason=f"{error}{known}") from None

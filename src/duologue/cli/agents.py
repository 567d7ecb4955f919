"""`duologue agents`: who answers, and who may be called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from sqlalchemy import Connection

from duologue.access import webhooks
from duologue.cli import output
from duologue.cli.catalog import catalog
from duologue.cli.options import (
    Config,
    Data,
    Files,
    Json,
    Org,
    database,
    organization,
    settings,
)
from duologue.cli.times import now
from duologue.errors import DuologueError
from duologue.settings import Settings
from duologue.store import agents
from duologue.store.database import unit
from duologue.store.records import Agent

app = typer.Typer(help="Agents: drafts until they are published.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="AGENT", help="Its slug, or id.")]
NONE_YET = (
    "No agents yet. See the demo agents: duologue dev. Or publish one: duologue agents publish demo"
)


@app.command("list")
def list_(
    org: Org = "default", data: Data = None, config: Config = None, as_json: Json = False
) -> None:
    """List the agents that this data folder knows."""
    with database(data, config) as conn:
        found = agents.all(conn, organization(conn, org).id)
    if as_json:
        return output.emit([facts(each) for each in found])
    rows = [
        (each.slug, each.name, output.when(each.published_at, none="draft"), each.source, each.id)
        for each in found
    ]
    return output.table(("slug", "name", "published", "from", "id"), rows, empty=NONE_YET)


@app.command()
def show(
    agent: Name,
    org: Org = "default",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show everything that is written down about an agent."""
    with database(data, config) as conn:
        owner = organization(conn, org)
        found = agents.get(conn, owner.id, agent) or _unknown(conn, owner.id, agent, ())
    if as_json:
        return output.emit(facts(found))
    rows = [(name, _shown(name, value)) for name, value in facts(found).items()]
    definition = msgspec.json.decode(found.definition)
    rows = [row for row in rows if row[0] != "definition"]
    rows += [(name, _shown(name, value)) for name, value in sorted(definition.items())]
    return output.table(("", found.slug), rows, empty="")


@app.command()
def publish(
    agent: Name,
    files: Files = None,
    org: Org = "default",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Open an agent to sessions. One that never ran is read from FILE, or is a demo agent."""
    chosen = settings(data, config)
    with unit(chosen.database) as conn:
        owner = organization(conn, org)
        # What a server has loaded once is known; only something new needs the file.
        found = None if files else agents.publish(conn, owner.id, agent, now())
        made = found or _register(conn, owner.id, agent, files, chosen)
    if as_json:
        return output.emit(facts(made))
    return output.say(
        f"Agent {made.slug} is published. A key opens it: duologue keys create --kind secret"
    )


@app.command()
def unpublish(
    agent: Name,
    org: Org = "default",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Make an agent a draft again; live sessions go on."""
    with database(data, config) as conn:
        owner = organization(conn, org)
        made = agents.unpublish(conn, owner.id, agent, now()) or _unknown(conn, owner.id, agent, ())
    if as_json:
        return output.emit(facts(made))
    return output.say(f"Agent {made.slug} is a draft.")


@app.command()
def secret(agent: Name, files: Files = None, config: Config = None, as_json: Json = False) -> None:
    """Show what proves to an agent's back end that its webhooks come from here."""
    chosen = settings(None, config)
    found = catalog(files, chosen)
    loaded = found.get(agent)
    if loaded is None:
        known = ", ".join(each.definition.slug for each in found.all())
        raise DuologueError("agent_not_found", agent=agent, known=known)
    if loaded.webhook is None:
        raise DuologueError("agent_invalid", agent=agent, reason="it has no webhook")
    if place := loaded.webhook.secret:
        reason = f"its own secret, at {place}, is never shown"
        raise DuologueError("agent_invalid", agent=agent, reason=reason)
    made = webhooks.secret_of(chosen.webhook_secret, agent)
    if made is None:
        reason = "it is empty, so webhooks are not signed; at least 16 letters sign them"
        raise DuologueError("setting_invalid", name="webhook_secret", reason=reason)
    return output.emit({"secret": made}) if as_json else output.say(made)


def facts(agent: Agent) -> dict[str, Any]:
    """An agent as JSON, its definition unfolded."""
    return msgspec.structs.asdict(agent) | {"definition": msgspec.Raw(agent.definition.encode())}


def _register(
    conn: Connection, org_id: str, wanted: str, files: list[Path] | None, chosen: Settings
) -> Agent:
    loaded = catalog(files, chosen).all()
    for each in loaded:
        if each.definition.slug == wanted:
            return agents.put(
                conn,
                org_id,
                slug=wanted,
                name=each.definition.title,
                definition=msgspec.json.encode(each.definition),
                source=each.source,
                now=now(),
                publish=True,
            )
    return _unknown(conn, org_id, wanted, tuple(each.definition.slug for each in loaded))


def _unknown(conn: Connection, org_id: str, wanted: str, loaded: tuple[str, ...]) -> Agent:
    known = sorted({*loaded, *(each.slug for each in agents.all(conn, org_id))})
    raise DuologueError("agent_not_found", agent=wanted, known=", ".join(known) or "none")


def _shown(name: str, value: Any) -> str:
    if name.endswith("_at"):
        return output.when(value)
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()

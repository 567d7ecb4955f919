"""`duologue console`: the way in to the pages that show what agents do."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import Connection

from duologue.access import console
from duologue.cli import output
from duologue.cli.options import Config, Data, Json, Org, organization
from duologue.cli.options import settings as load
from duologue.cli.times import now
from duologue.server import alone
from duologue.settings import Settings
from duologue.store.console import Role
from duologue.store.database import unit

app = typer.Typer(help="The pages that show what agents do.", no_args_is_help=True)


@app.command()
def login(
    role: Annotated[
        Role, typer.Option("--role", help="owner, or viewer, who may look and change nothing.")
    ] = "owner",
    name: Annotated[str, typer.Option("--name", help="Who it is for.")] = "",
    url: Annotated[
        str | None,
        typer.Option("--url", help="Where the server is reached (default: where it runs)."),
    ] = None,
    org: Org = "default",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Make a link that signs you in to the console, once, within ten minutes."""
    chosen = load(data, config)
    with unit(chosen.database) as conn:
        made = link(conn, org, role=role, name=name, url=url or address(chosen))
    if as_json:
        return output.emit({"url": made, "role": role})
    return output.say(made, "It signs in once, within ten minutes.")


def link(conn: Connection, org: str, *, role: Role, name: str, url: str) -> str:
    """The address that signs in; nothing of a link but its hash is kept."""
    token = console.invite(conn, organization(conn, org).id, role, name, now())
    return f"{url.rstrip('/')}/console/enter?token={token}"


def address(chosen: Settings) -> str:
    """Where the server is reached that runs on this data; without one where it would be."""
    if running := alone.address(chosen):
        return running
    host = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    return chosen.public_url or f"http://{host}:{chosen.port}"

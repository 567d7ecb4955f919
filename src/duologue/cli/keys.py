"""`duologue keys`: what opens the doors."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from duologue.access import keys as doorkeeper
from duologue.cli import output
from duologue.cli.options import Config, Data, Json, Org, database, organization
from duologue.cli.times import expiry, now, span
from duologue.errors import DuologueError
from duologue.store import agents, keys
from duologue.store.records import Key, KeyKind

app = typer.Typer(help="Secret keys for servers, public keys for browsers.", no_args_is_help=True)


@app.command()
def create(
    kind: Annotated[
        KeyKind, typer.Option("--kind", help="secret, for servers, or public, for browsers.")
    ],
    agent: Annotated[
        str | None, typer.Option("--agent", help="The one agent that a public key opens.")
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option("--origin", help="A page that may use a public key: https://example.com."),
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="sessions, read, ingest or admin; repeat it."),
    ] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", help="30d, 12h, 45m, or an ISO date or time.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="What it is for.")] = "",
    org: Org = "default",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Create a key. It is shown once: only its hash is kept."""
    at = now()
    ends = None if expires is None else expiry(expires, at)
    with database(data, config) as conn:
        owner = organization(conn, org)
        made, text = doorkeeper.create(
            conn,
            owner.id,
            kind=kind,
            name=name,
            agent=agent,
            origins=origin or (),
            scopes=scope or (),
            expires_at=ends,
            now=at,
        )
    if as_json:
        return output.emit({**facts(made), "key": text})
    return output.say(
        text, f"This {made.kind} key ({made.id}) is shown once. Keep it where secrets live."
    )


@app.command("list")
def list_(
    org: Org = "default", data: Data = None, config: Config = None, as_json: Json = False
) -> None:
    """List the keys of an organization, void ones included."""
    with database(data, config) as conn:
        owner = organization(conn, org)
        found = keys.all(conn, owner.id)
        names = {each.id: each.slug for each in agents.all(conn, owner.id)}
    if as_json:
        return output.emit([facts(each) for each in found])
    at = now()
    rows = [
        (
            each.id,
            each.kind,
            f"…{each.hint}",
            each.name or "—",
            names.get(each.agent_id or "", "—"),
            ", ".join(each.origins or each.scopes) or "—",
            output.when(each.expires_at, none="never"),
            doorkeeper.state(each, at),
        )
        for each in found
    ]
    headings = ("id", "kind", "key", "name", "agent", "origins or scopes", "expires", "state")
    empty = "No keys yet. Create one: duologue keys create --kind secret"
    return output.table(headings, rows, empty=empty)


@app.command()
def allow(
    key: Annotated[str, typer.Argument(help="The id of a public key: key_…")],
    origin: Annotated[list[str], typer.Argument(help="Pages that may use it: https://example.com")],
    org: Org = "default",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Let pages of more origins use a public key."""
    with database(data, config) as conn:
        made = doorkeeper.allow(conn, organization(conn, org).id, key, origin)
    if as_json:
        return output.emit(facts(made))
    return output.say(f"Key {made.id} opens its agent on {', '.join(made.origins)}.")


@app.command()
def rotate(
    key: Annotated[str, typer.Argument(help="The id of the key: key_…")],
    overlap: Annotated[
        str, typer.Option("--overlap", help="How long the old key stays good: 24h, 7d, or 0m.")
    ] = "24h",
    org: Org = "default",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Make a new key that opens the same; the old one ends after the overlap."""
    at = now()
    lasts = span("--overlap", overlap)
    with database(data, config) as conn:
        owner = organization(conn, org)
        made, text, old = doorkeeper.rotate(conn, owner.id, key, overlap_ms=lasts, now=at)
    if as_json:
        return output.emit({**facts(made), "key": text, "before": facts(old)})
    ends = output.when(old.expires_at) if old.revoked_at is None else "now"
    return output.say(
        text, f"This key ({made.id}) is shown once. It stands for {old.id}, which ends: {ends}."
    )


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="The id of the key: key_…")],
    org: Org = "default",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Make a key void at once; sessions that it opened are closed."""
    with database(data, config) as conn:
        made = keys.revoke(conn, organization(conn, org).id, key, now())
    if made is None:
        raise DuologueError("key_not_found", key=key)
    if as_json:
        return output.emit(facts(made))
    return output.say(f"Key {made.id} is void since {output.when(made.revoked_at)}.")


def facts(key: Key) -> dict[str, Any]:
    """What may be shown of a key: everything but its hash."""
    return {name: value for name, value in msgspec.structs.asdict(key).items() if name != "hash"}

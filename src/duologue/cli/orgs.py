"""`duologue orgs`: who owns agents, keys, conversations and a balance."""

from __future__ import annotations

from typing import Annotated

import typer

from duologue.cli import output
from duologue.cli.options import Config, Data, Json, database, organization
from duologue.cli.times import now
from duologue.core import amounts
from duologue.store import organizations

app = typer.Typer(help="Organizations and their balance.", no_args_is_help=True)
Slug = Annotated[str, typer.Argument(help="Its slug, or id.", show_default=False)]


@app.command("list")
def list_(data: Data = None, config: Config = None, as_json: Json = False) -> None:
    """List every organization and its balance."""
    with database(data, config) as conn:
        found = organizations.all(conn)
    if as_json:
        return output.emit(found)
    rows = [(each.slug, each.name, output.credit(each.balance_micros), each.id) for each in found]
    return output.table(("slug", "name", "balance", "id"), rows, empty="No organizations.")


@app.command()
def create(
    slug: Annotated[str, typer.Argument(help="Lower-case letters, digits and hyphens.")],
    name: Annotated[str, typer.Option("--name", help="The name that people see.")] = "",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Create an organization; its balance is unlimited until it is credited."""
    with database(data, config) as conn:
        made = organizations.create(conn, slug=slug, name=name or slug.title(), now=now())
    if as_json:
        return output.emit(made)
    return output.say(f"Created organization {made.slug} ({made.id}).")


@app.command()
def credit(
    slug: Slug,
    amount: Annotated[float, typer.Argument(help="Credit to add.", min=0.000001)],
    note: Annotated[str, typer.Option("--note", help="What it is for.")] = "",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Add to a balance; an unlimited one becomes metered, from zero."""
    with database(data, config) as conn:
        org = organization(conn, slug)
        made = organizations.credit(conn, org.id, round(amount * 1_000_000), note, now())
    if as_json:
        return output.emit(made)
    return output.say(f"{made.slug} now has {output.credit(made.balance_micros)}.")


@app.command("set")
def set_(
    slug: Slug,
    amount: Annotated[str, typer.Argument(help="The credit that it has, or unlimited.")],
    note: Annotated[str, typer.Option("--note", help="Why.")] = "",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Make a balance exactly that much, or unlimited."""
    try:
        micros = amounts.balance(amount)
    except ValueError as error:
        raise typer.BadParameter(f"AMOUNT {error}.") from None
    with database(data, config) as conn:
        org = organization(conn, slug)
        made = organizations.set_balance(conn, org.id, micros, note, now())
    if as_json:
        return output.emit(made)
    return output.say(f"{made.slug} now has {output.credit(made.balance_micros)}.")

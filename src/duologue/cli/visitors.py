"""`duologue visitors`: who was there, as far as browsers told."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from duologue.cli import output
from duologue.cli.options import (
    Config,
    Data,
    Json,
    Org,
    Yes,
    confirm_forgetting,
    database,
    organization,
)
from duologue.errors import DuologueError
from duologue.store import conversations, visitor_lists, visitors
from duologue.wire.visits import VisitorView

app = typer.Typer(help="Visitors that the tracker knows.", no_args_is_help=True)
Id = Annotated[str, typer.Argument(metavar="ID", help="The visitor: vis_…")]
Words = Annotated[bool, typer.Option("--words", help="Their conversations, too, word for word.")]


@app.command()
def show(
    visitor: Id,
    org: Org = "default",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show all that is kept of a visitor."""
    with database(data, config) as conn:
        found = visitors.whole(conn, organization(conn, org).id, visitor)
    if found is None:
        raise DuologueError("visitor_not_found", visitor=visitor)
    if as_json:
        return output.emit(found)
    return output.say(*_lines(found))


@app.command()
def delete(
    visitor: Id,
    words: Words = False,
    yes: Yes = False,
    org: Org = "default",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Forget a visitor: visits, pages, events, traits, traces, and which conversations they had."""
    confirm_forgetting(visitor, yes=yes, as_json=as_json)
    with database(data, config) as conn:
        org_id = organization(conn, org).id
        said = visitor_lists.conversations_of(conn, org_id, visitor) if words else []
        for conversation in said:
            conversations.delete(conn, org_id, conversation)
        gone = visitors.forget(conn, org_id, visitor)
    if gone is None:
        raise DuologueError("visitor_not_found", visitor=visitor)
    if as_json:
        return output.emit(msgspec.structs.replace(gone, forgotten=len(said)))
    told = f"{gone.visits} visits, {gone.pages} pages, {gone.events} events, {gone.traces} traces"
    talks = f"{len(said)} forgotten" if words else f"{gone.conversations} unlinked"
    return output.say(f"Forgot {visitor}: {told}; conversations: {talks}.")


def _lines(found: VisitorView) -> list[str]:
    """A visitor for people: who it is, then what happened, newest first."""
    since, last = output.when(found.first_seen_at), output.when(found.last_seen_at)
    lines = [f"{found.id}: {found.visits} visits, {since} to {last}"]
    if found.user_id is not None:
        lines.append(f"user: {found.user_id}")
    lines += [f"trait {name}: {value}" for name, value in found.traits.items()]
    lines += [f"conversation: {one}" for one in found.conversations]
    happened = [(one.at, f"{one.path}  {one.visible_ms / 1000:.0f} s") for one in found.pages]
    happened += [(one.at, f"{one.kind}: {one.name}") for one in found.events]
    happened.sort(key=lambda one: one[0], reverse=True)
    return lines + [f"{output.when(at)}  {what}" for at, what in happened]

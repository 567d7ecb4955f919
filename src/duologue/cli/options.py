"""The options that several commands share, and what they stand for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from duologue.errors import DuologueError
from duologue.settings import Settings, load
from duologue.store import organizations
from duologue.store.database import unit
from duologue.store.records import Organization

CONFIG = Path("duologue.toml")

Files = Annotated[
    list[Path] | None, typer.Argument(metavar="[FILE]...", help="Python files that define agents.")
]
Data = Annotated[
    str | None, typer.Option("--data", help="Folder of the database (default: .duologue).")
]
Config = Annotated[
    Path | None, typer.Option("--config", help="Settings file (default: ./duologue.toml).")
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Org = Annotated[str, typer.Option("--org", help="The organization, by slug or id.")]
Host = Annotated[str | None, typer.Option("--host", help="Address to listen on.")]
Port = Annotated[
    int | None, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0: any.")
]


def confirm_forgetting(what: str, *, yes: bool, as_json: bool) -> None:
    """Asks a person whether something shall be forgotten for ever; a program must say --yes."""
    if yes:
        return
    if as_json:
        raise typer.BadParameter("with --json, deleting must be confirmed by --yes.")
    typer.confirm(f"Forget {what} for ever?", abort=True)


def with_rooms(event: dict[str, str], address: str) -> dict[str, str]:
    """The event with the address of the LiveKit server, if there is one."""
    return event | ({"livekit": address} if address else {})


def settings(data: str | None, config: Path | None, **given: object) -> Settings:
    """The settings from the file (the given one, or `duologue.toml` if there is one) and above."""
    file = config or (CONFIG if CONFIG.exists() else None)
    return load(file, os.environ, data=data, **given)


@contextmanager
def database(data: str | None, config: Path | None) -> Iterator[Connection]:
    """A connection to the database that the settings mean, in one transaction."""
    with unit(settings(data, config).database) as conn:
        yield conn


def organization(conn: Connection, wanted: str) -> Organization:
    """The organization of that slug or id; an unknown one is an error that lists the known."""
    found = organizations.get(conn, wanted)
    if found is None:
        known = ", ".join(sorted(each.slug for each in organizations.all(conn)))
        raise DuologueError("organization_not_found", organization=wanted, known=known)
    return found

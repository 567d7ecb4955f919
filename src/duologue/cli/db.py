"""`duologue db`: the database's version and health, its backups, and its move to another."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Collection
from importlib.metadata import version
from pathlib import Path
from typing import IO, Annotated, Final

import typer
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from duologue.cli import output
from duologue.cli.options import Config, Data, Json, settings
from duologue.cli.progress import bars
from duologue.cli.times import now
from duologue.errors import DuologueError
from duologue.server import alone, present, vacant
from duologue.store import backup as backups
from duologue.store import checks, direct, recovery, restoring, schema
from duologue.store.checks import Finding
from duologue.store.database import backend
from duologue.store.ids import fresh
from duologue.store.restoring import Copied

app = typer.Typer(
    help="The database: its version and health, backups, the move to another.",
    no_args_is_help=True,
)
File = Annotated[Path, typer.Argument(help="The backup.", show_default=False)]
ID: Final = re.compile(r"proc_[0-9a-f]{32}")
MARKS: Final = {"ok": "[green]✓[/]", "note": "[yellow]–[/]", "wrong": "[red]✗[/]"}


@app.command()
def upgrade(data: Data = None, config: Config = None, as_json: Json = False) -> None:
    """Bring the database to this version; servers of the version before go on meanwhile."""
    url = settings(data, config).database
    before = direct.run(_upgrade, url)
    shown = direct.shown(url)
    if as_json:
        return output.emit({"database": shown, "before": before, "after": schema.HEAD})
    if before is None:
        return output.say(f"Made {shown} at version {schema.HEAD}.")
    if before == schema.HEAD:
        return output.say(f"{shown} is at version {before} already; there is nothing to do.")
    return output.say(f"Upgraded {shown} from version {before} to {schema.HEAD}.")


def _upgrade(conn: Connection) -> str | None:
    direct.claim(conn)
    found = schema.version(conn)
    if found is not None and found > schema.HEAD:
        raise DuologueError("database_newer", found=found, known=schema.HEAD)
    schema.prepare(conn)
    return found


@app.command()
def check(data: Data = None, config: Config = None, as_json: Json = False) -> None:
    """Look whether the database is whole, and whether what is in it agrees; nothing is changed."""
    chosen = settings(data, config)
    direct.require(chosen.database)
    folder = chosen.recordings
    gone = asyncio.run(_gone(chosen.database, direct.run(_processes, chosen.database)))
    found = direct.run(lambda conn: _examine(conn, gone, folder), chosen.database)
    wrong = sum(each.state == "wrong" for each in found)
    shown = direct.shown(chosen.database)
    if as_json:
        output.emit({"database": shown, "ok": not wrong, "findings": found})
    else:
        output.say(shown)
        output.checks((MARKS[each.state], each.name, each.found, each.mend) for each in found)
        output.say(f"{wrong} of {len(found)} are wrong." if wrong else "Nothing is wrong.")
    if wrong:
        raise typer.Exit(1)


def _processes(conn: Connection) -> list[str]:
    direct.snapshot(conn)
    found = schema.version(conn)
    known = found is not None and (found == schema.HEAD or schema.takes_us(conn, found))
    return recovery.processes(conn) if known else []


async def _gone(url: str, processes: Collection[str]) -> set[str]:
    """Those that live no more: what such a one has open in a later snapshot stays so."""
    ours = {each for each in processes if ID.fullmatch(each)}
    if not ours:
        return set(processes)
    async with present.presence(url, fresh("proc_", now())) as shown:
        return await shown.gone(ours) | (set(processes) - ours)


def _examine(conn: Connection, gone: set[str], folder: Path) -> list[Finding]:
    direct.snapshot(conn)
    return list(checks.examine(conn, gone, now(), folder))


@app.command()
def backup(
    file: File,
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE.")] = False,
    recordings: Annotated[
        bool, typer.Option("--recordings", help="Take the sound of this machine along.")
    ] = False,
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Write all that the database holds at this moment into FILE; a server may run meanwhile."""
    chosen = settings(data, config)
    direct.require(chosen.database)
    folder = chosen.recordings if recordings else None
    with backups.beside(file, force=force) as opened, bars(silent=as_json) as progress:

        def work(conn: Connection) -> backups.Manifest:
            direct.snapshot(conn)
            return backups.make(
                conn,
                opened,
                made_by=version("duologue"),
                now=now(),
                folder=folder,
                progress=progress,
            )

        made = direct.run(work, chosen.database)
    if as_json:
        return output.emit({"file": str(file), "bytes": file.stat().st_size, "manifest": made})
    output.say(
        f"Wrote {file}: {made.rows:,} rows and {len(made.recordings)} recordings at version "
        f"{made.schema}, {file.stat().st_size:,} bytes, read again and found whole."
    )
    if made.missing:
        output.say(f"{len(made.missing)} recordings were not in {folder}: {made.missing[0]} …")
    return None


@app.command()
def restore(
    file: File,
    force: Annotated[
        bool, typer.Option("--force", help="Replace all that the database holds now.")
    ] = False,
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Fill an empty database from a backup, compare, and bring it to this version."""
    chosen = settings(data, config)
    with (
        _reading(file) as opened,
        alone.on_folder(chosen),
        bars(silent=as_json) as progress,
    ):

        def work(conn: Connection) -> tuple[Copied, backups.Manifest]:
            direct.claim(conn)
            vacant.require(conn)
            return restoring.restore(
                conn, opened, force=force, folder=chosen.recordings, progress=progress
            )

        copied, manifest = direct.run(work, chosen.database)
    shown = direct.shown(chosen.database)
    if as_json:
        return output.emit({"database": shown, "copied": copied, "after": schema.HEAD})
    number = len(manifest.recordings) - len(copied.left)
    output.say(
        f"Restored {copied.rows:,} rows and {number} recordings of "
        f"{output.when(manifest.made_at)} into {shown}; counts and sums agree."
    )
    if copied.left:
        output.say(
            f"{len(copied.left)} recordings were in {chosen.recordings} already, as large as they "
            "should be, and were left alone; --force writes them anew."
        )
    return _tell(copied)


@app.command()
def move(
    to_url: Annotated[
        str,
        typer.Argument(
            metavar="TO_URL",
            help="Where to, as postgresql://USER:PASSWORD@HOST/NAME or sqlite:///FILE; "
            "with - it is read from stdin, so that no history keeps its password.",
        ),
    ],
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Copy the database into an empty one, compare both, and bring the new one to this version."""
    chosen = settings(data, config)
    url = sys.stdin.readline().strip() if to_url == "-" else to_url
    backend(url)
    direct.require(chosen.database)
    if url == chosen.database:
        raise typer.BadParameter("TO_URL is the database that is to be moved.")
    shown = direct.shown(url)
    with alone.on_folder(chosen), bars(silent=as_json) as progress:

        def work(source: Connection, target: Connection) -> Copied:
            direct.freeze(source)
            vacant.require(source)
            direct.claim(target)
            vacant.require(target)
            return restoring.move(source, target, progress)

        try:
            copied = direct.run(work, chosen.database, url)
        except (KeyboardInterrupt, DBAPIError, OSError) as error:
            stopped = isinstance(error, KeyboardInterrupt)
            reason = "it was interrupted" if stopped else direct.said(error)
            raise DuologueError("move_broken", reason=reason, target=shown) from None
    if as_json:
        return output.emit({"database": shown, "copied": copied, "after": schema.HEAD})
    output.say(
        f"Moved {copied.rows:,} rows to {shown}; counts and sums of every table agree.",
        "Set DUOLOGUE_DATABASE_URL to it and start the server. "
        f"{direct.shown(chosen.database)} stays as it was, and recordings stay where they are.",
    )
    return _tell(copied)


def _tell(copied: Copied) -> None:
    if copied.before != schema.HEAD:
        output.say(f"It was at version {copied.before} and is at {schema.HEAD} now.")
    if copied.changed:
        output.say(
            f"In {copied.changed} rows the character NUL, which PostgreSQL cannot keep, became "
            "U+FFFD."
        )


def _reading(file: Path) -> IO[bytes]:
    try:
        return file.open("rb")
    except OSError as error:
        raise DuologueError("file_invalid", path=file, reason=error.strerror) from None

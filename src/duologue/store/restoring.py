"""A whole database, out of a backup or out of another database, into one that is empty."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import IO, Final
from zipfile import ZipFile

import msgspec
from sqlalchemy import Connection

from duologue.errors import DuologueError
from duologue.store import backup, copying, schema
from duologue.store.backup import Manifest
from duologue.store.copying import Holding, Progress

FORCE: Final = "Choose an empty one, or replace all that is in it: --force"


class Copied(msgspec.Struct, frozen=True):
    """What was copied."""

    rows: int
    tables: dict[str, int]
    before: str
    """The version of what was copied."""
    changed: int
    """Rows with a character that PostgreSQL cannot keep, which was replaced."""


def restore(
    conn: Connection,
    file: IO[bytes],
    *,
    force: bool,
    folder: Path,
    progress: Progress,
) -> tuple[Copied, Manifest]:
    """Fills a database from a backup, compares, and brings it to this version.

    The connection must be claimed, so that all of it happens or nothing.
    """
    with backup.opened(file) as (archive, manifest):
        _make_way(conn, manifest.schema, "" if force else FORCE)
        changed = 0
        into = {each.name: each for each in copying.all_of(conn)}
        # In the order of this database: rows come after those that they refer to.
        for name in [each for each in into if each in manifest.tables]:
            expected = manifest.tables[name]
            pages = backup.lines(archive, name)
            poured, some = copying.pour(pages, conn, into[name], expected.rows, progress)
            if not some:  # the archive has a sum of its own for what had to change
                backup.expect(name, expected, poured)
            copying.compare(conn, into[name], poured)
            changed += some
        if unknown := manifest.tables.keys() - into:
            raise ValueError(f"it holds tables that version {manifest.schema} lacks: {unknown}")
        _finish(conn)
        _unpack(archive, manifest, folder)
    return _copied(manifest.tables, manifest.schema, changed), manifest


def move(source: Connection, target: Connection, progress: Progress) -> Copied:
    """Copies a database into an empty one, compares, and brings that to this version.

    The target must be claimed, and nobody may write to the source meanwhile.
    """
    version = schema.version(source)
    if version is None:
        raise DuologueError("not_ready", reason="the database is empty; there is nothing to move")
    _make_way(target, version, "Choose an empty one")
    into = {each.name: each for each in copying.all_of(target)}
    holdings: dict[str, Holding] = {}
    changed = 0
    for each in copying.all_of(source):
        pages = copying.read(source, each)
        total = copying.size(source, each)
        holdings[each.name], some = copying.pour(pages, target, into[each.name], total, progress)
        copying.compare(target, into[each.name], holdings[each.name])
        changed += some
    _finish(target)
    return _copied(holdings, version, changed)


def _make_way(conn: Connection, version: str, mend: str) -> None:
    """An empty database of that version; without `mend` whatever is in it is replaced."""
    if version > schema.HEAD:
        raise DuologueError("database_newer", found=version, known=schema.HEAD)
    if strange := copying.strangers(conn):
        raise DuologueError(
            "database_not_empty",
            what=f"tables of another program ({', '.join(strange[:3])})",
            mend="Choose an empty one",
        )
    present = copying.rows_of_people(conn)
    if present and mend:
        most = ", ".join(f"{number} {name}" for name, number in list(present.items())[:4])
        raise DuologueError("database_not_empty", what=most, mend=mend)
    copying.clear(conn)
    schema.upgrade_to(conn, version)


def _finish(conn: Connection) -> None:
    copying.set_numbers_on(conn)
    schema.migrate(conn)


def _copied(holdings: dict[str, Holding], version: str, changed: int) -> Copied:
    tables = {name: each.rows for name, each in holdings.items() if each.rows}
    return Copied(sum(tables.values()), tables, version, changed)


def _unpack(archive: ZipFile, manifest: Manifest, folder: Path) -> None:
    """Puts the recordings into their folder; those that are there already stay."""
    made: list[Path] = []
    try:
        for name in manifest.recordings:
            path = folder / name
            if Path(name).name != name or name.startswith("."):
                raise ValueError(f"{name!r} is no name of a recording")
            if path.exists():
                continue
            folder.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f".{name}.partial")
            made.append(partial)
            with archive.open(backup.SOUNDS.format(name)) as sound, partial.open("wb") as file:
                shutil.copyfileobj(sound, file)
                file.flush()
                os.fsync(file.fileno())
            made.append(partial.replace(path))
    except BaseException:
        for each in made:
            each.unlink(missing_ok=True)
        raise

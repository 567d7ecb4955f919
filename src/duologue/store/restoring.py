"""A whole database, out of a backup or out of another database, into one that is empty."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final
from zipfile import ZipFile

import msgspec
from sqlalchemy import Connection, TableClause
from sqlalchemy.exc import SQLAlchemyError

from duologue.errors import DuologueError
from duologue.store import backup, copying, direct, schema, unusable
from duologue.store.backup import Manifest
from duologue.store.copying import Holding, Progress, Row

FORCE: Final = "Choose an empty one, or replace all that is in it: --force"


class Copied(msgspec.Struct, frozen=True):
    """What was copied."""

    rows: int
    tables: dict[str, int]
    before: str
    """The version of what was copied."""
    changed: int
    """Rows with a character that PostgreSQL cannot keep, which was replaced."""
    left: list[str]
    """Recordings that were there already, as large as they should be, and were left alone."""


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
        if missing := sorted(into.keys() - manifest.tables):
            raise ValueError(f"it lacks tables of version {manifest.schema}: {', '.join(missing)}")
        # In the order of this database: rows come after those that they refer to.
        for name in [each for each in into if each in manifest.tables]:
            expected = manifest.tables[name]
            pages = backup.lines(archive, name)
            poured, some = _pour(pages, conn, into[name], expected.rows, progress)
            if not some:  # the archive has a sum of its own for what had to change
                backup.expect(name, expected, poured)
            copying.compare(conn, into[name], poured)
            changed += some
        if unknown := manifest.tables.keys() - into:
            raise ValueError(f"it holds tables that version {manifest.schema} lacks: {unknown}")
        _finish(conn)
        left = _unpack(archive, manifest, folder, force=force)
    return _copied(manifest.tables, manifest.schema, changed, left), manifest


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


def _pour(
    pages: Iterable[list[Row]], conn: Connection, into: TableClause, total: int, progress: Progress
) -> tuple[Holding, int]:
    """Pours rows that the table may refuse; a database that is gone is no fault of the file."""
    try:
        with unusable.told():
            return copying.pour(pages, conn, into, total, progress)
    except SQLAlchemyError as error:
        reason = f"table {into.name} does not take its rows: {direct.said(error)}"
        raise ValueError(reason) from None


def _copied(
    holdings: dict[str, Holding], version: str, changed: int, left: Iterable[str] = ()
) -> Copied:
    tables = {name: each.rows for name, each in holdings.items() if each.rows}
    return Copied(sum(tables.values()), tables, version, changed, [*left])


def _unpack(archive: ZipFile, manifest: Manifest, folder: Path, *, force: bool) -> list[str]:
    """Puts the recordings into their folder; tells those that were there and were left alone.

    What is there is replaced where its size says that it is damaged, or with `force`; and only
    once all of them are on the disk.
    """
    partials: dict[Path, Path] = {}
    left: list[str] = []
    try:
        for name, size in manifest.recordings.items():
            path = folder / name
            if Path(name).name != name or name.startswith("."):
                raise ValueError(f"{name!r} is no name of a recording")
            if not force and path.is_file() and path.stat().st_size == size:
                left.append(name)
                continue
            folder.mkdir(parents=True, exist_ok=True)
            partials[path] = path.with_name(f".{name}.partial")
            with (
                archive.open(backup.SOUNDS.format(name)) as sound,
                partials[path].open("wb") as file,
            ):
                shutil.copyfileobj(sound, file)
                file.flush()
                os.fsync(file.fileno())
        for path, partial in partials.items():
            partial.replace(path)
    finally:
        for partial in partials.values():
            partial.unlink(missing_ok=True)
    return left

"""A backup: one file that holds a whole database, and its recordings if they shall be in it.

It is a ZIP archive: a file of JSON lines for each table, the recordings, and at its end
`manifest.json`, which says how many rows there must be, and the sum of their hashes. It is the same
for SQLite and PostgreSQL, so either restores what the other wrote.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import msgspec
from sqlalchemy import Connection, TableClause, select

from duologue.errors import DuologueError
from duologue.store import copying, schema
from duologue.store.copying import Count, Holding, Progress, Row
from duologue.store.recordings import BUCKET
from duologue.store.tables import recordings as kept

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
TABLES: Final = "tables/{}.jsonl"
SOUNDS: Final = "recordings/{}"
PIECE: Final = 1 << 20
ENCRYPTED: Final = 1
"""The bit of a member that only a password opens."""
BROKEN: Final = (
    *(zipfile.BadZipFile, zlib.error, msgspec.MsgspecError),
    *(KeyError, ValueError, EOFError, NotImplementedError),
)
"""What reading a file raises that is no backup, or not all of one."""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup says of itself."""

    format: int
    schema: str
    """The version of the database that it was made of."""
    made_by: str
    """The version of the program that made it."""
    made_at: int
    database: str
    """`sqlite` or `postgresql`."""
    tables: dict[str, Holding]
    recordings: dict[str, int]
    """The recordings in it, and their bytes."""
    missing: list[str]
    """Recordings that should be in it and were not in the folder."""

    @property
    def rows(self) -> int:
        """All rows of all tables."""
        return sum(each.rows for each in self.tables.values())


@contextmanager
def beside(path: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """A file that takes its name once all of it is on the disk; if not, nothing is left of it."""
    if path.exists() and not force:
        raise DuologueError(
            "file_invalid",
            path=path,
            reason="it is there already; choose another name, or overwrite it with --force",
        )
    if not path.parent.is_dir():
        raise DuologueError("file_invalid", path=path, reason="there is no such folder")
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        # Words of callers are in it: nobody else of this machine shall read them.
        with os.fdopen(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        partial.unlink(missing_ok=True)


def make(
    conn: Connection,
    file: IO[bytes],
    *,
    made_by: str,
    now: int,
    folder: Path | None,
    progress: Progress,
) -> Manifest:
    """Writes all that a snapshot holds, then reads the file again to see that it is whole."""
    version = schema.version(conn)
    if version is None:
        raise DuologueError("not_ready", reason="the database is empty; there is nothing to keep")
    tables = copying.all_of(conn)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        holdings = {each.name: _store(archive, conn, each, progress) for each in tables}
        present: dict[str, int] = {}
        missing: list[str] = []
        if folder is not None and kept.name in holdings:
            present, missing = _store_sounds(archive, conn, folder, progress)
        manifest = Manifest(
            FORMAT, version, made_by, now, conn.dialect.name, holdings, present, missing
        )
        archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
    check(file, progress)
    return manifest


def check(file: IO[bytes], progress: Progress) -> Manifest:
    """What a backup says of itself, once every line and every recording in it was read."""
    with opened(file) as (archive, manifest):
        for name, expected in manifest.tables.items():
            count = Count()
            for rows in lines(archive, name):
                for row in rows:
                    count.add(copying.line_of(row))
                progress(f"{name}, read again", count.held.rows, expected.rows)
            expect(name, expected, count.held)
        for name in manifest.recordings:
            with archive.open(SOUNDS.format(name)) as sound:
                while sound.read(PIECE):  # which checks its sum at the end
                    pass
    return manifest


@contextmanager
def opened(file: IO[bytes]) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """A backup to read from; whatever is no whole one is refused."""
    path = getattr(file, "name", "the file")
    try:
        file.seek(0)
        with zipfile.ZipFile(file) as archive:
            if any(each.flag_bits & ENCRYPTED for each in archive.infolist()):
                raise ValueError("it is encrypted")
            manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
            if manifest.format != FORMAT:
                raise ValueError(f"its format is {manifest.format}, and {FORMAT} is known here")
            yield archive, manifest
    except BROKEN as error:
        reason = f"it is no whole backup of duologue ({error})"
        raise DuologueError("file_invalid", path=path, reason=reason) from None


def lines(archive: zipfile.ZipFile, table: str) -> Iterator[list[Row]]:
    """The rows of a table, by the page."""
    decoder = msgspec.json.Decoder(Row)
    rows: list[Row] = []
    with archive.open(TABLES.format(table)) as file:
        for line in file:
            rows.append(decoder.decode(line))
            if len(rows) == copying.PAGE:
                yield rows
                rows = []
    yield rows


def expect(table: str, expected: Holding, found: Holding) -> None:
    """Refuses a table that is not as it was written."""
    if found != expected:
        raise ValueError(f"table {table} has {found.rows} rows where {expected.rows} were written")


def _store(
    archive: zipfile.ZipFile, conn: Connection, table: TableClause, progress: Progress
) -> Holding:
    count, done, total = Count(), 0, copying.size(conn, table)
    with archive.open(TABLES.format(table.name), "w", force_zip64=True) as file:
        for page in copying.read(conn, table):
            written = [copying.line_of(row) for row in page]
            for line in written:
                count.add(line)
            file.write(b"".join(line + b"\n" for line in written))
            done += len(page)
            progress(table.name, done, total)
    return count.held


def _store_sounds(
    archive: zipfile.ZipFile, conn: Connection, folder: Path, progress: Progress
) -> tuple[dict[str, int], list[str]]:
    """Whole recordings of this machine; what lies in a bucket stays there."""
    here = (kept.c.state == "complete", kept.c.path.not_like(f"{BUCKET}%"))
    names = [
        Path(path).name
        for path in conn.execute(select(kept.c.path).where(*here).order_by(kept.c.id)).scalars()
    ]
    present: dict[str, int] = {}
    missing = []
    for done, name in enumerate(names, 1):
        try:
            # Sound is small already: to compress it once more takes time and saves nothing.
            archive.write(folder / name, SOUNDS.format(name), zipfile.ZIP_STORED)
        except FileNotFoundError:
            missing.append(name)
        else:
            present[name] = archive.getinfo(SOUNDS.format(name)).file_size
        progress("recording files", done, len(names))
    return present, missing

"""Databases of earlier versions, and how they were made.

`releases/*.sql` were made by `python -m tests.store.released VERSION`: the migrations up to that
version on an empty database, filled with the rows of `release_rows`. Those up to 0009 were made
together when that was the newest, not each in its time; each later one comes with its migration.
They are not made again: a migration that is changed later finds the database that it once made.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import asyncpg
from sqlalchemy import Connection, inspect, text
from tests import postgres
from tests.store.release_rows import ROWS

from duologue.store import copying, direct, schema, tables

FOLDER: Final = Path(__file__).parent / "releases"


def files(kind: str) -> list[Path]:
    """The fixtures of a kind of database, the oldest version first."""
    return sorted(FOLDER.glob(f"*.{kind}.sql"))


def fill(url: str, file: Path) -> None:
    """Makes an empty database what it was in that version."""
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as opened:
            opened.executescript(file.read_text(encoding="utf-8"))
        return

    statements = file.read_text(encoding="utf-8")

    async def run() -> None:
        opened: Any = await asyncpg.connect(url)
        try:
            await opened.execute(statements)
        finally:
            await opened.close()

    asyncio.run(run())


# ---------------------------------------------------------------- how they were made


def made(conn: Connection, version: str) -> None:
    """Migrates an empty database up to a version and fills it."""
    direct.claim(conn)
    schema.upgrade_to(conn, version)
    there = set(inspect(conn).get_table_names())
    for name, values in ROWS:
        if name in there:
            columns = {each["name"] for each in inspect(conn).get_columns(name)}
            kept = {key: value for key, value in values.items() if key in columns}
            names = ", ".join(kept)
            places = ", ".join(f":{key}" for key in kept)
            conn.execute(text(f"INSERT INTO {name} ({names}) VALUES ({places})"), kept)
    copying.set_numbers_on(conn)


def as_sqlite(path: Path) -> str:
    """The file as SQL: tables and their triggers first, so that they index the rows."""
    with closing(sqlite3.connect(path)) as opened:
        listed = opened.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE "
            "'turn\\_words\\_%' ESCAPE '\\' OR type = 'trigger' ORDER BY type = 'trigger', rowid"
        ).fetchall()
        lines = [f"{sql};" for _, _, sql in listed]
        present = {name for kind, name, _ in listed if kind == "table"}
        order = ["alembic_version", *(each.name for each in tables.metadata.sorted_tables)]
        for name in (each for each in order if each in present):
            for row in opened.execute(f'SELECT * FROM "{name}"').fetchall():
                quoted = [opened.execute("SELECT quote(?)", (v,)).fetchone()[0] for v in row]
                lines.append(f'INSERT INTO "{name}" VALUES ({", ".join(quoted)});')
    return "\n".join(["PRAGMA foreign_keys = ON;", "BEGIN;", *lines, "COMMIT;", ""])


def as_postgres(url: str) -> str:
    """What pg_dump says, without its remarks and settings."""
    program = max(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))
    dumped = subprocess.run(
        [program, "--inserts", "--no-owner", "--no-privileges", "--no-comments", url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    wanted = [
        line
        for line in dumped.splitlines()
        if line and not re.match(r"--|SET |SELECT pg_catalog.set_config|\\", line)
    ]
    return "\n".join([*wanted, ""])


def main(version: str) -> None:
    """Writes both fixtures of a version."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.db"
        direct.run(lambda conn: made(conn, version), f"sqlite:///{path}")
        (FOLDER / f"{version}.sqlite.sql").write_text(as_sqlite(path), encoding="utf-8")
    with postgres.server() as address:
        url = f"{address}/postgres"
        direct.run(lambda conn: made(conn, version), url)
        (FOLDER / f"{version}.postgresql.sql").write_text(as_postgres(url), encoding="utf-8")


if __name__ == "__main__":
    for each in sys.argv[1:]:
        main(each)

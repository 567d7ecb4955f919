"""Brings a database to the schema of this version, and puts the first organization in it."""

from __future__ import annotations

import time
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from duologue.errors import DuologueError
from duologue.store import organizations

HEAD = "0008"
"""The newest revision in `migrations/versions`."""

_LOCK = 0x64756F6C  # "duol": an advisory lock's number


def prepare(conn: Connection) -> None:
    """Migrates to head and makes organization `default` if there is none.

    Alembic costs 0.2 s to import, so it is left alone when nothing is to be done.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
    if version(conn) != HEAD:
        migrate(conn)
    if not organizations.all(conn):
        organizations.create(conn, slug="default", name="Default", now=time.time_ns() // 1_000_000)


def join(conn: Connection) -> None:
    """Prepares an empty database; one of another version, which may be in use, is refused."""
    found = version(conn)
    if found not in (None, HEAD):
        raise DuologueError(
            "not_ready",
            reason=f"the database is at version {found}, and this duologue writes version {HEAD}; "
            "install the duologue of the server here, or start the newer server once",
        )
    prepare(conn)


def version(conn: Connection) -> str | None:
    """The revision that the database is at; none when it is empty."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    found: str | None = conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def migrate(conn: Connection) -> None:
    """Runs every migration that the database has not seen."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = conn
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise DuologueError(
            "not_ready",
            reason=f"the database was written by another version of duologue ({error}); "
            "use that one, or a newer",
        ) from None

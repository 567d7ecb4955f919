"""Brings a database to the schema of this version, and puts the first organization in it.

Programs of two versions run side by side while a newer one takes over. So a migration only adds,
and the database says what the oldest version is whose programs may go on with it (`OLDEST`).
"""

from __future__ import annotations

import time
from pathlib import Path

from sqlalchemy import Column, Connection, Table, Text, delete, insert, inspect, select, text

from duologue.errors import DuologueError
from duologue.store import organizations
from duologue.store.columns import metadata

HEAD = "0011"
"""The newest revision in `migrations/versions`."""
OLDEST = "0008"
"""The oldest version whose programs work on a database of `HEAD`: that of the release before.

A migration that more than adds must set it to its own revision; nothing older runs beside it then.
"""

_LOCK = 0x64756F6C  # "duol": an advisory lock's number

readers = Table("schema_readers", metadata, Column("oldest", Text, primary_key=True))


def prepare(conn: Connection) -> None:
    """Migrates to head and makes organization `default` if there is none.

    A newer database that takes programs of this version stays as it is. Alembic costs 0.2 s to
    import, so it is left alone when nothing is to be done.
    """
    take_turns(conn)
    found = version(conn)
    if found != HEAD and not takes_us(conn, found):
        migrate(conn)
    if not organizations.all(conn):
        organizations.create(conn, slug="default", name="Default", now=time.time_ns() // 1_000_000)


def join(conn: Connection) -> None:
    """Prepares an empty database; one that is older, and may be in use, is refused."""
    found = version(conn)
    if found not in (None, HEAD) and not takes_us(conn, found):
        raise DuologueError(
            "not_ready",
            reason=f"the database is at version {found}, and this duologue writes version {HEAD}; "
            "install the duologue of the server here, or start the newer server once",
        )
    prepare(conn)


def take_turns(conn: Connection) -> None:
    """Waits until no other process changes the schema; those that come later wait for this one."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})


def hold_turns(conn: Connection) -> None:
    """The same for as long as the connection is open, over all its transactions."""
    conn.execute(text("SELECT pg_advisory_lock(:number)"), {"number": _LOCK})


def version(conn: Connection) -> str | None:
    """The revision that the database is at; none when it is empty."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    found: str | None = conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def takes_us(conn: Connection, found: str | None) -> bool:
    """Whether a database of that version is newer than this program, and lets it work all the same.

    Revisions are numbers of four digits, so their order is that of their text.
    """
    if found is None or found <= HEAD:
        return False
    oldest = conn.execute(select(readers.c.oldest)).scalar()
    return oldest is not None and oldest <= HEAD


def migrate(conn: Connection) -> None:
    """Runs every migration that the database has not seen."""
    found = version(conn)
    if found is not None and found > HEAD:
        raise DuologueError(
            "not_ready",
            reason=f"the database was written by another version of duologue: it is at {found}, "
            f"and this one knows versions up to {HEAD}; use the newer one",
        )
    upgrade_to(conn, "head")
    conn.execute(delete(readers))
    conn.execute(insert(readers).values(oldest=OLDEST))


def upgrade_to(conn: Connection, revision: str) -> None:
    """Runs the migrations until that revision; one that nobody knows is refused."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = conn
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise DuologueError(
            "not_ready",
            reason=f"the database was written by another version of duologue ({error}); "
            "use that one, or a newer",
        ) from None

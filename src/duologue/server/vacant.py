"""Whether no server and no worker of ours runs on a database: then all of it may be replaced."""

from __future__ import annotations

import fcntl
from pathlib import Path

from sqlalchemy import Connection, text

from duologue.errors import DuologueError


def require(conn: Connection) -> None:
    """Refuses a database on which a process shows that it lives (`present`)."""
    if conn.dialect.name == "sqlite":
        path = str(conn.engine.url.database)
        for file in Path(f"{path}.processes").glob("*"):
            if _is_held(file):
                raise DuologueError("database_in_use", database=path)
        return
    # Nothing but our processes holds an advisory lock in a database of ours.
    others = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted "
        "AND pid <> pg_backend_pid() AND database = "
        "(SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    if conn.execute(text(others)).scalar():
        raise DuologueError("database_in_use", database=conn.engine.url.database)


def _is_held(path: Path) -> bool:
    try:
        with path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False

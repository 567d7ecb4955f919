"""A database that cannot be used for the moment, told apart from a mistake of ours."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from duologue.errors import DuologueError

_SQLITE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
    }
)
_POSTGRES: Final = ("08", "53", "57P", "58")
"""How its numbers begin: lost connections, nothing left to use, shutting down, a broken disk."""


@contextmanager
def told() -> Iterator[None]:
    """Says in our own words that the database is full, gone, or broken; nothing was written."""
    try:
        yield
    except (DBAPIError, sqlite3.Error, OSError, NoConnectionError) as error:
        if (reason := _reason(error)) is None:
            raise
        raise DuologueError("store_unusable", reason=reason) from error


def _reason(error: Exception) -> str | None:
    """Why nothing can be read or written now; none where the database is not to blame."""
    if isinstance(error, NoConnectionError):
        return "all its connections are in use"
    if isinstance(error, OSError):
        return f"it does not answer ({os.strerror(error.errno) if error.errno else 'in time'})"
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF  # what is above says more, and too much
        return str(cause) if code in _SQLITE else None
    number = str(getattr(cause, "sqlstate", None) or "")
    if number == "53100":
        return "its disk is full"
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return "PostgreSQL does not answer" if lost or number.startswith(_POSTGRES) else None

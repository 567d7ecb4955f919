"""SQLite: one writer thread, one reader thread, write-ahead log."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, NullPool, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError

from duologue.errors import DuologueError
from duologue.store import unusable
from duologue.store.database import Database
from duologue.store.schema import prepare
from duologue.store.writer import MOST_PER_COMMIT, Worker

P = ParamSpec("P")
T = TypeVar("T")

_PRAGMAS = (
    "PRAGMA busy_timeout = 10000",
    "PRAGMA journal_mode = WAL",
    # A commit is in the log file before it is acknowledged, so killing the process loses nothing;
    # NORMAL leaves the flush to disk to checkpoints, so a power cut may lose the last commits.
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    # Savepoints keep a journal; in memory one costs a unit 14 µs, in a file 60.
    "PRAGMA temp_store = MEMORY",
)


class SqliteDatabase(Database):
    """A database file that several processes of one machine may share."""

    def __init__(self, writing: Connection, reading: Connection) -> None:
        self._writer = Worker(
            writing, "duologue-writer", begin="BEGIN IMMEDIATE", most=MOST_PER_COMMIT
        )
        # Every read has a snapshot of its own, hence one a transaction.
        self._reader = Worker(reading, "duologue-reader", begin="BEGIN", most=1)

    @classmethod
    async def start(cls, url: str, ready: Callable[[Connection], None] = prepare) -> SqliteDatabase:
        """Opens the file, made if it is missing."""
        writing = await asyncio.to_thread(connect, url)
        reading = await asyncio.to_thread(connect, url)
        reading.exec_driver_sql("PRAGMA query_only = ON")
        database = cls(writing, reading)
        try:
            await database.write(ready)
        except BaseException:
            await database.close()
            raise
        return database

    @property
    def waiting(self) -> int:
        """See `Database.waiting`."""
        return self._writer.waiting + self._reader.waiting

    async def write(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `Database.write`."""
        with unusable.told():
            result: T = await self._writer.submit(lambda conn: work(conn, *args, **kwargs))
        return result

    async def read(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `Database.read`."""
        with unusable.told():
            result: T = await self._reader.submit(lambda conn: work(conn, *args, **kwargs))
        return result

    async def close(self) -> None:
        """See `Database.close`."""
        await self._reader.close()
        await self._writer.close()


def connect(url: str) -> Connection:
    """A connection that leaves transactions to its user, on a file made if it is missing."""
    path = make_url(url).database
    if not path or path == ":memory:":
        raise DuologueError(
            "setting_invalid", name="database_url", reason="SQLite needs a file: sqlite:///PATH"
        )
    made = create_engine(
        url, poolclass=NullPool, connect_args={"check_same_thread": False, "isolation_level": None}
    )
    event.listen(made, "connect", _set_up)
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        return made.connect()
    except (OSError, sqlite3.Error, DBAPIError) as error:
        reason = getattr(error, "orig", error)
        raise DuologueError("file_invalid", path=path, reason=reason) from None


def _set_up(connection: Any, _record: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()


@contextmanager
def unit(url: str) -> Iterator[Connection]:
    """A connection in one write transaction."""
    with connect(url) as conn:
        conn.exec_driver_sql("BEGIN IMMEDIATE")
        prepare(conn)
        yield conn
        conn.commit()

"""PostgreSQL through asyncpg: the same units of work, each in a transaction of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, cast

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.util.concurrency import greenlet_spawn

from duologue.errors import DuologueError
from duologue.store import unusable
from duologue.store.database import Database
from duologue.store.schema import prepare

P = ParamSpec("P")
T = TypeVar("T")

_UNKEEPABLE: Final = "22021"
"""PostgreSQL's number for a character that it has no place for."""


class PostgresDatabase(Database):
    """A PostgreSQL database that any number of processes may share."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """See `Database.waiting`."""
        return self._waiting

    @classmethod
    async def start(
        cls, url: str, ready: Callable[[Connection], None] = prepare
    ) -> PostgresDatabase:
        """Connects and brings the schema up to date; two that start at once take turns."""
        database = cls(engine_of(url))
        try:
            await database.write(ready)
        except BaseException:
            await database.close()
            raise
        return database

    async def write(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `Database.write`."""
        with unusable.told(), _legible():
            async with self._on(self._engine.begin()) as conn:
                return await conn.run_sync(work, *args, **kwargs)

    async def read(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `Database.read`."""
        with unusable.told(), _legible():
            async with self._on(self._engine.connect()) as conn:
                return await conn.run_sync(work, *args, **kwargs)

    async def close(self) -> None:
        """See `Database.close`."""
        await self._engine.dispose()

    @asynccontextmanager
    async def _on(
        self, opening: AbstractAsyncContextManager[AsyncConnection]
    ) -> AsyncIterator[AsyncConnection]:
        """A connection of the pool; whoever has none yet waits."""
        async with AsyncExitStack() as stack:
            self._waiting += 1
            try:
                conn = await stack.enter_async_context(opening)
            finally:
                self._waiting -= 1
            yield conn


@contextmanager
def _legible() -> Iterator[None]:
    """Refuses text that PostgreSQL cannot keep, or look for: the one with a NUL in it."""
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _UNKEEPABLE:
            raise
        raise DuologueError("bad_request", reason="a text in it has the character NUL") from None


def engine_of(url: str) -> AsyncEngine:
    """What makes connections to that address."""
    return create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"))


async def _connect(engine: AsyncEngine) -> AsyncConnection:
    return await engine.connect()


class _Blocking:
    """A connection for code outside a loop: each execution runs the loop until it is done."""

    def __init__(self, loop: asyncio.AbstractEventLoop, conn: Connection) -> None:
        self._loop = loop
        self._conn = conn
        self.dialect = conn.dialect

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        """As `Connection.execute`."""
        return self._loop.run_until_complete(greenlet_spawn(self._conn.execute, *args, **kwargs))


@contextmanager
def unit(url: str) -> Iterator[Connection]:
    """A connection in one transaction."""
    with asyncio.Runner() as runner:
        engine = engine_of(url)
        conn = runner.run(_connect(engine))
        try:
            runner.run(conn.run_sync(prepare))
            inner = runner.run(conn.run_sync(lambda inner: inner))
            yield cast("Connection", _Blocking(runner.get_loop(), inner))
            runner.run(conn.commit())
        finally:
            runner.run(conn.close())
            runner.run(engine.dispose())

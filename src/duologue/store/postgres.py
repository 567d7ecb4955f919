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

CONNECT: Final = 10.0
"""Seconds in which PostgreSQL must let a server in."""
ANSWER: Final = 30.0
"""Seconds in which it must have done what a server asks in one transaction."""
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
        database = cls(engine_of(url, within=ANSWER))
        try:
            with unusable.told():
                await _prepare(url, ready)
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
        """A connection of the pool; whoever has none yet waits, and nobody has one for ever."""
        async with AsyncExitStack() as stack:
            # Entered first, so that the commit is within bounds, too.
            bounds = await stack.enter_async_context(AsyncExitStack())
            self._waiting += 1
            try:
                conn = await stack.enter_async_context(opening)
            finally:
                self._waiting -= 1
            await bounds.enter_async_context(bounded(conn, ANSWER))
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


def engine_of(url: str, *, within: float | None = None, **options: Any) -> AsyncEngine:
    """What makes connections to that address, on which every answer must come within seconds."""
    if within is not None:
        options["connect_args"] = {"timeout": min(CONNECT, within), "command_timeout": within}
    return create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"), **options)


@asynccontextmanager
async def bounded(conn: AsyncConnection, seconds: float) -> AsyncIterator[None]:
    """Cuts the line if the block takes longer, which then fails as with a database that is gone.

    To cancel a statement may hang in the driver, for the server must agree; a line that is cut
    does not.
    """
    raw: Any = (await conn.get_raw_connection()).driver_connection
    timer = asyncio.get_running_loop().call_later(seconds, raw.terminate)
    try:
        yield
    finally:
        timer.cancel()


async def _prepare(url: str, ready: Callable[[Connection], None]) -> None:
    """Makes the schema ready, for as long as that takes."""
    engine = engine_of(url)
    try:
        async with engine.begin() as conn:
            await conn.run_sync(ready)
    finally:
        await engine.dispose()


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

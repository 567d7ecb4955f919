"""Work on a whole database at once: over a plain connection, in one transaction, by one program."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.util.concurrency import greenlet_spawn

from duologue.errors import DuologueError
from duologue.store.database import backend
from duologue.store.schema import hold_turns, take_turns

T = TypeVar("T")
HIDDEN: Final = "hidden"


def run(work: Callable[..., T], *urls: str) -> T:
    """What `work` returns, given a connection to each address.

    It begins a transaction on each (`snapshot` or `claim`); all are committed if it returns, and
    taken back if it raises or is interrupted.
    """
    if any(backend(url) == "postgresql" for url in urls):
        return asyncio.run(_in_loop(work, urls))
    from duologue.store.sqlite import connect

    with ExitStack() as stack:
        conns = [stack.enter_context(connect(url)) for url in urls]
        result = work(*conns)
        for conn in conns:
            conn.commit()
        return result


def snapshot(conn: Connection) -> None:
    """Lets all reads that follow see one moment, whatever others write meanwhile."""
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql("BEGIN")
    else:
        conn.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))


def claim(conn: Connection) -> None:
    """Keeps others from writing (SQLite), or from starting and changing the schema."""
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql("BEGIN IMMEDIATE")
    take_turns(conn)


def freeze(conn: Connection) -> None:
    """Lets reads see one moment, after which nobody writes (SQLite) or starts (PostgreSQL)."""
    if conn.dialect.name == "sqlite":
        claim(conn)
    else:
        # First, in a transaction of its own: what is seen is what there is after it was waited for.
        hold_turns(conn)
        conn.commit()
        snapshot(conn)


def shown(url: str) -> str:
    """An address for people: its password is hidden, wherever in it it stands."""
    parsed = make_url(url)
    secret = [name for name in parsed.query if "password" in name.lower()]
    parsed = parsed.update_query_dict(dict.fromkeys(secret, HIDDEN))
    return parsed.render_as_string(hide_password=True)


def said(error: BaseException) -> str:
    """What a driver said, in one line, without the name of its class."""
    line = str(getattr(error, "orig", error)).strip().partition("\n")[0]
    return line.rpartition("'>: ")[2] or type(error).__name__


def require(url: str) -> None:
    """Refuses the address of a file that is not there: opening would make an empty one."""
    if backend(url) == "sqlite" and not Path(make_url(url).database or "").is_file():
        raise DuologueError("database_missing", database=shown(url))


async def _in_loop(work: Callable[..., T], urls: tuple[str, ...]) -> T:
    async with AsyncExitStack() as stack:
        conns = [await stack.enter_async_context(_connected(url)) for url in urls]
        cut = stack.enter_context(_cut_by_ctrl_c(conns))
        try:
            result = await greenlet_spawn(work, *conns)
            for conn in conns:
                await greenlet_spawn(conn.commit)
        except Exception:
            if cut:
                raise KeyboardInterrupt from None
            raise
        return result


@contextmanager
def _cut_by_ctrl_c(conns: list[Connection]) -> Iterator[list[str]]:
    """Lets Ctrl-C cut the lines to PostgreSQL, whatever is under way; what it gives then is true.

    To cancel a statement that writes many rows may hang in the driver; a line that is cut does not.
    """
    cut: list[str] = []
    if threading.current_thread() is not threading.main_thread():
        yield cut
        return

    def interrupt() -> None:
        cut.append("by Ctrl-C")
        for conn in conns:
            if conn.dialect.name == "postgresql":
                raw: Any = conn.connection.driver_connection
                raw.terminate()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, interrupt)
    try:
        yield cut
    finally:
        loop.remove_signal_handler(signal.SIGINT)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Connection]:
    if backend(url) == "sqlite":
        from duologue.store.sqlite import connect

        with connect(url) as file:
            yield file
        return
    import asyncpg

    from duologue.store.postgres import engine_of

    engine = engine_of(url)
    try:
        try:
            conn = await engine.connect()
        except (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise DuologueError(
                "database_unreachable", database=shown(url), reason=said(error)
            ) from None
        try:
            yield await conn.run_sync(lambda inner: inner)
        finally:
            await conn.close()
    finally:
        await engine.dispose()

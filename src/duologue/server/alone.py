"""One server on one memory: more of them only where each can reach the others, by Redis."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import NullPool, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from duologue.errors import DuologueError
from duologue.settings import Settings
from duologue.store.database import backend
from duologue.store.postgres import engine_of

log = structlog.get_logger(__name__)

NAME: Final = "serve.lock"
"""The file in the data folder that a server holds, with its process and address in it.

Of several servers on a folder it tells of the one that noted something last.
"""
NOTE: Final = "serve.{}.lock"
"""The same for one of several servers on a folder: its process is part of the name."""
LOCK: Final = int.from_bytes(b"duologue")
"""The advisory lock's number, which is PostgreSQL's to keep apart for each database."""
LOOK: Final = 10.0
"""Seconds between two looks whether it is still held."""
TWICE: Final = 2
"""Looks that found another one holding it, after which that is an error."""
ANSWER: Final = 5.0
"""Seconds in which PostgreSQL must answer."""


def shared(settings: Settings) -> bool:
    """Whether other servers may run on the same memory: they reach each other by Redis."""
    return bool(settings.redis_url) and backend(settings.database) != "sqlite"


@contextmanager
def on_folder(settings: Settings) -> Iterator[Callable[[str], None]]:
    """Holds the data folder for this process; what it gives notes the address to be reached at.

    Servers that share their memory may also share the folder; each has a note of its own then.
    """
    folder = Path(settings.data)
    folder.mkdir(parents=True, exist_ok=True)
    how = fcntl.LOCK_SH if shared(settings) else fcntl.LOCK_EX
    with ExitStack() as held:
        lock = held.enter_context((folder / NAME).open("a+"))
        try:
            fcntl.flock(lock, how | fcntl.LOCK_NB)
        except OSError:
            raise DuologueError("data_in_use", path=str(folder), pid=_holder(folder)[0]) from None
        if shared(settings):
            for left in folder.glob(NOTE.format("*")):
                if not _held(left):
                    left.unlink(missing_ok=True)
            own = folder / NOTE.format(os.getpid())
            noted = held.enter_context(own.open("a+"))
            fcntl.flock(noted, fcntl.LOCK_SH)
            held.callback(own.unlink, missing_ok=True)
            notes = [lock, noted]
        else:
            notes = [lock]

        def note(url: str) -> None:
            for each in notes:
                each.truncate(0)
                each.write("\n".join(filter(None, (str(os.getpid()), url))))
                each.flush()

        note("")
        try:
            yield note
        finally:
            if _noted(folder / NAME)[0] == str(os.getpid()):
                lock.truncate(0)


def address(settings: Settings) -> str:
    """Where the server is reached that runs on this data folder; nothing where none does."""
    # Not by the lock: whoever tried it would keep a server from starting at that moment.
    return _holder(Path(settings.data))[1]


def _holder(folder: Path) -> tuple[str, str]:
    """A living process that holds a folder, and its address once it has one."""
    own = [each for each in sorted(folder.glob(NOTE.format("*"))) if _held(each)]
    notes = [_noted(each) for each in own or [folder / NAME]]
    living = [(pid, url) for pid, url in notes if pid.isdecimal() and _lives(int(pid))]
    return max(living, key=lambda one: bool(one[1]), default=("", ""))


def _held(note: Path) -> bool:
    """Whether the process lives that wrote a note of its own: a killed one holds it no more."""
    try:
        with note.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _noted(path: Path) -> tuple[str, str]:
    """The process that wrote a note, and its address once it has one."""
    try:
        pid, _, url = path.read_text().partition("\n")
    except OSError:
        return "", ""
    return pid.strip(), url.strip()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is somebody else's, and there
        return True
    return True


@asynccontextmanager
async def on_database(settings: Settings) -> AsyncIterator[None]:
    """Holds a PostgreSQL database for as long as the block runs; a file has its folder.

    It is held alone, or together with those that reach this process by Redis.
    """
    if backend(settings.database) == "sqlite":
        yield
        return
    options: dict[str, Any] = {"poolclass": NullPool, "isolation_level": "AUTOCOMMIT"}
    engine = engine_of(settings.database, within=ANSWER, **options)
    hold = _Hold(engine, together=shared(settings))
    name = make_url(settings.database).database
    try:
        if not await hold.taken():
            raise DuologueError("database_in_use", database=name)
        keeping = asyncio.create_task(_keep(hold, name))
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.wait([keeping])
    finally:
        await hold.close()
        await engine.dispose()


class _Hold:
    """One connection that holds the lock; PostgreSQL takes both away when it is restarted."""

    def __init__(self, engine: AsyncEngine, *, together: bool) -> None:
        self._engine = engine
        take = "pg_try_advisory_lock_shared" if together else "pg_try_advisory_lock"
        self._take = text(f"SELECT {take}(:lock)")
        self._conn: AsyncConnection | None = None
        self._held = False

    async def taken(self) -> bool:
        """Whether the lock is held; a lost connection is opened anew, and the lock taken again."""
        if self._conn is not None:
            try:
                await self._conn.execute(text("SELECT 1"))
            except (DBAPIError, OSError):
                await self.close()
        if self._conn is None:
            self._conn = await self._engine.connect()
        if not self._held:
            self._held = bool(await self._conn.scalar(self._take, {"lock": LOCK}))
        return self._held

    async def close(self) -> None:
        """Lets the lock go."""
        conn, self._conn, self._held = self._conn, None, False
        if conn is not None:
            with suppress(DBAPIError, OSError):
                await conn.close()


async def _keep(hold: _Hold, database: str | None) -> None:
    """Takes the lock again whenever it is lost; calls go on, whoever has it meanwhile."""
    refused = 0
    while True:
        await asyncio.sleep(LOOK)
        try:
            refused = 0 if await hold.taken() else refused + 1
        except Exception as error:
            log.warning("the hold on the database not looked for", reason=str(error))
        # Twice: PostgreSQL may not have noticed yet that our own line before is gone.
        if refused == TWICE:
            mend = (
                "stop one of both, for they do not know of each other's calls; several run on one "
                "PostgreSQL database if redis_url is set for each of them"
            )
            log.error("another server runs on the same database", database=database, mend=mend)

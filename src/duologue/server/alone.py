"""One server on one memory: more of them only where each can reach the others, by Redis."""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import NullPool, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from duologue.errors import DuologueError
from duologue.settings import Settings
from duologue.store.database import backend

NAME: Final = "serve.lock"
"""The file in the data folder that a server holds; alone, its process and address stand in it."""
NOTE: Final = "serve.{}.lock"
"""The same for one of several servers on a folder: its process is part of the name."""
LOCK: Final = int.from_bytes(b"duologue")
"""The advisory lock's number, which is PostgreSQL's to keep apart for each database."""


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
            own = folder / NOTE.format(os.getpid())
            lock = held.enter_context(own.open("a+"))
            held.callback(own.unlink, missing_ok=True)

        def note(url: str) -> None:
            lock.truncate(0)
            lock.write("\n".join(filter(None, (str(os.getpid()), url))))
            lock.flush()

        note("")
        try:
            yield note
        finally:
            lock.truncate(0)


def address(settings: Settings) -> str:
    """Where the server is reached that runs on this data folder; nothing where none does."""
    # Not by the lock: whoever tried it would keep a server from starting at that moment.
    return _holder(Path(settings.data))[1]


def _holder(folder: Path) -> tuple[str, str]:
    """A living process that holds a folder, and its address once it has one."""
    notes = [_noted(each) for each in (folder / NAME, *sorted(folder.glob(NOTE.format("*"))))]
    living = [(pid, url) for pid, url in notes if pid.isdecimal() and _lives(int(pid))]
    return max(living, key=lambda one: bool(one[1]), default=("", ""))


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
    """Holds a PostgreSQL database for as long as this connection lives; a file has its folder.

    It is held alone, or together with those that reach this process by Redis.
    """
    if backend(settings.database) == "sqlite":
        yield
        return
    address = make_url(settings.database)
    engine = create_async_engine(
        address.set(drivername="postgresql+asyncpg"),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
    )
    take = "pg_try_advisory_lock_shared" if shared(settings) else "pg_try_advisory_lock"
    async with engine.connect() as conn:
        held = await conn.scalar(text(f"SELECT {take}(:lock)"), {"lock": LOCK})
        if not held:
            raise DuologueError("database_in_use", database=address.database)
        yield

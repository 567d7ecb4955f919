"""One server on one memory: two would end each other's calls as left over from a crash."""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import NullPool, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from duologue.errors import DuologueError
from duologue.settings import Settings
from duologue.store.database import backend

NAME: Final = "serve.lock"
"""The file in the data folder that a server holds; its process and its address stand in it."""
LOCK: Final = int.from_bytes(b"duologue")
"""The advisory lock's number, which is PostgreSQL's to keep apart for each database."""


@contextmanager
def on_folder(settings: Settings) -> Iterator[Callable[[str], None]]:
    """Holds the data folder for this process; what it gives notes the address to be reached at."""
    folder = Path(settings.data)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DuologueError("data_in_use", path=str(folder), pid=_noted(path)[0]) from None

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
    pid, url = _noted(Path(settings.data) / NAME)
    return url if pid.isdecimal() and _lives(int(pid)) else ""


def _noted(path: Path) -> tuple[str, str]:
    """The process that holds a folder, and its address once it has one."""
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
async def on_database(url: str) -> AsyncIterator[None]:
    """Holds a PostgreSQL database for as long as this connection lives; a file has its folder."""
    if backend(url) == "sqlite":
        yield
        return
    address = make_url(url)
    engine = create_async_engine(
        address.set(drivername="postgresql+asyncpg"),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
    )
    async with engine.connect() as conn:
        held = await conn.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK})
        if not held:
            raise DuologueError("database_in_use", database=address.database)
        yield

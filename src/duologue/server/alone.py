"""One server on one memory: two would end each other's calls as left over from a crash."""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import NullPool, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from duologue.errors import DuologueError
from duologue.settings import Settings
from duologue.store.database import backend

LOCK: Final = int.from_bytes(b"duologue")
"""The advisory lock's number, which is PostgreSQL's to keep apart for each database."""


@contextmanager
def on_folder(settings: Settings) -> Iterator[None]:
    """Holds the data folder for this process."""
    folder = Path(settings.data)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "serve.lock"
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise DuologueError("data_in_use", path=str(folder), pid=lock.read().strip()) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


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

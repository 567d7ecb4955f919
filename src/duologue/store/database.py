"""The way into the database: units of work run here, on SQLite or PostgreSQL alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, make_url

from duologue.errors import DuologueError
from duologue.store.schema import prepare

P = ParamSpec("P")
T = TypeVar("T")


class Database(ABC):
    """An open database; `work` is a function of a connection that neither awaits nor commits."""

    @staticmethod
    async def open(url: str, ready: Callable[[Connection], None] = prepare) -> Database:
        """Opens it; unless `ready` does otherwise, brings the schema up to date."""
        # Imported here: asyncpg and greenlet are not needed for a file.
        if backend(url) == "sqlite":
            from duologue.store.sqlite import SqliteDatabase

            return await SqliteDatabase.start(url, ready)
        from duologue.store.postgres import PostgresDatabase

        return await PostgresDatabase.start(url, ready)

    @property
    @abstractmethod
    def waiting(self) -> int:
        """Units of work that have not begun yet."""

    @abstractmethod
    async def write(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What `work` returns, once all that it wrote is committed; if it raises, nothing is."""

    @abstractmethod
    async def read(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What `work` finds, in one snapshot; lists of any length do not hold up the loop."""

    @abstractmethod
    async def close(self) -> None:
        """Finishes what is queued and lets the database go."""


def backend(url: str) -> str:
    """`sqlite` or `postgresql`; any other address is refused."""
    try:
        parsed = make_url(url)
        name = parsed.get_backend_name()
    except Exception:
        name = ""
    if name not in ("sqlite", "postgresql"):
        raise DuologueError(
            "setting_invalid",
            name="database_url",
            reason="it must begin with sqlite:/// or postgresql://",
        )
    return name


@contextmanager
def unit(url: str) -> Iterator[Connection]:
    """A connection in one transaction, for a program without a loop; committed at the end."""
    if backend(url) == "sqlite":
        from duologue.store.sqlite import unit as blocking
    else:
        from duologue.store.postgres import unit as blocking
    with blocking(url) as conn:
        yield conn

"""Which processes live on one memory, and what a killed one left: made true by the others."""

from __future__ import annotations

import asyncio
import fcntl
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import structlog
from sqlalchemy import NullPool, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from duologue.errors import DuologueError
from duologue.store import recovery, unusable
from duologue.store.database import backend
from duologue.store.postgres import bounded, engine_of

if TYPE_CHECKING:  # the commands of the database need no agents
    from duologue.pipeline.host import Host

log = structlog.get_logger(__name__)

LOOK: Final = 10.0
"""Seconds between two looks for processes that were killed."""
SHOW: Final = 2.5
"""Seconds between two looks whether our own sign is still there."""
AGAIN: Final = 0.5
"""Seconds until it is shown again that somebody kept from us for a moment."""
ANSWER: Final = 5.0
"""Seconds in which PostgreSQL must answer."""
LEADER: Final = "leader"
"""The file beside those of the processes that one of them holds."""
LEAD: Final = int.from_bytes(b"duolead.")
"""The advisory lock's number that one process on a PostgreSQL database holds."""


class Presence(ABC):
    """A sign of life that the system itself takes away when a process dies."""

    @abstractmethod
    async def show(self) -> bool:
        """Shows the own sign again if it was lost; false as long as that cannot be."""

    @abstractmethod
    async def gone(self, processes: Collection[str]) -> set[str]:
        """Those of these processes that live no more."""

    @abstractmethod
    async def leads(self) -> bool:
        """Whether this process does what one of all has to do; it stays so as long as it lives."""


@asynccontextmanager
async def on_memory_of(host: Host, lost: Callable[[], None]) -> AsyncIterator[None]:
    """Shows the others that this process lives, and mends what those left that do not.

    `lost` is called when one was killed: its callers may be waiting for another.
    """
    sign = presence(host.settings.database, host.process)
    async with host.others.answering(), sign as shown:
        host.others.gone = shown.gone
        host.leads = shown.leads
        if not host.others.shared:  # several may all have lost their signs with the database
            gone = await shown.gone(await host.db.read(recovery.processes))
            recovered = await host.db.write(recovery.after_crash, gone, host.clock())
            log.info("memory ready", recovered=recovered)
        works = _keep_showing(shown), _keep_mending(host, shown, lost)
        tasks = [asyncio.create_task(each) for each in works]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def _keep_showing(shown: Presence) -> None:
    """In a task of its own, so that no other question holds it up."""
    while True:
        wait = SHOW
        try:
            if not await shown.show():
                wait = AGAIN
        except Exception as error:
            log.warning("own sign of life not shown", reason=str(error))
        await asyncio.sleep(wait)


async def _keep_mending(host: Host, shown: Presence, lost: Callable[[], None]) -> None:
    before = set[str]()
    while True:
        await asyncio.sleep(LOOK)
        try:
            gone = set[str]()
            for each in await shown.gone(await host.db.read(recovery.processes)):
                try:
                    if not await host.others.answers(each):
                        gone.add(each)
                except DuologueError as error:
                    reason = str(error)
                    log.warning("a process shows no sign of life", process=each, reason=reason)
            # Seen gone twice: after a restart of the database, or of Redis, each process needs a
            # moment to show itself again.
            if killed := gone & before:
                recovered = await host.db.write(recovery.after_crash, killed, host.clock())
                log.warning("a process was killed", recovered=recovered)
                lost()
            before = gone
        except Exception:
            log.exception("killed processes not looked for")


@asynccontextmanager
async def presence(url: str, process: str) -> AsyncIterator[Presence]:
    """This process's sign of life on that database, for as long as the block runs."""
    if backend(url) == "sqlite":
        with _files(Path(f"{make_url(url).database}.processes"), process) as files:
            yield files
        return
    options = {"poolclass": NullPool, "isolation_level": "AUTOCOMMIT"}
    locks = _Locks(engine_of(url, within=ANSWER, **options), process)
    try:
        await locks.show()
        yield locks
    finally:
        await locks.close()


class _Files(Presence):
    """Beside a SQLite file: one locked file a process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lead: IO[str] | None = None

    async def show(self) -> bool:
        """See `Presence.show`: nobody takes a file's lock away."""
        return True

    async def gone(self, processes: Collection[str]) -> set[str]:
        """See `Presence.gone`; the file of a dead process is cleared away."""
        return {each for each in processes if _is_gone(self._folder / each)}

    async def leads(self) -> bool:
        """See `Presence.leads`."""
        if self._lead is None:
            file = (self._folder / LEADER).open("a")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                return False
            self._lead = file
        return True

    def close(self) -> None:
        """Lets another lead."""
        if self._lead is not None:
            self._lead.close()


@contextmanager
def _files(folder: Path, process: str) -> Iterator[_Files]:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / process
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        files = _Files(folder)
        try:
            yield files
        finally:
            files.close()
            path.unlink(missing_ok=True)


def _is_gone(path: Path) -> bool:
    try:
        with path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False
    path.unlink(missing_ok=True)
    return True


class _Locks(Presence):
    """In PostgreSQL: one advisory lock a process, held by a connection that is kept for it."""

    def __init__(self, engine: AsyncEngine, process: str) -> None:
        self._engine = engine
        self._process = process
        self._conn: AsyncConnection | None = None
        self._asking = asyncio.Lock()
        self._shown = False
        self._leads = False

    async def show(self) -> bool:
        """See `Presence.show`; a lost connection is opened anew, and our own lock taken again."""
        async with self._held():
            return self._shown

    async def gone(self, processes: Collection[str]) -> set[str]:
        """See `Presence.gone`; on a connection of its own, so that who gives up breaks no lock."""
        # The one who holds a lock may take it again, so our own proves nothing.
        others = [each for each in processes if each != self._process]
        found = set[str]()
        if not others:
            return found
        with unusable.told():
            async with self._engine.connect() as conn, bounded(conn, ANSWER):
                for each in others:
                    if await _take(conn, number(each)):
                        asked = {"n": number(each)}
                        await conn.execute(text("SELECT pg_advisory_unlock(:n)"), asked)
                        found.add(each)
        return found

    async def leads(self) -> bool:
        """See `Presence.leads`; whoever lost the connection may have to follow."""
        async with self._held() as conn:
            self._leads = self._leads or await _take(conn, LEAD)
            return self._leads

    async def close(self) -> None:
        """Lets our own lock go."""
        await self._drop()
        await self._engine.dispose()

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[AsyncConnection]:
        """The connection with our locks; one on which anything fails is given up at once."""
        async with self._asking:  # one connection answers one question at a time
            try:
                with unusable.told():
                    conn = await self._connected()
                    async with bounded(conn, ANSWER):
                        if not self._shown:
                            self._shown = await _take(conn, number(self._process))
                            if not self._shown:  # somebody asks for it just now, or a lost line
                                log.warning("own lock is not ours yet", process=self._process)
                        yield conn
            except BaseException:
                await self._drop()
                raise

    async def _connected(self) -> AsyncConnection:
        if self._conn is not None:
            try:
                async with bounded(self._conn, ANSWER):
                    await self._conn.execute(text("SELECT 1"))
            except (SQLAlchemyError, OSError):
                await self._drop()
            else:
                return self._conn
        self._conn = await self._engine.connect()
        return self._conn

    async def _drop(self) -> None:
        conn, self._conn = self._conn, None
        self._shown = self._leads = False
        if conn is not None:
            with suppress(SQLAlchemyError, OSError):
                await conn.invalidate()  # it need not answer any more, as it had to for a close
            with suppress(SQLAlchemyError, OSError):
                await conn.close()


async def _take(conn: AsyncConnection, lock: int) -> bool:
    """Whether nobody else held the lock of that number, which is held here from now on."""
    return bool(await conn.scalar(text("SELECT pg_try_advisory_lock(:n)"), {"n": lock}))


def number(process: str) -> int:
    """The number of a process's lock: the random end of its id, in PostgreSQL's signed 64 bits."""
    return int.from_bytes(bytes.fromhex(process[-16:]), signed=True)

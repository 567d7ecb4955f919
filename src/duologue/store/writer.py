"""One thread that runs units of work on one SQLite connection, several a commit when they queue."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

Work = Callable[[Connection], Any]
_Item = tuple[Work, "asyncio.Future[Any]"]
_Outcome = tuple["asyncio.Future[Any]", Any, BaseException | None]

MOST_PER_COMMIT = 64


class Worker:
    """Runs units in the order they came; their futures resolve when their commit is done."""

    def __init__(self, conn: Connection, name: str, *, begin: str, most: int) -> None:
        self._conn = conn
        self._begin = begin
        self._most = most
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._closed = False
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Units that are queued."""
        return self._queue.qsize()

    def submit(self, work: Work) -> asyncio.Future[Any]:
        """Queues a unit; what it returns or raises arrives with the future."""
        if self._closed:
            raise RuntimeError("the database was closed")
        future = self._loop.create_future()
        self._queue.put((work, future))
        return future

    async def close(self) -> None:
        """Finishes what is queued, then ends the thread."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        with self._conn as conn:
            raw: Any = conn.connection.driver_connection
            more = True
            while more:
                batch: list[_Item] = []
                item = self._queue.get()
                while item is not None:
                    batch.append(item)
                    if len(batch) >= self._most:
                        break
                    try:
                        item = self._queue.get_nowait()
                    except queue.Empty:
                        break
                more = item is not None
                if batch:
                    outcomes = _commit(conn, raw, self._begin, batch)
                    self._loop.call_soon_threadsafe(_resolve, outcomes)


def _commit(
    conn: Connection, raw: sqlite3.Connection, begin: str, batch: list[_Item]
) -> list[_Outcome]:
    """Runs the batch in one transaction; a unit that fails takes back only what it did."""
    outcomes: list[_Outcome] = []
    alone = len(batch) == 1
    try:
        raw.execute(begin)
        for work, future in batch:
            try:
                if not alone:
                    raw.execute("SAVEPOINT unit")
                result = work(conn)
                if not alone:
                    raw.execute("RELEASE unit")
            except Exception as error:
                if alone or not raw.in_transaction:
                    raise
                raw.execute("ROLLBACK TO unit")
                raw.execute("RELEASE unit")
                outcomes.append((future, None, error))
            else:
                outcomes.append((future, result, None))
        _finish(conn, raw, commit=True)
    except Exception as error:
        _finish(conn, raw, commit=False)
        outcomes = [(future, None, error) for _, future in batch]
    return outcomes


def _finish(conn: Connection, raw: sqlite3.Connection, *, commit: bool) -> None:
    """Ends the driver's transaction, and Core's idea of one if a unit executed through Core."""
    if conn.in_transaction():
        if commit:
            conn.commit()
        else:
            conn.rollback()
    elif commit:
        raw.commit()
    else:
        raw.rollback()


def _resolve(outcomes: list[_Outcome]) -> None:
    for future, result, error in outcomes:
        if future.done():
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

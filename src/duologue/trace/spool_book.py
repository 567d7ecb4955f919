"""One file of batches that wait to be sent; only the process that holds it can read it."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path


class Locked(Exception):
    """Another process, which lives, holds the file."""


class Book:
    """Batches in the order they came; safe to be used from any thread."""

    def __init__(self, path: Path, most: int) -> None:
        self._path = path
        self._most = most
        self.entries = 0
        self._bytes = 0
        self._lock = threading.Lock()
        path.touch(mode=0o600)
        self._base = sqlite3.connect(
            path, timeout=0.0, isolation_level=None, check_same_thread=False
        )
        try:
            # The lock of the first statement is kept until the file is closed, or its process
            # is no more: a killed one leaves a file that the next can take.
            self._base.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = NORMAL")
            self._base.execute(
                "CREATE TABLE IF NOT EXISTS batches"
                " (id INTEGER PRIMARY KEY, entries INTEGER NOT NULL, body BLOB NOT NULL)"
            )
            self.entries, self._bytes = self._base.execute(
                "SELECT coalesce(sum(entries), 0), coalesce(sum(length(body)), 0) FROM batches"
            ).fetchone()
        except sqlite3.DatabaseError as failure:
            self._base.close()
            if isinstance(failure, sqlite3.OperationalError) and "locked" in str(failure):
                raise Locked(str(path)) from failure
            raise

    def __str__(self) -> str:
        return str(self._path)

    def put(self, body: bytes, entries: int) -> int:
        """Adds a batch; says how many entries had to go for want of room."""
        with self._lock:
            self._base.execute("INSERT INTO batches (entries, body) VALUES (?, ?)", (entries, body))
            self.entries += entries
            self._bytes += len(body)
            gone = 0
            while self._bytes > self._most and self.entries:
                gone += self._remove("true")
            return gone

    def first(self) -> tuple[int, bytes] | None:
        """The key and the body of the oldest batch; none where all are done."""
        with self._lock:
            found: tuple[int, bytes] | None = self._base.execute(
                "SELECT id, body FROM batches ORDER BY id LIMIT 1"
            ).fetchone()
            return found

    def done(self, key: int) -> int:
        """Removes a batch, and says how many entries it had; it may be gone for want of room."""
        with self._lock:
            return self._remove("id = ?", key)

    def close(self) -> None:
        """Lets the file go; an empty one is removed."""
        with self._lock:
            self._base.close()
        if not self.entries:
            for name in (self._path, Path(f"{self._path}-wal"), Path(f"{self._path}-shm")):
                name.unlink(missing_ok=True)

    def _remove(self, which: str, *key: int) -> int:
        for one, entries, size in self._base.execute(
            f"SELECT id, entries, length(body) FROM batches WHERE {which} ORDER BY id LIMIT 1",  # noqa: S608  # one of two conditions above
            key,
        ).fetchall():
            self._base.execute("DELETE FROM batches WHERE id = ?", (one,))
            self.entries -= entries
            self._bytes -= size
            return int(entries)
        return 0

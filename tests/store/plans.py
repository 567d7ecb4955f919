"""How SQLite finds what is asked for: by which index, and what it walks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection


def plans(conn: Connection, work: Callable[[], object]) -> str:
    """The plans of all statements of a piece of work."""
    raw: Any = conn.connection.driver_connection
    asked: list[str] = []
    raw.set_trace_callback(asked.append)
    try:
        work()
    finally:
        raw.set_trace_callback(None)
    return "\n".join(
        row[3] for each in asked for row in raw.execute(f"EXPLAIN QUERY PLAN {each}").fetchall()
    )

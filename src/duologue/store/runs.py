"""Runs: each life of an agent session."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from duologue.store.records import Run, as_json, as_row, build
from duologue.store.statements import Statement
from duologue.store.tables import runs

_columns = runs.c
_this = (_columns.org_id == bindparam("org"), _columns.id == bindparam("wanted"))
_insert = Statement(insert(runs))
_get = Statement(select(runs).where(*_this))
_end = Statement(
    update(runs)
    .where(*_this, _columns.ended_at.is_(None))
    .values(ended_at=bindparam("at"), end_reason=bindparam("why"), usage=bindparam("used"))
)


def start(
    conn: Connection,
    org_id: str,
    *,
    id: str,  # noqa: A002
    conversation_id: str,
    agent_id: str,
    process: str,
    now: int,
) -> Run:
    """A new run, living in that process."""
    made = Run(id, org_id, conversation_id, agent_id, process, now, None, None, None)
    _insert(conn, **as_row(made))
    return made


def end(
    conn: Connection,
    org_id: str,
    id: str,  # noqa: A002
    reason: str,
    usage: dict[str, Any] | None,
    now: int,
) -> bool:
    """Ends it with what its models used; false when it had ended before."""
    used = None if usage is None else as_json(usage)
    return _end(conn, org=org_id, wanted=id, why=reason, used=used, at=now).rowcount == 1


def get(conn: Connection, org_id: str, id: str) -> Run | None:  # noqa: A002
    """The organization's run of that id."""
    row = _get(conn, org=org_id, wanted=id).fetchone()
    return None if row is None else build(Run, row)

"""Runs: each life of an agent session; of a conversation, only one is open at a time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from duologue.store.records import Run, as_json, as_row, build
from duologue.store.statements import Statement
from duologue.store.tables import conversations, runs, sessions

_columns = runs.c
_this = (_columns.org_id == bindparam("org"), _columns.id == bindparam("wanted"))
_insert = Statement(insert(runs))
_get = Statement(select(runs).where(*_this))
_open = Statement(
    select(runs)
    .where(
        _columns.org_id == bindparam("org"),
        _columns.conversation_id == bindparam("conversation"),
        _columns.ended_at.is_(None),
    )
    .order_by(_columns.id.desc())
    .limit(1)
)
_last = Statement(
    select(runs)
    .where(
        _columns.org_id == bindparam("org"),
        _columns.conversation_id == bindparam("conversation"),
    )
    .order_by(_columns.id.desc())
    .limit(1)
)
# SQLite, which has one writer, leaves the lock out.
_alone = Statement(
    select(conversations.c.id)
    .where(
        conversations.c.org_id == bindparam("org"),
        conversations.c.id == bindparam("conversation"),
    )
    .with_for_update(key_share=True)
)
_end = Statement(
    update(runs)
    .where(*_this, _columns.ended_at.is_(None))
    .values(ended_at=bindparam("at"), end_reason=bindparam("why"), usage=bindparam("used"))
)
# By its state, of which there is an index: only those of now are live.
_detach = Statement(
    update(sessions)
    .where(
        sessions.c.org_id == bindparam("org"),
        sessions.c.run_id == bindparam("wanted"),
        sessions.c.state == "live",
    )
    .values(state="detached", detached_at=bindparam("at"))
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
    peer: str | None = None,
) -> Run:
    """The open run of the conversation: a new one, living in that process, unless it has one.

    The conversation's row is locked first: of processes that start one at once, the others find it.
    """
    _alone(conn, org=org_id, conversation=conversation_id)
    found = going_on(conn, org_id, conversation_id)
    if found is not None:
        return found
    made = Run(id, org_id, conversation_id, agent_id, process, now, None, None, None, peer)
    _insert(conn, **as_row(made))
    return made


def going_on(conn: Connection, org_id: str, conversation_id: str) -> Run | None:
    """The conversation's open run, in whatever process, whether that lives or not."""
    row = _open(conn, org=org_id, conversation=conversation_id).fetchone()
    return None if row is None else build(Run, row)


def last(conn: Connection, org_id: str, conversation_id: str) -> Run | None:
    """The run that the conversation has, or had last."""
    row = _last(conn, org=org_id, conversation=conversation_id).fetchone()
    return None if row is None else build(Run, row)


def end(
    conn: Connection,
    org_id: str,
    id: str,  # noqa: A002
    reason: str,
    usage: dict[str, Any] | None,
    now: int,
) -> bool:
    """Ends it with what its models used; false when it had ended before.

    Nobody is live in a run that ended: sessions whose clients are not noted as gone are detached.
    """
    _detach(conn, org=org_id, wanted=id, at=now)
    used = None if usage is None else as_json(usage)
    return _end(conn, org=org_id, wanted=id, why=reason, used=used, at=now).rowcount == 1


def get(conn: Connection, org_id: str, id: str) -> Run | None:  # noqa: A002
    """The organization's run of that id."""
    row = _get(conn, org=org_id, wanted=id).fetchone()
    return None if row is None else build(Run, row)

"""Conversations: made, listed, resumed, ended, deleted."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    ARRAY,
    Connection,
    Text,
    any_,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy import delete as deletion

from duologue.store.ids import fresh
from duologue.store.records import Conversation, Page, as_json, as_row, build
from duologue.store.statements import Statement
from duologue.store.tables import conversations, feedback, messages, runs, sessions
from duologue.store.trace_deletion import delete_linked

_columns = conversations.c
_this = (_columns.org_id == bindparam("org"), _columns.id == bindparam("wanted"))
_insert = Statement(insert(conversations))
_get = Statement(select(conversations).where(*_this))
_alone = Statement(select(_columns.id).where(*_this).with_for_update())
# SQLite, which has one writer, leaves the locks out.
_listed = func.json_each(bindparam("ids")).table_valued("value")
_held = Statement(
    select(_columns.id).where(
        _columns.org_id == bindparam("org"), _columns.id.in_(select(_listed.c.value))
    ),
    select(_columns.id)
    .where(
        _columns.org_id == bindparam("org"),
        _columns.id == any_(bindparam("ids", type_=ARRAY(Text))),
    )
    .order_by(_columns.id)
    .with_for_update(read=True, key_share=True),
)
_shown = or_(
    _columns.resume_hash == bindparam("shown"), _columns.resume_before_hash == bindparam("shown")
)
_by_resume = Statement(select(conversations).where(_shown))
_keep_resume = Statement(
    update(conversations).where(*_this, _shown).values(resume_before_hash=bindparam("shown"))
)
_set_resume = Statement(
    update(conversations)
    .where(*_this)
    .values(
        resume_hash=bindparam("to"),
        resume_before_hash=func.coalesce(_columns.resume_before_hash, _columns.resume_hash),
    )
)
_set_state = Statement(update(conversations).where(*_this).values(state=bindparam("kept")))
_end = Statement(
    update(conversations)
    .where(*_this, _columns.ended_at.is_(None))
    .values(ended_at=bindparam("at"), end_reason=bindparam("why"), updated_at=bindparam("at"))
)


def create(
    conn: Connection,
    org_id: str,
    *,
    agent_id: str,
    key_id: str | None,
    metadata: dict[str, Any],
    now: int,
    id: str | None = None,  # noqa: A002
) -> Conversation:
    """A new conversation without a session yet, under an id that was promised or a fresh one."""
    made = Conversation(
        id=id or fresh("conv_", now),
        org_id=org_id,
        agent_id=agent_id,
        key_id=key_id,
        current_session_id=None,
        resume_hash=None,
        resume_before_hash=None,
        metadata=metadata,
        state={},
        next_seq=1,
        created_at=now,
        updated_at=now,
        ended_at=None,
        end_reason=None,
        visitor_id=None,
    )
    _insert(conn, **as_row(made))
    return made


def get(conn: Connection, org_id: str, id: str) -> Conversation | None:  # noqa: A002
    """The organization's conversation of that id."""
    row = _get(conn, org=org_id, wanted=id).fetchone()
    return None if row is None else build(Conversation, row)


def held(conn: Connection, org_id: str, ids: Collection[str]) -> set[str]:
    """Those of them that are there, which nobody deletes before this unit of work is over."""
    given = as_json(list(ids)) if conn.dialect.name == "sqlite" else list(ids)
    return {row[0] for row in _held(conn, org=org_id, ids=given).fetchall()} if ids else set()


def page(
    conn: Connection,
    org_id: str,
    *,
    agent_id: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page[Conversation]:
    """Conversations from the newest on, or from behind the cursor `before`."""
    query = select(conversations).where(_columns.org_id == org_id)
    if agent_id is not None:
        query = query.where(_columns.agent_id == agent_id)
    if before is not None:
        query = query.where(_columns.id < before)
    rows = conn.execute(query.order_by(_columns.id.desc()).limit(limit + 1)).fetchall()
    items = [build(Conversation, row) for row in rows[:limit]]
    return Page(items, items[-1].id if len(rows) > limit else None)


def end(conn: Connection, org_id: str, id: str, reason: str, now: int) -> bool:  # noqa: A002
    """Ends it for good; false when it had ended before."""
    return _end(conn, org=org_id, wanted=id, why=reason, at=now).rowcount == 1


def delete(conn: Connection, org_id: str, id: str) -> bool:  # noqa: A002
    """Forgets the conversation, all that was said, and its traces; its usage stays counted.

    Its row is locked first: whoever adds to it is done before, or finds it gone (`held`).
    """
    if _alone(conn, org=org_id, wanted=id).fetchone() is None:
        return False
    delete_linked(conn, org_id, conversation_id=id)
    for table in (feedback, messages, sessions, runs):
        conn.execute(deletion(table).where(table.c.org_id == org_id, table.c.conversation_id == id))
    conn.execute(deletion(conversations).where(_columns.org_id == org_id, _columns.id == id))
    return True


def set_state(conn: Connection, org_id: str, id: str, values: str) -> bool:  # noqa: A002
    """Keeps the JSON object that agent and clients share; false when there is no conversation."""
    return _set_state(conn, org=org_id, wanted=id, kept=values).rowcount == 1


def set_resume(conn: Connection, org_id: str, id: str, hash: str | None) -> bool:  # noqa: A002
    """Makes the hashed token the newest that resumes the conversation.

    The one before stays good until the session of the newer one opens (`sessions.open`).
    """
    return _set_resume(conn, org=org_id, wanted=id, to=hash).rowcount == 1


def keep_resume(conn: Connection, org_id: str, id: str, hash: str) -> bool:  # noqa: A002
    """Keeps the hashed token that a client shows until a newer one arrived; false if it is void.

    The conversation's row is written, so of those who race for it, the next one looks again.
    """
    return _keep_resume(conn, org=org_id, wanted=id, shown=hash).rowcount == 1


def by_resume(conn: Connection, hash: str) -> Conversation | None:  # noqa: A002
    """The conversation that the hashed token resumes, whichever organization owns it."""
    row = _by_resume(conn, shown=hash).fetchone()
    return None if row is None else build(Conversation, row)

"""Messages: the transcript, in the order in which it was said."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from duologue.errors import DuologueError
from duologue.store.ids import fresh
from duologue.store.records import Message, MessageKind, Role, as_json, as_row, build
from duologue.store.statements import Statement
from duologue.store.tables import conversations, messages

_columns = messages.c
_next = Statement(
    update(conversations)
    .where(
        conversations.c.org_id == bindparam("org"),
        conversations.c.id == bindparam("conversation"),
    )
    .values(next_seq=conversations.c.next_seq + 1, updated_at=bindparam("at"))
    .returning(conversations.c.next_seq - 1)
)
_insert = Statement(insert(messages))
_revise = Statement(
    update(messages)
    .where(_columns.org_id == bindparam("org"), _columns.id == bindparam("wanted"))
    .values(
        text=func.coalesce(bindparam("words"), _columns.text),
        item=func.coalesce(bindparam("thing"), _columns.item),
        final=func.coalesce(bindparam("is_final"), _columns.final),
        interrupted=func.coalesce(bindparam("was_interrupted"), _columns.interrupted),
        updated_at=bindparam("at"),
    )
)


def append(
    conn: Connection,
    org_id: str,
    *,
    conversation_id: str,
    run_id: str,
    session_id: str | None,
    turn_id: str,
    role: Role,
    kind: MessageKind,
    text: str,
    item: Any = None,
    final: bool = True,
    interrupted: bool = False,
    now: int,
    id: str | None = None,  # noqa: A002
) -> Message:
    """The conversation's next message."""
    row = _next(conn, org=org_id, conversation=conversation_id, at=now).fetchone()
    if row is None:
        raise DuologueError("conversation_not_found", conversation=conversation_id)
    made = Message(
        id or fresh("msg_", now),
        org_id,
        conversation_id,
        run_id,
        session_id,
        row[0],
        turn_id,
        role,
        kind,
        text,
        item,
        final,
        interrupted,
        now,
        now,
    )
    _insert(conn, **as_row(made))
    return made


def revise(
    conn: Connection,
    org_id: str,
    id: str,  # noqa: A002
    *,
    text: str | None = None,
    final: bool | None = None,
    interrupted: bool | None = None,
    item: Any = None,
    now: int,
) -> bool:
    """Changes what is given of a message; false when there is no such message."""
    revised = _revise(
        conn,
        org=org_id,
        wanted=id,
        words=text,
        thing=None if item is None else as_json(item),
        is_final=final,
        was_interrupted=interrupted,
        at=now,
    )
    return revised.rowcount == 1


def remove(conn: Connection, org_id: str, id: str) -> bool:  # noqa: A002
    """Forgets a message; false when there is no such message."""
    gone = conn.execute(delete(messages).where(_columns.org_id == org_id, _columns.id == id))
    return gone.rowcount == 1


def of(
    conn: Connection,
    org_id: str,
    conversation_id: str,
    after_seq: int = 0,
    limit: int | None = None,
) -> list[Message]:
    """The conversation's messages behind `after_seq`, oldest first."""
    query = (
        select(messages)
        .where(
            _columns.org_id == org_id,
            _columns.conversation_id == conversation_id,
            _columns.seq > after_seq,
        )
        .order_by(_columns.seq)
        .limit(limit)
    )
    return [build(Message, row) for row in conn.execute(query).fetchall()]

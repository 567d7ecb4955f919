"""Feedback: what a visitor thought of a session, one word each, the latest."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import Connection, Integer, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from duologue.store.ids import fresh
from duologue.store.records import Feedback, Session, as_row, build
from duologue.store.statements import Statement
from duologue.store.tables import feedback

_columns = feedback.c
_of = Statement(
    select(feedback)
    .where(_columns.org_id == bindparam("org"), _columns.conversation_id == bindparam("wanted"))
    .order_by(_columns.id)
)
_of_agent = Statement(
    select(feedback)
    .where(_columns.org_id == bindparam("org"), _columns.agent_id == bindparam("wanted"))
    .order_by(_columns.id.desc())
    .limit(bindparam("most", type_=Integer))
)
_ratings = Statement(
    select(_columns.rating, func.count())
    .where(_columns.org_id == bindparam("org"), _columns.agent_id == bindparam("wanted"))
    .group_by(_columns.rating)
)


def _upsert(insert: Any) -> Any:
    made = insert(feedback)
    new = {name: made.excluded[name] for name in ("rating", "text", "updated_at")}
    return made.on_conflict_do_update(index_elements=["session_id"], set_=new)


_put = Statement(_upsert(sqlite.insert), _upsert(postgresql.insert))


def put(
    conn: Connection,
    session: Session,
    *,
    rating: Literal["up", "down"],
    text: str,
    now: int,
) -> None:
    """Keeps what was thought of a session, instead of what was said of it before."""
    made = Feedback(
        id=fresh("fb_", now),
        org_id=session.org_id,
        session_id=session.id,
        conversation_id=session.conversation_id,
        agent_id=session.agent_id,
        rating=rating,
        text=text,
        created_at=now,
        updated_at=now,
    )
    _put(conn, **as_row(made))


def of(conn: Connection, org_id: str, conversation_id: str) -> list[Feedback]:
    """What was thought of a conversation's sessions."""
    rows = _of(conn, org=org_id, wanted=conversation_id).fetchall()
    return [build(Feedback, row) for row in rows]


def of_agent(conn: Connection, org_id: str, agent_id: str, *, limit: int) -> list[Feedback]:
    """What was thought of an agent, the newest first."""
    rows = _of_agent(conn, org=org_id, wanted=agent_id, most=limit).fetchall()
    return [build(Feedback, row) for row in rows]


def ratings(conn: Connection, org_id: str, agent_id: str) -> dict[str, int]:
    """How many thumbs of an agent went `up`, and how many `down`."""
    return {row[0]: row[1] for row in _ratings(conn, org=org_id, wanted=agent_id).fetchall()}

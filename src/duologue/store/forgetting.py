"""Forgetting a session: what was said in it, what was thought of it, what was traced of it."""

from __future__ import annotations

from sqlalchemy import Connection, delete, update

from duologue.store.tables import conversations, feedback, messages, sessions
from duologue.store.trace_deletion import delete_linked


def forget_session(conn: Connection, org_id: str, id: str) -> bool:  # noqa: A002
    """Deletes a session and all of that; false when there is none. Its usage stays counted.

    A run that it shared with others goes whole: who said what in it cannot be told apart.
    The conversation's row is written first, as whoever authorizes a session does.
    """
    latest = conversations.c.current_session_id == id
    conn.execute(
        update(conversations)
        .where(conversations.c.org_id == org_id, latest)
        .values(current_session_id=None)
    )
    delete_linked(conn, org_id, session_id=id)
    for table in (messages, feedback):
        conn.execute(delete(table).where(table.c.org_id == org_id, table.c.session_id == id))
    this = (sessions.c.org_id == org_id, sessions.c.id == id)
    return conn.execute(delete(sessions).where(*this)).rowcount == 1

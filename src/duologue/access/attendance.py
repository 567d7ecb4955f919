"""Who was there: which session the holder of a token was in, over or not."""

from __future__ import annotations

from sqlalchemy import Connection

from duologue.access.resume_tokens import digest
from duologue.errors import DuologueError
from duologue.store import conversations, sessions
from duologue.store.records import Session

_ITS_OWN = "of this token"


def session_of(
    conn: Connection, token: str, *, session_id: str, origin: str | None, now: int
) -> Session:
    """The session that was opened with a session key, or in the conversation of a resume token.

    Without an id it is the newest. Every other case is answered as if there were no such session,
    so that nothing is learnt by trying; and a page of another origin was not there.
    """
    found = _found(conn, token, session_id, now)
    if (
        found is None
        or found.id != (session_id or found.id)
        or found.origin != origin
        or found.opened_at is None
    ):
        raise DuologueError("session_not_found", session=session_id or _ITS_OWN)
    return found


def _found(conn: Connection, token: str, session_id: str, now: int) -> Session | None:
    shown = digest(token)
    claim = sessions.claim(conn, shown, now)
    if claim is not None:
        return claim.session
    conversation = conversations.by_resume(conn, shown)
    if conversation is None:
        return None
    wanted = session_id or conversation.current_session_id or ""
    found = sessions.get(conn, conversation.org_id, wanted)
    return found if found is not None and found.conversation_id == conversation.id else None

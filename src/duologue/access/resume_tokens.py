"""Resume tokens: how a browser, which has no secret key, comes back to its conversation."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from duologue.access import secrets
from duologue.access.secrets import digest
from duologue.errors import DuologueError
from duologue.store import conversations, sessions
from duologue.store.records import Conversation, Session

__all__ = ["check", "digest", "issue", "mint", "redeem"]

_ITS_OWN: Final = "of this resume token"


def mint() -> str:
    """The text of a new resume token."""
    return secrets.mint("dk_resume_")


def issue(conn: Connection, org_id: str, conversation_id: str) -> str:
    """A new token; the one before is good until a session that was given this one opens.

    For the answer that carries it may be lost, and then its client holds no other.
    """
    token = mint()
    if not conversations.set_resume(conn, org_id, conversation_id, digest(token)):
        raise DuologueError("conversation_not_found", conversation=conversation_id)
    return token


def redeem(
    conn: Connection,
    token: str,
    *,
    conversation_id: str | None,
    agent_id: str,
    origin: str | None,
    window_ms: int,
    now: int,
) -> Conversation:
    """The conversation that the token resumes, which stays good until a newer one arrived."""
    found = check(
        conn,
        token,
        conversation_id=conversation_id,
        agent_id=agent_id,
        origin=origin,
        window_ms=window_ms,
        now=now,
    )
    if not conversations.keep_resume(conn, found.org_id, found.id, digest(token)):
        # Between the two statements somebody came in with a newer one.
        shown = conversation_id or _ITS_OWN
        raise DuologueError("conversation_not_found", conversation=shown)
    return found


def check(
    conn: Connection,
    token: str,
    *,
    conversation_id: str | None,
    agent_id: str,
    origin: str | None,
    window_ms: int,
    now: int,
) -> Conversation:
    """The conversation that the token resumes, for the same agent, from the same origin, in time.

    Every other case is answered as if there were no such conversation, so that nothing is learnt
    by trying; only the holder of the right token hears that it was ended.
    """
    shown_hash = digest(token)
    found = conversations.by_resume(conn, shown_hash)
    shown = conversation_id or _ITS_OWN
    if found is None or found.agent_id != agent_id or found.id != (conversation_id or found.id):
        raise DuologueError("conversation_not_found", conversation=shown)
    given = sessions.get(conn, found.org_id, found.current_session_id or "")
    last = sessions.last_opened(conn, found.org_id, found.id) or given
    if found.resume_hash != shown_hash:
        given = last
    if given is None or last is None or given.origin != origin:
        raise DuologueError("conversation_not_found", conversation=shown)
    if found.ended_at is not None:
        raise DuologueError("conversation_ended", conversation=found.id, reason=found.end_reason)
    if now - _left_at(last, now) > window_ms:  # a session that nobody came into makes no time
        raise DuologueError("conversation_not_found", conversation=shown)
    return found


def _left_at(session: Session, now: int) -> int:
    """Since when nobody has been there."""
    if session.ended_at is not None:
        return session.ended_at
    if session.state == "live":
        return now
    return session.detached_at or session.created_at

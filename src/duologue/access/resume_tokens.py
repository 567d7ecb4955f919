"""Resume tokens: how a browser, which has no secret key, comes back to its conversation.

One that goes with a room counts from the join on, for nothing is written before. Who leaves before
the agent was there holds no other; so it names its session, and the token that it was given for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection

from duologue.access import secrets
from duologue.errors import DuologueError
from duologue.store import conversations, sessions
from duologue.store.records import Conversation, Session

Redeem = Callable[..., Conversation | None]
"""`redeem`, or `check`, which writes nothing."""

_ITS_OWN: Final = "of this resume token"
_PROMISED: Final = re.compile(
    r"dk_resume_[\w-]+\.(?P<session>sess_[0-9a-f]{32})\.(?P<base>(?:dk_resume_[\w-]+)?)", re.ASCII
)


def mint() -> str:
    """The text of a new resume token."""
    return secrets.mint("dk_resume_")


def promise(session_id: str, shown: str | None, found: Conversation | None) -> str:
    """The text of one that counts once its session began, and until then stands for what was shown.

    `found` is the conversation that is gone on with, if any; where its id alone led there, nothing
    stands behind the token.
    """
    if found is None:
        return f"{mint()}.{session_id}."
    stands = _known(found, shown or "")
    return mint() if stands is None else f"{mint()}.{session_id}.{stands.partition('.')[0]}"


def meant(conn: Connection, token: str) -> Conversation | None:
    """Where a token leads; whether its holder may go there is asked elsewhere."""
    found = conversations.by_resume(conn, digest(token))
    return found or conversations.by_resume(conn, digest(_base(token)))


def digest(token: str) -> str:
    """What is stored instead of a token: of the secret in front, whatever follows it."""
    return secrets.digest(token.partition(".")[0])


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
    org_id: str,
    conversation_id: str | None,
    agent_id: str,
    origin: str | None,
    window_ms: int,
    now: int,
) -> Conversation | None:
    """The conversation that the token resumes, which stays good until a newer one arrived."""
    found = check(
        conn,
        token,
        org_id=org_id,
        conversation_id=conversation_id,
        agent_id=agent_id,
        origin=origin,
        window_ms=window_ms,
        now=now,
    )
    if found is None:
        return None
    stands = _known(found, token) or token
    if not conversations.keep_resume(conn, found.org_id, found.id, digest(stands)):
        # Between the two statements somebody came in with a newer one.
        shown = conversation_id or _ITS_OWN
        raise DuologueError("conversation_not_found", conversation=shown)
    return found


def check(
    conn: Connection,
    token: str,
    *,
    org_id: str,
    conversation_id: str | None,
    agent_id: str,
    origin: str | None,
    window_ms: int,
    now: int,
) -> Conversation | None:
    """The conversation that the token resumes, for the same agent, from the same origin, in time.

    None is a new one: the token was promised for one that nobody came into. Every other case is
    answered as if there were no such conversation, so that nothing is learnt by trying; only the
    holder of the right token hears that it was ended.
    """
    stands = _standing(conn, org_id, token)
    if stands is None:
        return None
    shown_hash = digest(stands)
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


def _standing(conn: Connection, org_id: str, token: str) -> str | None:
    """The token itself, or what it stands for while its session did not begin; none is nothing."""
    promised = _PROMISED.fullmatch(token)
    if (
        promised is None
        or conversations.by_resume(conn, digest(token)) is not None
        or sessions.get(conn, org_id, promised["session"]) is not None
    ):
        return token
    return promised["base"] or None


def _known(found: Conversation, token: str) -> str | None:
    """Which of a token and what stands behind it led to a conversation; none of them to another."""
    hashes = (found.resume_hash, found.resume_before_hash)
    return next((one for one in (token, _base(token)) if digest(one) in hashes), None)


def _base(token: str) -> str:
    promised = _PROMISED.fullmatch(token)
    return promised["base"] if promised else ""


def _left_at(session: Session, now: int) -> int:
    """Since when nobody has been there."""
    if session.ended_at is not None:
        return session.ended_at
    if session.state == "live":
        return now
    return session.detached_at or session.created_at

"""What may be consumed: sessions a minute, conversations at once, minutes a day.

Every process finds the same, for it is counted in the store. On SQLite it is exact; on PostgreSQL
requests of one moment do not see each other, so that as many more may come through as were under
way at once, but for the conversations at once, which are counted again, one by one, where they
begin.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import Connection

from duologue.errors import DuologueError
from duologue.store import allowances, sessions

MINUTE_MS: Final = 60_000
DAY_MS: Final = 86_400_000
OF_CONVERSATION: Final = 60
"""Sessions of one conversation in a minute: more is no dropped line, but a client gone wild."""
AGAIN: Final = 10
"""Seconds after which a place may have become free."""


class Budget(NamedTuple):
    """What an agent may have, and its organization; none, and 0, are no limit."""

    agent: str
    """Its slug, for people."""
    per_minute: int | None = None
    at_once: int | None = None
    minutes: float | None = None
    """Of a day, which begins at midnight UTC."""
    all_at_once: int = 0
    """Conversations of all agents of the organization."""
    grace_ms: int = 0
    """How long a place is kept for a client that dropped."""

    @property
    def places(self) -> bool:
        """Whether it bounds how many go on at once."""
        return bool(self.at_once or self.all_at_once)


def require(
    conn: Connection,
    org_id: str,
    agent_id: str,
    budget: Budget,
    now: int,
    *,
    conversation_id: str = "",
) -> None:
    """Refuses one more session where anything is used up."""
    require_pace(conn, org_id, agent_id, budget, now, conversation_id=conversation_id)
    require_place(conn, org_id, agent_id, budget, now, conversation_id=conversation_id)
    require_minutes(conn, org_id, agent_id, budget, now)


def require_pace(
    conn: Connection,
    org_id: str,
    agent_id: str,
    budget: Budget,
    now: int,
    *,
    conversation_id: str = "",
) -> None:
    """Refuses a session that would be one too many in a minute."""
    since = now - MINUTE_MS
    if conversation_id:
        most = OF_CONVERSATION
        first = allowances.nth_of_conversation(conn, org_id, conversation_id, most, since)
        _require_older(first, now, "this conversation")
    if budget.per_minute is not None:
        first = allowances.nth_of_agent(conn, org_id, agent_id, budget.per_minute, since)
        _require_older(first, now, f"the callers of agent {budget.agent!r}")


def require_place(
    conn: Connection,
    org_id: str,
    agent_id: str,
    budget: Budget,
    now: int,
    *,
    conversation_id: str = "",
) -> None:
    """Refuses a conversation that would be one too many at once; one that goes on has its place."""
    found = [
        (f"Agent {budget.agent!r}", agent_id, budget.at_once),
        ("This organization", None, budget.all_at_once),
    ]
    since = now - budget.grace_ms
    for who, agent, most in found:
        if most and allowances.live(conn, org_id, agent, conversation_id, since) >= most:
            raise DuologueError("places_taken", who=who, limit=most, seconds=AGAIN)


def require_minutes(conn: Connection, org_id: str, agent_id: str, budget: Budget, now: int) -> None:
    """Refuses a session of an agent that talked all its minutes of the day."""
    if budget.minutes is not None and left(conn, org_id, agent_id, budget.minutes, now) <= 0:
        raise used_up(budget, now)


def left(conn: Connection, org_id: str, agent_id: str, minutes: float, now: int) -> int:
    """Milliseconds that an agent may still talk today."""
    return round(minutes * MINUTE_MS) - allowances.used(conn, org_id, agent_id, now - now % DAY_MS)


def used_up(budget: Budget, now: int) -> DuologueError:
    """The error of an agent that talked all its minutes of the day."""
    seconds, minutes = -(-(DAY_MS - now % DAY_MS) // 1000), f"{budget.minutes:g}"
    return DuologueError("minutes_used_up", agent=budget.agent, minutes=minutes, seconds=seconds)


def open_session(
    conn: Connection,
    org_id: str,
    session_id: str,
    run_id: str,
    now: int,
    *,
    agent_id: str,
    conversation_id: str,
    budget: Budget,
) -> bool:
    """Makes a session live as `sessions.open` does, if there is a place for it at this moment."""
    if budget.places:
        allowances.in_line(conn, org_id)
        require_place(conn, org_id, agent_id, budget, now, conversation_id=conversation_id)
    return sessions.open(conn, org_id, session_id, run_id, now)


def _require_older(first: int | None, now: int, who: str) -> None:
    if first is not None:
        seconds = max(1, -(-(first + MINUTE_MS - now) // 1000))
        raise DuologueError("rate_limited", who=who, seconds=seconds)

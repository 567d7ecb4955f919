"""What is held against what an agent, a conversation or an organization may have.

All of it is counted in the rows that are written anyway, so that every process counts the same.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, or_, select, text

from duologue.core import ids
from duologue.store.statements import Statement
from duologue.store.tables import sessions, usage

_of = sessions.c
_ours = _of.org_id == bindparam("org")


def _nth_newest(what: ColumnElement[str]) -> Statement:
    """When that one was authorized which is so many behind the newest since then."""
    return Statement(
        select(_of.created_at)
        .where(what == bindparam("wanted"), _ours, _of.id >= bindparam("since"))
        .order_by(_of.id.desc())
        .limit(1)
        .offset(bindparam("before"))
    )


_of_agent = _nth_newest(_of.agent_id)
_of_conversation = _nth_newest(_of.conversation_id)
_live = (
    select(func.count(_of.conversation_id.distinct()))
    .where(
        _ours,
        or_(
            _of.state == "live",
            and_(_of.state == "detached", _of.detached_at > bindparam("since")),
        ),
        _of.conversation_id != bindparam("apart"),
    )
    .select_from(sessions)
)
_live_of_agent = Statement(_live.where(_of.agent_id == bindparam("wanted")))
_live_of_all = Statement(_live)
_used = Statement(
    select(func.coalesce(func.sum(usage.c.attached_ms), 0)).where(
        usage.c.org_id == bindparam("org"),
        usage.c.id >= bindparam("since"),
        usage.c.agent_id == bindparam("wanted"),
    )
)


def nth_of_agent(
    conn: Connection, org_id: str, agent_id: str, number: int, since: int
) -> int | None:
    """When an agent's session was authorized that has `number - 1` newer ones; none before then."""
    return _first(_of_agent, conn, org_id, agent_id, number, since)


def nth_of_conversation(
    conn: Connection, org_id: str, conversation_id: str, number: int, since: int
) -> int | None:
    """The same of a conversation's sessions."""
    return _first(_of_conversation, conn, org_id, conversation_id, number, since)


def live(conn: Connection, org_id: str, agent_id: str | None, apart: str, since: int) -> int:
    """Conversations of an agent or of all, but for the one that is named `apart`.

    They have a client, or had one that dropped after `since`.
    """
    asked = {"org": org_id, "apart": apart, "since": since}
    if agent_id is None:
        row = _live_of_all(conn, **asked).fetchone()
    else:
        row = _live_of_agent(conn, **asked, wanted=agent_id).fetchone()
    return int(row[0])


def used(conn: Connection, org_id: str, agent_id: str, since: int) -> int:
    """Milliseconds of an agent's sessions that began since then."""
    since_id = ids.first_at("use_", since)
    return int(_used(conn, org=org_id, wanted=agent_id, since=since_id).fetchone()[0])


def in_line(conn: Connection, org_id: str) -> None:
    """Lets units of work that begin so, of one organization, follow one another.

    SQLite has one writer anyway. No other unit takes this lock, so that nobody waits for it who
    holds something else.
    """
    if conn.dialect.name == "postgresql":
        query = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
        conn.execute(query, {"name": f"duologue places {org_id}"})


def _first(
    query: Statement, conn: Connection, org_id: str, wanted: str, number: int, since: int
) -> int | None:
    since_id = ids.first_at("sess_", since)
    row = query(conn, org=org_id, wanted=wanted, since=since_id, before=number - 1).fetchone()
    return None if row is None else int(row[0])

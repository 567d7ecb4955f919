"""Sessions: authorized, opened, detached, ended; one live session key a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    update,
)

from duologue.errors import DuologueError
from duologue.store.ids import fresh
from duologue.store.records import (
    Claim,
    Page,
    Session,
    SessionState,
    as_row,
    build,
    from_json,
)
from duologue.store.statements import Statement
from duologue.store.tables import agents, conversations, keys, organizations, sessions
from duologue.wire.consent import Consent
from duologue.wire.page import Page as VisitorPage

Problem = Literal["revoked", "ended", "rotated"]

_KEY_ORIGINS = -3
"""Where the origins stand in the row of a claim."""

_columns = sessions.c
_this = (_columns.org_id == bindparam("org"), _columns.id == bindparam("wanted"))
_unopened = _columns.state == "authorized"
_insert = Statement(insert(sessions))
_point = Statement(
    update(conversations)
    .where(
        conversations.c.org_id == bindparam("org"),
        conversations.c.id == bindparam("conversation"),
    )
    .values(current_session_id=bindparam("session"), updated_at=bindparam("at"))
)


def _unless(column: ColumnElement[Any], value: ColumnElement[Any]) -> ColumnElement[Any]:
    """The value for a session that was never opened, what it holds for any other."""
    return case((_unopened, value), else_=column)


_rotate = Statement(
    update(sessions)
    .where(
        _columns.org_id == bindparam("org"),
        _columns.conversation_id == bindparam("conversation"),
        _columns.key_hash.is_not(None),
    )
    .values(
        key_hash=None,
        state=case((_unopened, "ended"), else_=_columns.state),
        ended_at=_unless(_columns.ended_at, bindparam("at")),
        end_reason=case((_unopened, "replaced"), else_=_columns.end_reason),
    )
)
_get = Statement(select(sessions).where(*_this))
_claim = Statement(
    select(
        *_columns,
        conversations.c.ended_at,
        conversations.c.end_reason,
        conversations.c.current_session_id,
        agents.c.slug,
        agents.c.definition,
        agents.c.published_at,
        organizations.c.slug,
        organizations.c.balance_micros,
        keys.c.kind,
        keys.c.origins,
        keys.c.expires_at,
        keys.c.revoked_at,
    )
    .join_from(sessions, conversations, conversations.c.id == _columns.conversation_id)
    .join(agents, agents.c.id == _columns.agent_id)
    .join(organizations, organizations.c.id == _columns.org_id)
    .outerjoin(keys, keys.c.id == _columns.key_id)
    .where(_columns.key_hash == bindparam("wanted"))
)
_arrived = Statement(
    update(conversations)
    .where(
        conversations.c.org_id == bindparam("org"),
        conversations.c.current_session_id == bindparam("wanted"),
        conversations.c.resume_before_hash.is_not(None),
        select(_columns.id).where(*_this, or_(_unopened, _columns.state == "detached")).exists(),
    )
    .values(resume_before_hash=None)
)
_last_opened = Statement(
    select(sessions)
    .where(
        _columns.org_id == bindparam("org"),
        _columns.conversation_id == bindparam("conversation"),
        _columns.opened_at.is_not(None),
    )
    .order_by(_columns.id.desc())
    .limit(1)
)
_open = Statement(
    update(sessions)
    .where(
        *_this,
        or_(_unopened, _columns.state == "detached"),
        select(conversations.c.id)
        .where(
            conversations.c.id == _columns.conversation_id,
            conversations.c.current_session_id == _columns.id,
            conversations.c.ended_at.is_(None),
        )
        .exists(),
    )
    .values(
        state="live",
        run_id=bindparam("run"),
        opened_at=func.coalesce(_columns.opened_at, bindparam("at")),
        detached_at=None,
    )
)
_of_run = or_(bindparam("run", type_=Text).is_(None), _columns.run_id == bindparam("run"))
_detach = Statement(
    update(sessions)
    .where(*_this, _columns.state == "live", _of_run)
    .values(state="detached", detached_at=bindparam("at"))
)
_ending = (
    update(sessions)
    .where(*_this, _columns.state != "ended", _of_run)
    .values(state="ended", ended_at=bindparam("at"), end_reason=bindparam("why"))
)
_end = Statement(_ending)
_void = Statement(update(sessions).where(*_this).values(key_hash=None))


def create(
    conn: Connection,
    org_id: str,
    *,
    conversation_id: str,
    agent_id: str,
    key_id: str | None,
    key_hash: str | None,
    key_expires_at: int,
    transport: str,
    capabilities: Sequence[str],
    config: dict[str, Any],
    metadata: dict[str, Any],
    custom_metadata: dict[str, Any],
    custom_headers: dict[str, str],
    sdk_version: str,
    origin: str | None,
    now: int,
    consent: Consent | None = None,
    page: VisitorPage | None = None,
    id: str | None = None,  # noqa: A002
) -> Session:
    """A new session, now the conversation's only one with a key.

    The conversation's row is written first: its lock puts racing authorizes in line.
    """
    made = Session(
        id=id or fresh("sess_", now),
        org_id=org_id,
        conversation_id=conversation_id,
        agent_id=agent_id,
        run_id=None,
        key_id=key_id,
        key_hash=key_hash,
        key_expires_at=key_expires_at,
        transport=transport,
        state="authorized",
        capabilities=list(capabilities),
        config=config,
        metadata=metadata,
        custom_metadata=custom_metadata,
        custom_headers=custom_headers,
        sdk_version=sdk_version,
        origin=origin,
        consent=None if consent is None else msgspec.to_builtins(consent),
        page=None if page is None else msgspec.to_builtins(page),
        created_at=now,
        opened_at=None,
        detached_at=None,
        ended_at=None,
        end_reason=None,
        attached_ms=0,
        cost_micros=0,
    )
    pointed = _point(conn, org=org_id, conversation=conversation_id, session=made.id, at=now)
    if pointed.rowcount != 1:
        raise DuologueError("conversation_not_found", conversation=conversation_id)
    _rotate(conn, org=org_id, conversation=conversation_id, at=now)
    _insert(conn, **as_row(made))
    return made


def get(conn: Connection, org_id: str, id: str) -> Session | None:  # noqa: A002
    """The organization's session of that id."""
    row = _get(conn, org=org_id, wanted=id).fetchone()
    return None if row is None else build(Session, row)


def followed(conn: Connection, session: Session) -> bool:
    """Whether another session was opened in the same run after it."""
    found = select(_columns.id).where(
        _columns.org_id == session.org_id,
        _columns.conversation_id == session.conversation_id,
        _columns.run_id == session.run_id,
        _columns.id != session.id,
        _columns.opened_at > session.opened_at,
    )
    return conn.execute(found.limit(1)).first() is not None


def last_opened(conn: Connection, org_id: str, conversation_id: str) -> Session | None:
    """The newest session of the conversation in which somebody was there."""
    row = _last_opened(conn, org=org_id, conversation=conversation_id).fetchone()
    return None if row is None else build(Session, row)


def claim(conn: Connection, key_hash: str, now: int) -> Claim | None:
    """The session that the hashed session key opens, and what decides whether it may."""
    row = _claim(conn, wanted=key_hash).fetchone()
    if row is None:
        return None
    width = len(Session.__struct_fields__)
    facts = list(row[width:])
    facts[_KEY_ORIGINS] = from_json(facts[_KEY_ORIGINS]) or []
    return Claim(build(Session, row[:width]), *facts)


def open(conn: Connection, org_id: str, id: str, run_id: str, now: int) -> bool:  # noqa: A001, A002
    """Makes it live; false when it is live already, ended, or another one was authorized.

    Its client holds the newest resume token, so the one before is void from now on. That is
    written first: whoever locks both rows locks the conversation's before the session's.
    """
    _arrived(conn, org=org_id, wanted=id)
    return _open(conn, org=org_id, wanted=id, run=run_id, at=now).rowcount == 1


def detach(
    conn: Connection,
    org_id: str,
    id: str,  # noqa: A002
    now: int,
    *,
    run_id: str | None = None,
) -> bool:
    """Notes that a live session's client dropped; with `run_id`, unless another run has it now."""
    return _detach(conn, org=org_id, wanted=id, at=now, run=run_id).rowcount == 1


def end(
    conn: Connection,
    org_id: str,
    id: str,  # noqa: A002
    reason: str,
    now: int,
    *,
    void: bool = False,
    run_id: str | None = None,
) -> bool:
    """Ends it; false when it had ended before, or when another run than `run_id` has it now.

    With `void`, its key opens nothing from now on.
    """
    ended = _end(conn, org=org_id, wanted=id, why=reason, at=now, run=run_id).rowcount == 1
    if void:
        _void(conn, org=org_id, wanted=id)
    return ended


def page(
    conn: Connection,
    org_id: str,
    *,
    agent_id: str | None = None,
    conversation_id: str | None = None,
    state: SessionState | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page[Session]:
    """Sessions from the newest on, or from behind the cursor `before`."""
    query = select(sessions).where(_columns.org_id == org_id)
    wanted = {"agent_id": agent_id, "conversation_id": conversation_id, "state": state}
    for name, value in wanted.items():
        if value is not None:
            query = query.where(_columns[name] == value)
    if before is not None:
        query = query.where(_columns.id < before)
    rows = conn.execute(query.order_by(_columns.id.desc()).limit(limit + 1)).fetchall()
    items = [build(Session, row) for row in rows[:limit]]
    return Page(items, items[-1].id if len(rows) > limit else None)


def live_problems(conn: Connection, ids: Sequence[str]) -> dict[str, Problem]:
    """Which of these sessions may not go on, and why; a deleted one counts as ended."""
    rows = conn.execute(
        select(
            _columns.id,
            case(
                (keys.c.revoked_at.is_not(None), "revoked"),
                (_columns.state == "ended", "ended"),
                (conversations.c.ended_at.is_not(None), "ended"),
                (conversations.c.current_session_id != _columns.id, "rotated"),
            ),
        )
        .join_from(
            sessions,
            conversations,
            conversations.c.id == _columns.conversation_id,
        )
        .outerjoin(keys, keys.c.id == _columns.key_id)
        .where(_columns.id.in_(ids))
    ).fetchall()
    found = {row[0]: row[1] for row in rows}
    problems = {session_id: found.get(session_id, "ended") for session_id in ids}
    return {session_id: problem for session_id, problem in problems.items() if problem}

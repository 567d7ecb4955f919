"""After a crash: what was live is made true again."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec
from sqlalchemy import Connection, and_, delete, select, union, update

from duologue.store.tables import messages, runs, sessions
from duologue.store.trace_tables import traces

LOST: Final = "server_lost"
"""Why a run ended whose process was killed."""

AT_ONCE: Final = 500
"""Sessions that are ended in one transaction."""


class Recovered(msgspec.Struct, frozen=True):
    """How much was left unfinished."""

    sessions: int
    runs: int
    messages: int


def sweep(conn: Connection, *, detached_before: int, now: int) -> tuple[int, list[tuple[str, str]]]:
    """Ends sessions that nobody comes back to: dropped before then, or never opened in time.

    At most some of them at once; how many they were, and those that somebody had been in, each
    with its organization before it.
    """
    gone = and_(sessions.c.state == "detached", sessions.c.detached_at < detached_before)
    unused = and_(sessions.c.state == "authorized", sessions.c.key_expires_at <= now)
    ended: list[tuple[str, str]] = []
    count = 0
    for which, reason in ((gone, "dropped"), (unused, "unused")):
        found = conn.execute(
            update(sessions)
            .where(sessions.c.id.in_(select(sessions.c.id).where(which).limit(AT_ONCE)))
            .values(state="ended", ended_at=now, end_reason=reason)
            .returning(sessions.c.org_id, sessions.c.id, sessions.c.opened_at)
        ).fetchall()
        count = max(count, len(found))
        ended += [(row[0], row[1]) for row in found if row[2] is not None]
    return count, ended


def processes(conn: Connection) -> list[str]:
    """Those that have something open, as the store has it, whether they live or not."""
    running = select(runs.c.process).where(runs.c.ended_at.is_(None))
    serving = (
        select(runs.c.process)
        .join_from(sessions, runs, runs.c.id == sessions.c.run_id)
        .where(sessions.c.state == "live")
    )
    return list(conn.execute(union(running, serving)).scalars())


def taken_for_lost(conn: Connection, run_ids: Collection[str]) -> set[str]:
    """Those of these runs that others ended because they took their process for killed."""
    ended = runs.c.end_reason == LOST
    return set(conn.execute(select(runs.c.id).where(runs.c.id.in_(run_ids), ended)).scalars())


def after_crash(conn: Connection, gone: Collection[str], now: int) -> Recovered:
    """Detaches sessions, ends runs and traces, closes messages that killed processes left open.

    Sessions keep their key: their clients may reopen within the grace time.
    """
    theirs = select(runs.c.id).where(runs.c.process.in_(gone))
    lost = theirs.where(runs.c.ended_at.is_(None))
    detached = conn.execute(
        update(sessions)
        .where(sessions.c.state == "live", sessions.c.run_id.in_(theirs))
        .values(state="detached", detached_at=now)
    ).rowcount
    open_message = and_(messages.c.final.is_(False), messages.c.run_id.in_(lost))
    conn.execute(
        delete(messages).where(open_message, messages.c.text == "", messages.c.item.is_(None))
    )
    closed = conn.execute(
        update(messages).where(open_message).values(final=True, interrupted=True, updated_at=now)
    ).rowcount
    conn.execute(
        update(traces)
        .where(traces.c.id.in_(lost), traces.c.status == "active")
        .values(status="lost", ended_at=traces.c.last_seen_at)
    )
    ended = conn.execute(
        update(runs).where(runs.c.id.in_(lost)).values(ended_at=now, end_reason=LOST)
    ).rowcount
    return Recovered(detached, ended, closed)

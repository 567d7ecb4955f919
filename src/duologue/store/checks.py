"""Looks at a database: is it whole, of which version, and do its rows agree with each other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, exists, func, inspect, or_, select, text
from sqlalchemy.sql.expression import Select

from duologue.store import schema
from duologue.store.recordings import BUCKET
from duologue.store.tables import (
    conversations,
    messages,
    metadata,
    recordings,
    runs,
    sessions,
    traces,
)

SHOWN: Final = 3
"""Ids that a finding names."""
RESTORE: Final = "Restore the last backup: duologue db restore FILE --force"
STARTS: Final = "A server mends it when it starts: duologue serve"
TELL: Final = "This should not be; tell its makers, with the output of this command and --json."
WORDS: Final = ("turn_words", "ix_turns_words")
"""The index of words, which each database makes in its own way."""
WRITING: Final = 60_000
"""Milliseconds in which what belongs together may still be on its way."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    name: str
    state: Literal["ok", "note", "wrong"]
    found: str
    mend: str = ""
    """The command, or the sentence, that mends it."""


def examine(
    conn: Connection, gone: Collection[str], now: int, folder: Path | None
) -> Iterator[Finding]:
    """Each finding in turn; `gone` are the processes that live no more."""
    version = schema.version(conn)
    yield _version(conn, version)
    yield from _whole(conn)
    if version is not None and (version == schema.HEAD or schema.takes_us(conn, version)):
        yield from _as_made(conn, version)
        for name, query, mend in contradictions(gone, now):
            yield _finding(name, list(conn.execute(query).scalars()), mend)
        if folder is not None:
            yield from _sounds(conn, folder)


def _version(conn: Connection, found: str | None) -> Finding:
    head = schema.HEAD
    if found is None:
        return Finding("version", "wrong", "the database is empty", "duologue db upgrade")
    if found == head:
        return Finding("version", "ok", f"{found}, the one of this duologue")
    if found < head:
        return Finding(
            "version", "note", f"{found}, and this duologue writes {head}", "duologue db upgrade"
        )
    if schema.takes_us(conn, found):
        return Finding("version", "note", f"{found}, newer than {head}, and takes this duologue")
    return Finding(
        "version",
        "wrong",
        f"{found}, and this duologue knows {head}",
        "Install the newer duologue.",
    )


# ---------------------------------------------------------------- what the database itself knows


def _whole(conn: Connection) -> Iterator[Finding]:
    if conn.dialect.name == "sqlite":
        said = [str(row[0]) for row in conn.execute(text("PRAGMA integrity_check")).fetchall()]
        broken = [] if said == ["ok"] else said
        yield _finding("the file", broken, RESTORE, good="every page and index of it is whole")
        rows = conn.execute(text("PRAGMA foreign_key_check")).fetchall()
        lost = [f"{row[0]} {row[1]} -> {row[2]}" for row in rows]
        yield _finding("references", lost, RESTORE, good="every row finds those it refers to")
        return
    invalid = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"
    unproven = (
        "SELECT conrelid::regclass || ' ' || conname FROM pg_constraint WHERE NOT convalidated"
    )
    yield _finding("indexes", list(conn.execute(text(invalid)).scalars()), "REINDEX DATABASE")
    proven = list(conn.execute(text(unproven)).scalars())
    yield _finding("constraints", proven, "ALTER TABLE … VALIDATE CONSTRAINT …")
    yield _finding(
        "references", list(_lost(conn)), RESTORE, good="every row finds those it refers to"
    )


def _lost(conn: Connection) -> Iterator[str]:
    """References that lead nowhere: PostgreSQL may have been told not to look."""
    present = set(inspect(conn).get_table_names())
    for table in (each for each in metadata.sorted_tables if each.name in present):
        held = {each["name"] for each in inspect(conn).get_columns(table.name)}
        for key in table.foreign_key_constraints:
            if not set(key.column_keys) <= held or key.referred_table.name not in present:
                continue
            other = key.referred_table.alias()
            meets = [each.parent == other.c[each.column.name] for each in key.elements]
            said = [each.parent.is_not(None) for each in key.elements]
            query = select(func.count()).select_from(table)
            number = conn.execute(query.where(*said, ~exists().where(*meets))).scalar_one()
            if number:
                yield f"{number} of {table.name} -> {key.referred_table.name}"


def _as_made(conn: Connection, version: str) -> Iterator[Finding]:
    """Whether the tables are those that the migrations make; in a newer one there may be more."""
    if version != schema.HEAD:
        return
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    def ours(name: str | None, _kind: str, _parents: object) -> bool:
        return not (name or "").startswith(WORDS)

    context = MigrationContext.configure(conn, opts={"include_name": ours})
    changes = [_named(each) for each in compare_metadata(context, metadata)]
    mend = "Somebody changed them by hand: change them back, or restore the last backup."
    yield _finding("tables", changes, mend, good="as this version makes them")


def _named(change: object) -> str:
    """What autogeneration would do, in a word: `add_index ix_…`."""
    if isinstance(change, list):
        return "; ".join(_named(each) for each in change)
    parts = [*change] if isinstance(change, tuple) else [change]
    return " ".join(str(getattr(each, "name", each)) for each in parts if each is not None)


# ---------------------------------------------------------------- what only we know


def contradictions(gone: Collection[str], now: int) -> Iterable[tuple[str, Select[Any], str]]:
    """Rows that cannot both be true: their name, the query for their ids, what mends them."""
    theirs = select(runs.c.id).where(runs.c.process.in_(gone))
    yield (
        "live sessions without a process",
        select(sessions.c.id).where(sessions.c.state == "live", sessions.c.run_id.in_(theirs)),
        STARTS,
    )
    yield (
        "open runs without a process",
        select(runs.c.id).where(runs.c.ended_at.is_(None), runs.c.process.in_(gone)),
        STARTS,
    )
    yield (
        "live sessions without a run",
        select(sessions.c.id).where(
            sessions.c.state == "live",
            # It may be written before its run.
            sessions.c.opened_at < now - WRITING,
            or_(sessions.c.run_id.is_(None), ~exists().where(runs.c.id == sessions.c.run_id)),
        ),
        "duologue conversations list names what they belong to; end them: POST /v1/sessions/ID/end",
    )
    yield (
        "live sessions of ended runs",
        select(sessions.c.id)
        .join_from(sessions, runs, runs.c.id == sessions.c.run_id)
        .where(sessions.c.state == "live", runs.c.ended_at < now - WRITING),
        f"{STARTS}; to end one without that: POST /v1/sessions/ID/end",
    )
    yield (
        "open messages of ended runs",
        select(messages.c.id)
        .join_from(messages, runs, runs.c.id == messages.c.run_id)
        .where(messages.c.final.is_(False), runs.c.ended_at < now - WRITING),
        TELL,
    )
    yield (
        "conversations whose current session is missing",
        select(conversations.c.id).where(
            conversations.c.current_session_id.is_not(None),
            ~exists().where(
                sessions.c.id == conversations.c.current_session_id,
                sessions.c.conversation_id == conversations.c.id,
            ),
        ),
        "The next session of each mends it; nothing that was said is lost.",
    )
    yield (
        "conversations that would number a message twice",
        select(conversations.c.id).where(
            exists().where(
                messages.c.conversation_id == conversations.c.id,
                messages.c.seq >= conversations.c.next_seq,
            )
        ),
        RESTORE,
    )
    yield (
        "traces whose recording is missing",
        select(traces.c.id).where(
            traces.c.has_recording.is_(True),
            ~exists().where(recordings.c.trace_seq == traces.c.seq),
        ),
        TELL,
    )


def _sounds(conn: Connection, folder: Path) -> Iterator[Finding]:
    """Whole recordings of this machine and their files; those in a bucket are not asked for."""
    path, here = recordings.c.path, recordings.c.path.not_like(f"{BUCKET}%")
    whole = conn.execute(select(path).where(recordings.c.state == "complete", here)).scalars()
    names = {Path(each).name for each in whole}
    files = {each.name for each in folder.glob("*.ogg")} if folder.is_dir() else set()
    yield _finding(
        "recordings without a file",
        sorted(names - files),
        "Copy the files into the folder of recordings, from a backup or from the machine that "
        "recorded them; or delete their traces: duologue traces delete ID",
        good=f"none of {len(names)} here",
    )
    known = {Path(each).name for each in conn.execute(select(path).where(here)).scalars()}
    yield _finding(
        "files without a recording",
        sorted(files - known),
        "A server deletes them within an hour.",
        good=f"none of {len(files)} here",
        state="note",
    )


def _finding(
    name: str,
    ids: list[str],
    mend: str,
    *,
    good: str = "none",
    state: Literal["note", "wrong"] = "wrong",
) -> Finding:
    if not ids:
        return Finding(name, "ok", good)
    more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
    return Finding(name, state, f"{len(ids)}: {', '.join(ids[:SHOWN])}{more}", mend)

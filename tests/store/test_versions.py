"""Programs of two versions on one database: the rule that migrations keep, and what it gives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, text
from tests.store.world import NOW, build

from duologue.errors import DuologueError
from duologue.store import conversations, direct, messages, organizations, schema
from duologue.store.database import Database, unit

REVISIONS = [f"{number:04}" for number in range(1, int(schema.HEAD) + 1)]
NEXT = f"{int(schema.HEAD) + 1:04}"
MORE_THAN_ADDS: dict[str, str] = {}
"""Migrations that break the rule, and why; `schema.OLDEST` is one of them or newer."""


def shape(conn: Connection) -> dict[str, dict[str, Any]]:
    """Each table as a program that knows it needs it: columns, and what it must not write."""
    seen = inspect(conn)
    found: dict[str, dict[str, Any]] = {}
    for name in seen.get_table_names():
        unique = [each["column_names"] for each in seen.get_unique_constraints(name)]
        indexes = [each for each in seen.get_indexes(name) if each["name"] != "ix_turns_words"]
        alone = [list(map(str, each["column_names"])) for each in indexes if each["unique"]]
        found[name] = {
            "columns": {
                each["name"]: (str(each["type"]), each["nullable"], each["default"])
                for each in seen.get_columns(name)
            },
            "key": seen.get_pk_constraint(name)["constrained_columns"],
            "unique": {tuple(each) for each in (*unique, *alone)},
            "refers": {tuple(each["constrained_columns"]) for each in seen.get_foreign_keys(name)},
            "checks": {str(each["sqltext"]) for each in seen.get_check_constraints(name)},
            "indexes": {tuple(map(str, each["column_names"])) for each in indexes},
        }
    return found


def broken(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> Iterator[str]:
    """What a program that knows only `before` would stumble over in `after`."""
    yield from (f"table {name} is gone" for name in before.keys() - after.keys())
    for name in before.keys() & after.keys():
        old, new = before[name], after[name]
        for column, facts in old["columns"].items():
            if new["columns"].get(column) != facts:
                yield f"{name}.{column} is not {facts}"
        added = new["columns"].keys() - old["columns"].keys()
        for column in added:
            _, nullable, default = new["columns"][column]
            if not nullable and default is None:
                yield f"{name}.{column} must be said"
        if new["key"] != old["key"]:
            yield f"{name} has another key"
        # What forbids something may do so to new columns only: older programs leave them empty.
        for kind in ("unique", "refers", "checks"):
            for each in new[kind] - old[kind]:
                if kind == "checks" or not set(each) & added:
                    yield f"{name}: {kind} {each}"
        for each in old["indexes"] - new["indexes"]:
            yield f"{name} lost its index of {each}"


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:Skipping unsupported reflection of expression-based index")
def test_every_migration_only_adds(url: str) -> None:
    """A program of the version before finds all that it knew, and may write what it wrote."""

    def walk(conn: Connection) -> dict[str, list[str]]:
        direct.claim(conn)
        found = {}
        schema.upgrade_to(conn, REVISIONS[0])
        before = shape(conn)
        for revision in REVISIONS[1:]:
            schema.upgrade_to(conn, revision)
            after = shape(conn)
            found[revision] = list(broken(before, after))
            before = after
        return found

    walked = direct.run(walk, url)
    assert list(walked) == REVISIONS[1:]
    assert {each for each in walked if walked[each]} == set(MORE_THAN_ADDS), walked
    assert schema.OLDEST < schema.HEAD
    assert all(each <= schema.OLDEST for each in MORE_THAN_ADDS)


HARMS = [
    "ALTER TABLE conversations ADD COLUMN mood TEXT NOT NULL",
    "ALTER TABLE feedback DROP COLUMN text",
    "ALTER TABLE agents RENAME COLUMN source TO origin",
    "DROP TABLE visitor_events",
    "CREATE UNIQUE INDEX one_each ON runs (conversation_id)",
    "DROP INDEX ix_runs_ended_at",
]


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:Skipping unsupported reflection of expression-based index")
def test_a_migration_that_does_more_would_be_seen(url: str, harm: str) -> None:
    """Each of these breaks programs of the version before, or makes them slow."""
    assert direct.run(lambda conn: _after(conn, harm), url)


def _after(conn: Connection, statement: str) -> list[str]:
    direct.claim(conn)
    schema.prepare(conn)
    before = shape(conn)
    conn.execute(text(statement))
    return list(broken(before, shape(conn)))


# ---------------------------------------------------------------- what the rule gives


def migrate_on(conn: Connection, oldest: str) -> None:
    """What a program of the next version does, whose migration adds in every way that it may."""
    direct.claim(conn)
    for statement in (
        "CREATE TABLE moods (id TEXT PRIMARY KEY, conversation_id TEXT)",
        "ALTER TABLE conversations ADD COLUMN mood TEXT",
        "ALTER TABLE messages ADD COLUMN weight BIGINT DEFAULT '0' NOT NULL",
        "CREATE INDEX ix_messages_weight ON messages (weight)",
        f"UPDATE alembic_version SET version_num = '{NEXT}'",
        f"UPDATE schema_readers SET oldest = '{oldest}'",
    ):
        conn.execute(text(statement))


async def test_a_running_program_goes_on_while_a_newer_one_migrates(url: str) -> None:
    """Before and behind the migration it writes and reads, on the connections that it has."""
    db = await Database.open(url)
    try:
        world = await db.write(build, "ours")
        await _talk(db, world)
        await _apart(lambda conn: migrate_on(conn, schema.HEAD), url)
        await _talk(db, world)
        said = await db.read(messages.of, world.id, world.conversation.id)
        assert [each.seq for each in said] == [1, 2, 3]
        kept = await db.read(conversations.get, world.id, world.conversation.id)
        assert kept is not None
        await db.write(build, "others")
    finally:
        await db.close()


async def _apart(work: Callable[[Connection], None], url: str) -> None:
    """In a thread, as another program would."""
    await asyncio.to_thread(direct.run, work, url)


async def _talk(db: Database, world: Any) -> None:
    await db.write(
        messages.append,
        world.id,
        conversation_id=world.conversation.id,
        run_id=world.run.id,
        session_id=None,
        turn_id="t",
        role="user",
        kind="message",
        text="Tea.",
        now=NOW,
    )


def test_an_older_program_starts_on_a_newer_database_that_takes_it(url: str) -> None:
    """It changes nothing of the schema, and works; a tracer joins, too."""
    with unit(url) as conn:
        world = build(conn, "ours")
    direct.run(lambda conn: migrate_on(conn, schema.HEAD), url)
    with unit(url) as conn:
        assert conversations.get(conn, world.id, world.conversation.id) is not None
        build(conn, "others")

    def join(conn: Connection) -> str | None:
        direct.claim(conn)
        schema.join(conn)
        return schema.version(conn)

    assert direct.run(join, url) == NEXT


def test_an_older_program_is_refused_where_the_newer_one_says_so(url: str) -> None:
    """Neither start nor tracer changes anything, and both versions are named."""
    with unit(url) as conn:
        before = organizations.all(conn)
    direct.run(lambda conn: migrate_on(conn, NEXT), url)
    for ready in (schema.prepare, schema.join):

        def start(conn: Connection, ready: Callable[[Connection], None] = ready) -> None:
            direct.claim(conn)
            ready(conn)

        with pytest.raises(DuologueError, match=NEXT) as error:
            direct.run(start, url)
        assert schema.HEAD in error.value.message

    def look(conn: Connection) -> tuple[str | None, Any]:
        direct.snapshot(conn)
        return schema.version(conn), organizations.all(conn)

    assert direct.run(look, url) == (NEXT, before)

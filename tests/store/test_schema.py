"""The migrations and the tables say the same, and a first start makes both."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from tests.store.visiting import VISITOR, batch, page
from tests.store.world import NOW, authorize, build

from duologue.errors import DuologueError
from duologue.store import (
    conversations,
    feedback,
    organizations,
    records,
    schema,
    sessions,
    tables,
    visits,
)
from duologue.store.database import Database, unit
from duologue.wire.consent import Consent
from duologue.wire.page import Page

RECORDS: dict[str, type[msgspec.Struct]] = {
    "organizations": records.Organization,
    "agents": records.Agent,
    "keys": records.Key,
    "conversations": records.Conversation,
    "runs": records.Run,
    "sessions": records.Session,
    "feedback": records.Feedback,
    "messages": records.Message,
}


def config(conn: Connection | None = None) -> Config:
    """Alembic's, on the project's migrations."""
    made = Config()
    made.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    made.attributes["connection"] = conn
    return made


def everything(conn: Connection) -> dict[str, list[dict[str, object]]]:
    """All rows of all tables that there are, by whatever columns there are."""
    made = inspect(conn).get_table_names()
    return {
        name: sorted(
            (dict(row) for row in conn.execute(text(f"SELECT * FROM {name}")).mappings()), key=str
        )
        for name in tables.metadata.tables
        if name in made
    }


def beside_words(name: str | None, _kind: str, _parents: object) -> bool:
    """Whether something is not of the index of words, which each database makes its own way."""
    return not (name or "").startswith(("turn_words", "ix_turns_words"))


def differences(conn: Connection) -> list[object]:
    """What autogeneration would change."""
    options = {"compare_server_default": True, "include_name": beside_words}
    context = MigrationContext.configure(conn, opts=options)
    return list(compare_metadata(context, tables.metadata))


async def test_the_migrated_schema_is_the_one_of_the_tables(url: str) -> None:
    """Autogeneration finds no difference, on either database."""
    db = await Database.open(url)
    assert await db.read(differences) == []
    assert await db.read(schema.version) == schema.HEAD
    await db.close()


def test_head_is_the_newest_revision() -> None:
    """The revision that a start looks for is the last one in the folder."""
    assert ScriptDirectory.from_config(config()).get_heads() == [schema.HEAD]


async def test_the_first_schema_takes_its_rows_along_and_back(url: str) -> None:
    """Rows of 0001 are the same at head, and the same again after going back; nothing is lost."""
    db = await Database.open(url)
    world = await db.write(build, "ours")
    await db.write(conversations.set_resume, world.id, world.conversation.id, "newest")
    at_head = await db.read(everything)

    await db.write(lambda conn: command.downgrade(config(conn), "0001"))
    assert await db.read(schema.version) == "0001"
    first = await db.read(everything)
    for row in first["conversations"]:
        assert row["resume_hash"] == "newest"
        assert "resume_before_hash" not in row

    await db.write(schema.migrate)
    assert await db.read(schema.version) == schema.HEAD
    assert await db.read(differences) == []
    assert await db.read(everything) == at_head
    found = await db.read(conversations.by_resume, "newest")
    assert found is not None
    assert found.id == world.conversation.id

    await db.write(lambda conn: command.downgrade(config(conn), "base"))
    assert await db.read(lambda conn: inspect(conn).get_table_names()) == ["alembic_version"]
    await db.close()


async def test_what_was_shared_is_all_that_going_back_to_0002_loses(url: str) -> None:
    """Conversations of 0002 come up sharing nothing; all their other values stay."""
    db = await Database.open(url)
    world = await db.write(build, "ours")
    ours = (world.id, world.conversation.id)
    at_head = await db.read(everything)
    assert await db.write(conversations.set_state, *ours, '{"cart":["tea"]}')

    await db.write(lambda conn: command.downgrade(config(conn), "0002"))
    before = await db.read(everything)
    assert all("state" not in row for row in before["conversations"])

    await db.write(schema.migrate)
    assert await db.read(differences) == []
    assert await db.read(everything) == at_head
    found = await db.read(conversations.get, *ours)
    assert found is not None
    assert found.state == {}
    await db.close()


async def test_going_back_to_0003_loses_visitors_and_nothing_else(url: str) -> None:
    """Their tables and the links to them go; every conversation stays as it was."""
    db = await Database.open(url)
    world = await db.write(build, "ours")
    before = await db.read(everything)
    await db.write(visits.record, world.id, batch(page("/")), NOW)
    await db.write(visits.link, world.id, world.conversation.id, VISITOR, NOW)

    await db.write(lambda conn: command.downgrade(config(conn), "0003"))
    await db.write(schema.migrate)
    assert await db.read(differences) == []
    assert await db.read(everything) == before
    await db.close()


async def test_what_was_agreed_to_is_all_that_going_back_to_0004_loses(url: str) -> None:
    """Sessions of 0004 come up with no consent and no page; all their other values stay."""
    db = await Database.open(url)
    world = await db.write(build, "ours")
    at_head = await db.read(everything)
    where = Page("https://example.com/tea", "Tea", "/tea")
    facts: dict[str, Any] = {"consent": Consent("ab", 5), "page": where}
    ours = (world.id, world.conversation.id, world.agent.id, world.key.id)
    kept = await db.write(lambda conn: authorize(conn, *ours, "later", **facts))
    assert (kept.consent or {}).get("hash") == "ab"
    await db.write(feedback.put, kept, rating="up", text="", now=NOW)

    await db.write(lambda conn: command.downgrade(config(conn), "0004"))
    before = await db.read(lambda conn: inspect(conn).get_table_names())
    assert "feedback" not in before
    await db.write(schema.migrate)
    assert await db.read(differences) == []
    found = await db.read(sessions.get, world.id, kept.id)
    assert found == msgspec.structs.replace(kept, consent=None, page=None)
    assert (await db.read(everything))["messages"] == at_head["messages"]
    await db.close()


async def test_starts_at_the_same_moment_make_one_schema(url: str) -> None:
    """Four first starts at once: all succeed, and there is one default organization."""
    opened = await asyncio.gather(*(Database.open(url) for _ in range(4)))
    for db in opened:
        assert [each.slug for each in await db.read(organizations.all)] == ["default"]
        await db.close()


def test_a_second_start_changes_nothing(url: str) -> None:
    """The default organization keeps its id."""
    found = []
    for _ in range(2):
        with unit(url) as conn:
            found.append(organizations.all(conn))
    assert found[0] == found[1]


@pytest.mark.parametrize("name", list(RECORDS))
def test_records_have_the_columns_of_their_table_in_order(name: str) -> None:
    """Rows become records by position, so the order must hold."""
    columns = [column.name for column in tables.metadata.tables[name].columns]
    assert columns == list(RECORDS[name].__struct_fields__)


def test_the_database_of_a_newer_version_is_left_alone(url: str) -> None:
    """A revision that takes no programs of ours is named, and nothing is changed."""
    with unit(url) as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        conn.execute(text("UPDATE schema_readers SET oldest = '9998'"))
    with pytest.raises(DuologueError, match=r"another version of duologue.*9999") as error:
        asyncio.run(Database.open(url))
    assert error.value.code == "not_ready"
    with pytest.raises(DuologueError), unit(url):
        pytest.fail("it was opened")

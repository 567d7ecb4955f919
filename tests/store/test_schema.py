"""The migrations and the tables say the same, and a first start makes both."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from duologue.errors import DuologueError
from duologue.store import organizations, records, schema, tables
from duologue.store.database import Database, unit

RECORDS: dict[str, type[msgspec.Struct]] = {
    "organizations": records.Organization,
    "agents": records.Agent,
    "keys": records.Key,
    "conversations": records.Conversation,
    "runs": records.Run,
    "sessions": records.Session,
    "messages": records.Message,
}


def differences(conn: Connection) -> list[object]:
    """What autogeneration would change."""
    context = MigrationContext.configure(conn, opts={"compare_server_default": True})
    return list(compare_metadata(context, tables.metadata))


async def test_the_migrated_schema_is_the_one_of_the_tables(url: str) -> None:
    """Autogeneration finds no difference, on either database."""
    db = await Database.open(url)
    assert await db.read(differences) == []
    assert await db.read(schema.version) == schema.HEAD
    await db.close()


def test_head_is_the_newest_revision() -> None:
    """The revision that a start looks for is the last one in the folder."""
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.HEAD]


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
    """A revision that is not known here is named, and nothing is changed."""
    with unit(url) as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DuologueError, match=r"another version of duologue.*9999") as error:
        asyncio.run(Database.open(url))
    assert error.value.code == "not_ready"
    with pytest.raises(DuologueError), unit(url):
        pytest.fail("it was opened")

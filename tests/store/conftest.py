"""Both databases for every test of the store, and a small world to test in."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Connection
from tests import postgres
from tests.store.world import World, build

from duologue.store import database

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """One PostgreSQL server for all tests of a process."""
    with postgres.server() as address:
        yield address


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'made' / 'duologue.db'}"
    server: str = request.getfixturevalue("postgres_server")
    name = f"t{uuid.uuid4().hex}"
    asyncio.run(_create(server, name))
    return f"{server}/{name}"


@pytest.fixture
def conn(url: str) -> Iterator[Connection]:
    """A connection in a transaction on a database of each kind."""
    with database.unit(url) as made:
        yield made


@pytest.fixture
def world(conn: Connection) -> World:
    """An organization with an agent, a key, a conversation, a session, a run and a message."""
    return build(conn, "ours")


async def _create(server: str, name: str) -> None:
    connection: Any = await asyncpg.connect(f"{server}/postgres")
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()

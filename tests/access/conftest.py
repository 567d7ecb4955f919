"""The world of the store's tests, in SQLite, for the doorkeeper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection
from tests.store.world import World, build

from duologue.store.database import unit


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[Connection]:
    """A connection in a transaction on a new database."""
    with unit(f"sqlite:///{tmp_path / 'duologue.db'}") as made:
        yield made


@pytest.fixture
def world(conn: Connection) -> World:
    """An organization with one of everything."""
    return build(conn, "ours")

"""What a killed server leaves behind in its ledger, with a real server and a real caller."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.serving import House

from duologue.testing.caller import SyntheticCaller


@pytest.fixture
def own(tmp_path: Path) -> Iterator[House]:
    """A server for one test, which it may kill."""
    with House(tmp_path / "data") as running:
        running.publish("demo")
        yield running


def kept(own: House, query: str) -> list[tuple[object, ...]]:
    """Rows of the server's store, as another process sees them."""
    with closing(sqlite3.connect(own.data / "duologue.db")) as db:
        return db.execute(query).fetchall()


async def test_a_kill_loses_no_finished_turn_and_leaves_no_live_trace(own: House) -> None:
    """What was answered a second before is there, and after a new start the trace is lost."""
    async with SyntheticCaller(own.url, agent="demo", key=own.secret_key()) as caller:
        await caller.answer()
        for words in ("hello", "how are you", "once more"):
            await caller.type(words)
            await caller.answer()
        await asyncio.sleep(1)
        own.kill()
        await caller.closed()
    turns = kept(own, "select user_text, agent_text from turns order by number")
    assert [user for user, _ in turns] == ["", "hello", "how are you", "once more"]
    assert all(agent for _, agent in turns)
    assert kept(own, "select status from traces") == [("active",)]
    own.start()
    assert kept(own, "select status, turns from traces") == [("lost", 4)]

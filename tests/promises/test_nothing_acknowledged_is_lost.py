"""Nothing that the server acknowledged is lost, whatever happens to it."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import defaultdict
from contextlib import closing

import pytest
from tests.promises.forking import Server
from tests.promises.talkers import Stored, Talker, missing, progress, talking

from duologue.errors import FAULTS


def stored(server: Server) -> Stored:
    """Role, text and interruption of each message, by conversation; in a file that is whole."""
    found: Stored = defaultdict(list)
    with closing(sqlite3.connect(server.database)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        rows = db.execute(
            "SELECT conversation_id, role, text, interrupted FROM messages"
            " WHERE kind = 'message' ORDER BY conversation_id, seq"
        )
        for conversation, role, text, interrupted in rows:
            found[conversation].append((role, text, bool(interrupted)))
    return found


async def killed(server: Server, times: int, seed: int) -> None:
    """Eight callers type while the server is killed again and again."""
    chance = random.Random(seed)
    talkers = [Talker(lambda: server.url, f"caller {number}:") for number in range(8)]
    async with talking(*talkers):
        await progress(*talkers)
        for _ in range(times):
            await asyncio.sleep(chance.uniform(0.0, 0.6))
            await asyncio.to_thread(server.kill)
            assert missing(talkers, stored(server)) == []
            await asyncio.to_thread(server.start)
            await progress(*talkers, by=1)
    await asyncio.to_thread(server.kill)
    assert missing(talkers, stored(server)) == []
    assert {code for one in talkers for code in one.troubles} <= {*FAULTS, "gone"}
    assert sum(len(one.acknowledged) for one in talkers) > times * 8


async def test_ten_kills_lose_nothing(server: Server) -> None:
    """Killed at any moment, it has all that a client saw final, and the file is whole."""
    await killed(server, 10, seed=1)


@pytest.mark.soak
async def test_two_hundred_kills_lose_nothing(server: Server) -> None:
    """The same two hundred times."""
    await killed(server, 200, seed=2)

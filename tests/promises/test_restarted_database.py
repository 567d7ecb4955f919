"""PostgreSQL goes away under load and comes back: nothing acknowledged is lost, and all goes on."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests import postgres
from tests.promises.servers import Server
from tests.promises.talkers import Talker, as_they_are, missing, progress, talking

from duologue.testing.line import Refused, authorize

pytestmark = pytest.mark.postgres


async def stored(url: str) -> dict[str | None, list[tuple[str, str, bool]]]:
    """Role, text and interruption of each message, by conversation."""
    connection: Any = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT conversation_id, role, text, interrupted FROM messages"
            " WHERE kind = 'message' ORDER BY conversation_id, seq"
        )
    finally:
        await connection.close()
    found = defaultdict(list)
    for conversation, role, text, interrupted in rows:
        found[conversation].append((role, text, bool(interrupted)))
    return found


async def test_postgres_restarts_under_load(tmp_path: Path, agents: Path) -> None:
    """Callers meet errors of the table or wait; the server goes on by itself, with all it had."""
    with postgres.running() as database:
        url = f"{database.url}/postgres"
        with Server(tmp_path, agents, database_url=url) as server:
            talkers = [Talker(lambda: server.url, f"caller {number}:") for number in range(8)]
            async with talking(*talkers):
                for _ in range(2):
                    await progress(*talkers)
                    pid = server.pid
                    await asyncio.to_thread(database.stop)
                    with pytest.raises(Refused) as refused:
                        await authorize(server.url, "desk", "")
                    assert (refused.value.status, refused.value.code) == (503, "store_unusable")
                    await asyncio.to_thread(database.start)
                    await progress(*talkers)
                    known = as_they_are(talkers)  # they talk on while it is read
                    assert missing(known, await stored(url)) == []
                assert server.pid == pid
                assert server.runs
            met = {code for one in talkers for code in one.troubles}
            assert met <= {"store_unusable", "gone"}

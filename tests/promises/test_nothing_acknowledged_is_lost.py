"""Nothing that the server acknowledged is lost, whatever happens to it."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from typing import Any, Final

import pytest
from tests.promises.servers import Server
from tests.promises.talkers import (
    AGENTS,
    PATIENCE,
    Talker,
    missing,
    progress,
    repeated,
    stored,
    talking,
)
from websockets.asyncio.client import ClientConnection

from duologue.errors import FAULTS
from duologue.testing.line import authorize, open_socket

SLOW: Final = "lambda: models.ScriptedAnswers(delay=2.0)"
"""A model that thinks for long enough to be killed over it."""


async def killed(server: Server, times: int, seed: int) -> None:
    """Eight callers type while the server is killed again and again."""
    chance = random.Random(seed)
    talkers = [Talker(lambda: server.url, f"caller {number}:") for number in range(8)]
    async with talking(*talkers):
        await progress(*talkers)
        for _ in range(times):
            await asyncio.sleep(chance.uniform(0.0, 0.6))
            await asyncio.to_thread(server.kill)
            assert missing(talkers, stored(server.database)) == []
            assert repeated(stored(server.database)) == []
            await asyncio.to_thread(server.start)
            await progress(*talkers, by=1)
    await asyncio.to_thread(server.kill)
    assert missing(talkers, stored(server.database)) == []
    assert repeated(stored(server.database)) == []
    assert {code for one in talkers for code in one.troubles} <= {*FAULTS, "gone"}
    assert sum(len(one.acknowledged) for one in talkers) > times * 8


async def heard(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of a kind."""
    async with asyncio.timeout(PATIENCE):
        while True:
            message: dict[str, Any] = json.loads(await socket.recv())
            if message["type"] == kind:
                return message


async def test_what_was_asked_before_a_kill_is_answered_after_it(tmp_path: Path) -> None:
    """Once, and without being asked again."""
    file = tmp_path / "slow.py"
    file.write_text(AGENTS.replace("llm=models.ScriptedAnswers", f"llm={SLOW}"))
    with Server(tmp_path, file) as server:
        ticket = await authorize(server.url, "desk", "")
        async with await open_socket(server.url, ticket.session_key) as socket:
            await socket.send('{"type":"client.ready"}')
            await socket.send('{"type":"client.response.text","content":"Are you there?"}')
            await heard(socket, "user.transcript")
            await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        again = await authorize(server.url, "desk", "", ticket.conversation_id)
        async with await open_socket(server.url, again.session_key) as socket:
            await socket.send('{"type":"client.ready"}')
            said = await heard(socket, "response.text")
            assert said["content"] == "You said: Are you there?"
        found = stored(server.database)[ticket.conversation_id]
        assert [role for role, _, _ in found] == ["user", "assistant"]


async def test_ten_kills_lose_nothing(server: Server) -> None:
    """Killed at any moment, it has all that a client saw final, and the file is whole."""
    await killed(server, 10, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 12))
async def test_two_hundred_kills_lose_nothing(server: Server, seed: int) -> None:
    """Twenty more, ten times."""
    await killed(server, 20, seed)

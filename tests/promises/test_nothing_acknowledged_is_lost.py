"""Nothing that the server acknowledged is lost, whatever happens to it."""

from __future__ import annotations

import asyncio
import random

import pytest
from tests.promises.servers import Server
from tests.promises.talkers import Talker, missing, progress, stored, talking

from duologue.errors import FAULTS


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
            await asyncio.to_thread(server.start)
            await progress(*talkers, by=1)
    await asyncio.to_thread(server.kill)
    assert missing(talkers, stored(server.database)) == []
    assert {code for one in talkers for code in one.troubles} <= {*FAULTS, "gone"}
    assert sum(len(one.acknowledged) for one in talkers) > times * 8


async def test_ten_kills_lose_nothing(server: Server) -> None:
    """Killed at any moment, it has all that a client saw final, and the file is whole."""
    await killed(server, 10, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 12))
async def test_two_hundred_kills_lose_nothing(server: Server, seed: int) -> None:
    """Twenty more, ten times."""
    await killed(server, 20, seed)

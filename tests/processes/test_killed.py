"""Two real servers on one memory: one is killed, and its conversations go on in the other."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest
from tests.processes.cluster import cluster
from tests.processes.twins import Line
from tests.serving import House

from duologue.testing.line import authorize

pytestmark = [pytest.mark.redis, pytest.mark.postgres]


async def _line(house: House, key: str, at: House, agent: str = "silent") -> Line:
    ticket = await authorize(house.url, agent, key, capabilities=["resume"])
    return await Line.opened(at.url, ticket.session_key, ticket.answer)


async def _runs(house: House, conversation: str) -> list[tuple[str, str | None]]:
    """The processes of a conversation's runs in order, and how each ended."""
    conn = await asyncpg.connect(house._environment["DUOLOGUE_DATABASE_URL"])
    try:
        query = "SELECT process, end_reason FROM runs WHERE conversation_id = $1 ORDER BY id"
        return [tuple(row) for row in await conn.fetch(query, conversation)]
    finally:
        await conn.close()


async def test_a_killed_server_s_conversation_goes_on_in_the_other_at_once(tmp_path: Path) -> None:
    """With the same key, and one agent: whether its socket was there, or carried there."""
    with cluster(tmp_path) as made:
        one, two = made.servers
        key = one.secret_key()
        direct = await _line(one, key, one)
        carried = await _line(one, key, one)
        await carried.type("apples")
        await carried.hears("You said: apples")
        carried.drop()
        back = await Line.opened(two.url, carried.key, carried.answer)  # over two, to one
        await back.type("pears")
        await back.hears("You said: pears")
        await direct.type("plums")
        await direct.hears("You said: plums")
        assert [reason for _, reason in await _runs(two, back.conversation)] == [None]

        one.kill()
        assert (await back.end())[0] == 1012  # it is to come back
        for lost, word in ((back, "figs"), (direct, "dates")):
            again = await Line.opened(two.url, lost.key, lost.answer)
            await again.type(word)
            await again.hears(f"You said: {word}")
            found = await _runs(two, lost.conversation)
            assert [reason for _, reason in found] == ["server_lost", None]
            assert len({process for process, _ in found}) == 2
            await again.leave()
        said = two.messages(back.conversation)
        words = [message["text"] for message in said if message["role"] == "user"]
        assert words == ["apples", "pears", "figs"]
        one.start()

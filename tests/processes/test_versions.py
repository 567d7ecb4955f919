"""Old and new processes side by side: a rolling upgrade, with people talking, and the way back."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.processes.cluster import cluster
from tests.processes.guest import Guest
from tests.processes.newer import NEXT, newer
from tests.processes.proxy import proxy

from duologue.store import schema

pytestmark = [pytest.mark.postgres, pytest.mark.redis]


async def test_a_rolling_upgrade_and_the_way_back_lose_no_conversation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first new process migrates; the old one goes on, and even starts again, beside it.

    Every line that was acknowledged is in the store, once and in its order.
    """
    tree = newer(tmp_path / "next")
    with cluster(tmp_path, grace_seconds=60.0) as houses, proxy(houses.ports) as way:
        one, two = houses.servers
        key = await asyncio.to_thread(one.secret_key)
        async with AsyncExitStack() as stack:
            guests = [await stack.enter_async_context(Guest(way.url, key))]

            async def all_ask(text: str) -> None:
                for guest in guests:
                    assert await guest.ask(text) == f"You said: {text}"

            await all_ask("Before.")
            monkeypatch.setenv("PYTHONPATH", str(tree))
            await asyncio.to_thread(houses.again, one, "drain")
            monkeypatch.delenv("PYTHONPATH")
            # The commands are of the old version: it sees a newer one, which takes it.
            told = await asyncio.to_thread(two.command, "db", "check")
            assert told["ok"], told
            assert f"{NEXT}, newer than {schema.HEAD}" in told["findings"][0]["found"]
            await all_ask("While both run.")
            guests += [
                await stack.enter_async_context(Guest(house.url, key)) for house in (one, two)
            ]
            await all_ask("At each of them.")
            await asyncio.to_thread(houses.again, two, "kill")
            await all_ask("The old one again.")
            await asyncio.to_thread(houses.again, one, "drain")
            await all_ask("All the way back.")
            for guest in guests:
                found = str(guest.session.conversation_id)
                stored = await asyncio.to_thread(two.messages, found)
                said = [each["text"] for each in stored if each["role"] == "user"]
                assert [each for each in said if each not in guest.lost] == [
                    each for each in guest.acknowledged if each not in guest.lost
                ]
                assert [each["seq"] for each in stored] == sorted(each["seq"] for each in stored)
        assert not houses.faults()

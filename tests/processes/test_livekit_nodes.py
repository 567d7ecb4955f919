"""LiveKit of several nodes, which share a Redis: people and agents meet whichever they reach."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests import redis
from tests.cli.test_agents import FILE
from tests.cli.test_worker import PATIENCE, token, until_live, user
from tests.rooms import livekit
from tests.serving import House

from duologue.cli import livekit as local

pytestmark = [pytest.mark.redis, pytest.mark.rooms]


async def test_an_agent_of_one_node_comes_to_a_room_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker knows the first node alone; the visitor comes by the second, and hears it."""
    file = tmp_path / "desk.py"
    file.write_text(FILE)
    alone = local._config
    with redis.server() as cache:
        address = cache.url.removeprefix("redis://").removesuffix("/0")

        def config(*facts: Any) -> str:
            return f"{alone(*facts)}redis:\n  address: {address}\n"

        monkeypatch.setattr(local, "_config", config)
        with livekit.server() as first, livekit.server() as second:
            assert first.url != second.url
            with House(tmp_path / "data", file, **first.settings) as house:
                await asyncio.to_thread(house.publish, "desk")
                key = await asyncio.to_thread(house.secret_key)
                handed = token(house, key) | {"server_url": second.url}
                async with user(handed) as room:
                    await until_live(house, key, 1)
                    for node in (first, second):  # each tells of the whole
                        assert len(await node.crowd(handed["room_name"], 2)) == 2
                    async with asyncio.timeout(PATIENCE):
                        while not any(  # noqa: ASYNC110  # nothing tells here
                            each.subscribed
                            for agent in room.remote_participants.values()
                            for each in agent.track_publications.values()
                        ):
                            await asyncio.sleep(0.05)

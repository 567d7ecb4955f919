"""`duologue worker`: rooms served beside the server, on one memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from livekit import rtc
from tests.cli.conftest import Shell
from tests.cli.test_agents import FILE
from tests.rooms.livekit import LiveKit
from tests.serving import House

PATIENCE = 60.0


def test_without_livekit_it_says_what_is_missing(shell: Shell) -> None:
    """A worker has nothing to do where no LiveKit is named."""
    answer = shell("worker")
    assert answer.code == 1
    assert "LIVEKIT_URL" in answer.err


def test_half_of_the_settings_are_an_error(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The missing one is named."""
    monkeypatch.setenv("DUOLOGUE_LIVEKIT_URL", "ws://127.0.0.1:7880")
    monkeypatch.setenv("DUOLOGUE_LIVEKIT_API_KEY", "key")
    answer = shell("worker")
    assert answer.code == 1
    assert "livekit_api_secret" in answer.err


def token(house: House, key: str) -> dict[str, Any]:
    """What the token door hands out for the desk."""
    answer = httpx.post(
        f"{house.url}/api/token",
        json={"room_config": {"agents": [{"agent_name": "desk"}]}},
        headers={"authorization": f"Bearer {key}"},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


@asynccontextmanager
async def user(handed: dict[str, Any]) -> AsyncIterator[rtc.Room]:
    """A user in the room of that token."""
    room = rtc.Room()
    await room.connect(handed["server_url"], handed["participant_token"])
    try:
        yield room
    finally:
        await room.disconnect()


def live(house: House, key: str) -> dict[str, str]:
    """The live sessions, and the run of each."""
    answer = httpx.get(
        f"{house.url}/v1/sessions",
        params={"state": "live"},
        headers={"x-api-key": key},
        timeout=30,
    )
    return {each["id"]: each["run_id"] for each in answer.json()["items"]}


async def until_live(house: House, key: str, count: int) -> dict[str, str]:
    """The live sessions, once they are so many."""
    end = time.monotonic() + PATIENCE
    while len(found := await asyncio.to_thread(live, house, key)) != count:
        assert time.monotonic() < end, found
        await asyncio.sleep(0.2)
    return found


async def until_other(house: House, key: str, before: dict[str, str]) -> dict[str, str]:
    """The live sessions, once there are some and none is of those runs."""
    end = time.monotonic() + 2 * PATIENCE
    while True:
        found = await asyncio.to_thread(live, house, key)
        if found and not set(found.values()) & set(before.values()):
            return found
        assert time.monotonic() < end, found
        await asyncio.sleep(0.2)


@pytest.mark.rooms
async def test_a_worker_serves_whom_the_server_has_no_room_for(
    livekit: LiveKit, tmp_path: Path
) -> None:
    """Its conversation outlives the server; when it is killed, the server takes its user over."""
    file = tmp_path / "desk.py"
    file.write_text(FILE)
    shared: dict[str, Any] = {**livekit.settings, "max_sessions": 1}
    serve = House(tmp_path / "data", file, **shared)
    worker = House(tmp_path / "data", file, mode="worker", **shared)
    with serve:
        await asyncio.to_thread(serve.publish, "desk")
        key = await asyncio.to_thread(serve.secret_key)
        async with user(token(serve, key)):
            first = await until_live(serve, key, 1)
            await asyncio.to_thread(worker.start)
            try:
                handed = token(serve, key)
                async with user(handed):
                    await livekit.crowd(handed["room_name"], 2)
                    both = await until_live(serve, key, 2)
                    assert both.items() > first.items()
                    await asyncio.to_thread(serve.stop)
                    await asyncio.to_thread(serve.start)
                    theirs = both.keys() - first.keys()
                    still = await asyncio.to_thread(live, serve, key)
                    assert theirs <= still.keys()
                    assert all(still[each] == both[each] for each in theirs)
                    await asyncio.to_thread(worker.kill)
                    after = await until_other(serve, key, still)
                    assert len(after) == 1
                    await livekit.crowd(handed["room_name"], 2)
            finally:
                await asyncio.to_thread(worker.stop)

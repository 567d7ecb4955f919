"""Twice as many callers as there is room for: who is in hears all, the others are told at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.promises.servers import Server

from duologue.testing.caller import SyntheticCaller
from duologue.testing.line import Refused, open_socket
from duologue.testing.models import CHARACTER, RULER_RATE, place, ruler

ROOM = 6
LINE = "There is room for you, and you hear every word of this sentence without a gap."
SAMPLES = round(CHARACTER * RULER_RATE)
"""Of sound, for each character."""
WHOLE = ruler(len(LINE) * SAMPLES + RULER_RATE)
AGENTS = f"""
from livekit.agents import Agent

import duologue
from duologue.testing import models


@duologue.agent(
    "desk", greeting={LINE!r}, tts=models.RulerTTS, llm=models.ScriptedAnswers,
    stt=lambda: models.ScriptedSTT([]),
)
class Desk(Agent):
    def __init__(self):
        super().__init__(instructions="Be kind.")
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Server]:
    """A server with little room."""
    file = tmp_path / "desk.py"
    file.write_text(AGENTS)
    with Server(tmp_path, file, max_sessions=ROOM) as made:
        yield made


async def asked(http: httpx.AsyncClient) -> httpx.Response:
    """An authorize, with what came of it."""
    return await http.post("/v1/agents/web/authorize_session", json={"agent_id": "desk"})


async def test_at_twice_the_room_who_is_in_keeps_the_sound(house: Server) -> None:
    """Every sample of the greeting, in order, while as many others knock and are refused."""
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as http:
        callers = [SyntheticCaller(house.url, agent="desk", key="") for _ in range(ROOM)]
        for caller in callers:
            await caller.__aenter__()
        heard = [asyncio.create_task(caller.answer()) for caller in callers]
        refusals = []
        while not all(task.done() for task in heard):
            refusals += await asyncio.gather(*(asked(http) for _ in range(ROOM)))
            await asyncio.sleep(0.2)
        for task in heard:
            turn = await task
            assert turn.text == LINE
            assert place(turn.sound.pcm, WHOLE) == 0
            assert turn.played == turn.received >= len(LINE) * SAMPLES
        assert len(refusals) >= ROOM
        for each in refusals:
            assert (each.status_code, each.json()["code"]) == (503, "overloaded")
            assert int(each.headers["retry-after"]) > 0
        for caller in callers:
            assert caller.close_code is None
            await caller.leave()


async def test_a_key_without_a_place_is_refused_at_the_socket(house: Server) -> None:
    """Twice as many keys as places: the upgrades beyond are 503 too, and a freed place is taken."""
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as http:
        keys = [(await asked(http)).json()["client_session_key"] for _ in range(2 * ROOM)]
        sockets, refused = [], []
        for key in keys:
            try:
                sockets.append(await open_socket(house.url, key))
            except Refused as refusal:
                refused.append((refusal.status, refusal.code))
        assert len(sockets) == ROOM
        assert refused == [(503, "overloaded")] * ROOM
        await sockets.pop().send('{"type":"client.end"}')
        async with asyncio.timeout(60):
            while (again := await asked(http)).status_code == 503:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.05)
        await (await open_socket(house.url, again.json()["client_session_key"])).close()
        for socket in sockets:
            await socket.close()

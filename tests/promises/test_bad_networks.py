"""What lies between client and server, and between server and LiveKit, is slow, lossy, or gone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from livekit import rtc
from tests.promises.network import weather
from tests.promises.servers import Server
from tests.rooms.caller import Caller, hall
from tests.rooms.livekit import server as livekit_server

from duologue.testing.caller import SyntheticCaller
from duologue.testing.heard import Turn
from duologue.testing.models import CHARACTER, RULER_RATE, place, ruler, sounding

LINE = "This sentence crosses a network in bad weather, and it should arrive whole."
SAMPLES = round(CHARACTER * RULER_RATE)
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
    """A server whose agent says a sentence that can be measured."""
    file = tmp_path / "desk.py"
    file.write_text(AGENTS)
    with Server(tmp_path, file) as made:
        yield made


def calling(url: str) -> SyntheticCaller:
    """A caller with our own client."""
    return SyntheticCaller(url, agent="desk", key="", client="own")


def order(turns: list[Turn]) -> list[tuple[int, int]]:
    """First and last sample of the ruler that each turn was heard of."""
    heard = [turn.sound.pcm for turn in turns if turn.played]
    return [(at := place(pcm, WHOLE), at + sounding(pcm)) for pcm in heard]


async def test_delay_and_loss_cost_time_and_no_sample(house: Server) -> None:
    """150 ms each way, and every twentieth packet once more: all is heard, in its order."""
    async with weather(house.url) as network:
        network.delay, network.loss = 0.15, 0.05
        async with calling(network.url) as caller:
            turn = await caller.answer()
            assert turn.text == LINE
            ((begin, end),) = order([turn])
            assert begin == 0
            assert end >= len(LINE) * SAMPLES - 128
            await caller.type("still there?")
            assert (await caller.answer()).text == "You said: still there?"


async def test_a_pause_of_the_network_is_made_up_for(house: Server) -> None:
    """Nothing for two seconds in the middle of a sentence: it goes on where it was."""
    async with weather(house.url) as network, calling(network.url) as caller:
        turn = await caller.answering()
        await caller.hears(turn, RULER_RATE)
        network.stall()
        await asyncio.sleep(2.0)
        network.flow()
        await caller.until(lambda: turn.ended_at is not None, "the end of the sentence")
        assert caller.close_code is None
        ((begin, end),) = order([turn])
        assert begin == 0
        assert end >= len(LINE) * SAMPLES - 128
        assert not turn.interrupted


async def test_a_cut_line_is_resumed_to_the_sample(house: Server) -> None:
    """Back with the same key, the caller hears the rest, and at most 0.3 s of it twice."""
    async with weather(house.url) as network, calling(network.url) as caller:
        first = await caller.answering()
        await caller.hears(first, RULER_RATE)
        network.cut()
        await caller.closed()
        await caller.reconnect(same_key=True)
        await caller.answer()
        (_, broke), (resumed, end) = order(caller.answers)
        assert 0 <= broke - resumed <= RULER_RATE * 3 // 10
        assert end >= len(LINE) * SAMPLES - 128


async def test_a_line_with_too_little_room_keeps_its_words(house: Server) -> None:
    """A third of what sound needs: the sentence is late, the words are all there, nobody is cut."""
    async with weather(house.url) as network:
        network.rate = 12_000
        async with calling(network.url) as caller:
            turn = await caller.answering()
            await caller.until(lambda: bool(turn.texts), "the words")
            assert turn.text == LINE
            assert caller.close_code is None


@pytest.mark.rooms
async def test_livekit_restarts_in_the_middle_of_a_call(tmp_path: Path) -> None:
    """Both come back by themselves, the agent had waited, and the talk goes on."""
    with livekit_server() as livekit:
        async with hall(tmp_path, livekit) as house:
            ann, claim = await house.call()
            await ann.reads("Hello.")
            await ann.write("apples")
            await ann.reads("You said: apples")
            host, conversation = house.stage.host, claim.conversation
            run = host.run_of(conversation)
            await asyncio.to_thread(livekit.stop)
            await asyncio.to_thread(livekit.start)
            await livekit.crowd(claim.room, 2)
            answer = await answered(ann)
            assert host.run_of(conversation) is run
            house.stage.conversation = claim.conversation
            said = [text for _, text, _ in await house.stage.words()]
            assert said[:3] == ["Hello.", "apples", "You said: apples"]
            assert said[-1] == answer


async def answered(caller: Caller) -> str:
    """Says something until it is answered: what was on its way while the line broke is lost."""
    for number in range(10):
        with contextlib.suppress(rtc.StreamError, RuntimeError, TimeoutError):
            async with asyncio.timeout(8):
                await caller.write(f"pears {number}")
                return (await caller.reads(f"You said: pears {number}")).text
    raise AssertionError("nobody answers any more")

"""What lies between a server and its database, its LiveKit and its back end is slow, or stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests import postgres
from tests.agents.webhook.theirs import Answering, Theirs
from tests.promises.network import Weather, beside, weather
from tests.promises.servers import Server
from tests.promises.test_bad_networks import SAMPLES, answered, calling, order
from tests.rooms.caller import hall
from tests.rooms.livekit import server as livekit_server

from duologue.testing.caller import SyntheticCaller
from duologue.testing.heard import Turn
from duologue.testing.models import RULER_RATE

LINE = "This sentence is said by a server, far from its parts."
PAUSE = 2.0
"""Seconds in which nothing comes through: less than anybody waits for the other side."""
DESK = """
from livekit.agents import Agent

import duologue
from duologue.testing import models


@duologue.agent(
    "desk", tts=models.RulerTTS, stt=lambda: models.ScriptedSTT([]), {more}
)
class Desk(Agent):
    def __init__(self):
        super().__init__(instructions="Be kind.")
"""


def bad(network: Weather) -> None:
    """50 ms each way, and every twentieth packet once more."""
    network.delay, network.loss = 0.05, 0.05


def whole(turn: Turn) -> bool:
    """Whether a turn was heard from its first to its last sample."""
    ((begin, end),) = order([turn])
    return begin == 0 and end >= len(turn.text) * SAMPLES - 128


# ---------------------------------------------------------------------------- PostgreSQL


@asynccontextmanager
async def far_database(folder: Path) -> AsyncIterator[tuple[Server, Weather]]:
    """A server whose agent says a sentence, and the network to its PostgreSQL."""
    file = folder / "desk.py"
    file.write_text(DESK.format(more=f"greeting={LINE!r}, llm=models.ScriptedAnswers"))
    with postgres.server() as found:
        async with weather(found) as network:
            url = network.over(f"{found}/postgres")
            async with beside(Server(folder, file, database_url=url)) as server:
                yield server, network


async def recorded(server: Server, caller: SyntheticCaller) -> list[tuple[str, str, bool]]:
    """Role, text and interruption of each message."""
    said = await asyncio.to_thread(server.messages, str(caller.conversation_id))
    return [(one["role"], one["text"], one["interrupted"]) for one in said]


ALL = [
    ("assistant", LINE, False),
    ("user", "still there?", False),
    ("assistant", "You said: still there?", False),
]


@pytest.mark.postgres
async def test_a_database_behind_delay_and_loss(tmp_path: Path) -> None:
    """Everything comes later, and no sample and no word is missing."""
    async with far_database(tmp_path) as (server, network):
        bad(network)
        async with calling(server.url) as caller:
            greeting = await caller.answer()
            await caller.type("still there?")
            answer = await caller.answer()
        assert (greeting.text, answer.text) == (LINE, "You said: still there?")
        assert whole(greeting)
        assert await recorded(server, caller) == ALL


@pytest.mark.postgres
async def test_a_database_that_says_nothing_for_a_while(tmp_path: Path) -> None:
    """What is being said goes on; a question is shown and answered once it could be stored."""
    async with far_database(tmp_path) as (server, network):
        async with calling(server.url) as caller:
            greeting = await caller.answering()
            await caller.hears(greeting, RULER_RATE)
            network.stall()
            await caller.until(lambda: greeting.ended_at is not None, "the end of the sentence")
            mark = len(caller.record.events)
            await caller.type("still there?")
            await asyncio.sleep(PAUSE)
            shown = [event.type for event in caller.record.events[mark:]]
            assert "user.transcript" not in shown
            assert "response.text" not in shown
            network.flow()
            answer = await caller.answer()
            assert caller.close_code is None
        assert whole(greeting)
        assert answer.text == "You said: still there?"
        assert await recorded(server, caller) == ALL


# ---------------------------------------------------------------------------- LiveKit


@pytest.mark.rooms
async def test_a_livekit_behind_delay_and_loss(tmp_path: Path) -> None:
    """The agent comes into the room later, and talks as ever."""
    with livekit_server() as livekit:
        async with weather(livekit.url) as network:
            bad(network)
            settings = {"livekit_url": network.over(livekit.url)}
            async with hall(tmp_path, livekit, settings=settings, greeting=LINE) as house:
                ann, claim = await house.call()
                await ann.reads(LINE)
                assert await answered(ann) == "You said: pears 0"
                house.stage.conversation = claim.conversation
                assert [text for _, text, _ in await house.stage.words()] == [
                    LINE,
                    "pears 0",
                    "You said: pears 0",
                ]


@pytest.mark.rooms
async def test_a_livekit_that_says_nothing_for_a_while(tmp_path: Path) -> None:
    """Sound and words have a way of their own, and go on; a cut line is made anew."""
    with livekit_server() as livekit:
        async with weather(livekit.url) as network:
            settings = {"livekit_url": network.over(livekit.url)}
            async with hall(tmp_path, livekit, settings=settings) as house:
                ann, claim = await house.call()
                await ann.reads("Hello.")
                run = house.stage.host.run_of(claim.conversation)
                network.stall()
                await ann.write(LINE)
                await ann.until(lambda: any("You said" in one.text for one in ann.of_agent()))
                await ann.until(lambda: ann.loudness > 500)
                await ann.reads(f"You said: {LINE}")
                network.flow()
                network.cut()
                answer = await answered(ann)
                assert house.stage.host.run_of(claim.conversation) is run
                house.stage.conversation = claim.conversation
                said = [text for _, text, _ in await house.stage.words()]
                assert said[:3] == ["Hello.", LINE, f"You said: {LINE}"]
                assert said[-1] == answer


# ---------------------------------------------------------------------------- webhooks

FIRST, SECOND = "The first half is heard now. ", "The second half comes behind it."


class Far:
    """A back end that answers in two halves, of which the second waits for a word of the test."""

    def __init__(self) -> None:
        self.halfway, self.go_on = asyncio.Event(), asyncio.Event()
        self.theirs = Theirs(session_start=self._greets, message=self._answers)

    async def _greets(self, answering: Answering) -> None:
        answering.tts(LINE)
        answering.end()

    async def _answers(self, answering: Answering) -> None:
        answering.tts(FIRST)
        self.halfway.set()
        await self.go_on.wait()
        if not answering.aborted.is_set():
            answering.tts(SECOND)
        answering.end()


@asynccontextmanager
async def far_back_end(folder: Path) -> AsyncIterator[tuple[Server, Weather, Far]]:
    """A server, the network to its agent's back end, and that."""
    far = Far()
    async with far.theirs, weather(far.theirs.url) as network:
        asked = {"url": network.over(far.theirs.url)}
        file = folder / "desk.py"
        file.write_text(DESK.format(more=f"greeting='', webhook={asked!r}"))
        with Server(folder, file, allow_private_webhooks=True, webhook_secret="x" * 32) as server:
            yield server, network, far


async def test_a_back_end_behind_delay_and_loss(tmp_path: Path) -> None:
    """It is greeted and answered later, with every sample."""
    async with far_back_end(tmp_path) as (server, network, far):
        bad(network)
        far.go_on.set()
        async with calling(server.url) as caller:
            greeting = await caller.answer()
            await caller.type("a question")
            answer = await caller.answer()
        assert (greeting.text, answer.text) == (LINE, FIRST + SECOND)
        assert whole(greeting)
        assert [text for _, text, _ in await recorded(server, caller)] == [
            LINE,
            "a question",
            FIRST + SECOND,
        ]


@pytest.mark.parametrize("what", ["pause", "cut"])
async def test_a_back_end_that_says_nothing_in_the_middle_of_an_answer(
    tmp_path: Path, what: str
) -> None:
    """After a pause the rest is said; behind a line that was cut comes an apology."""
    async with far_back_end(tmp_path) as (server, network, far):
        async with calling(server.url) as caller:
            await caller.answer()
            await caller.type("a question")
            answer = await caller.answering()
            await caller.hears(answer, RULER_RATE // 2)
            if what == "pause":
                network.stall()
                far.go_on.set()
                await asyncio.sleep(PAUSE)
                assert SECOND not in answer.text
                network.flow()
            else:
                network.cut()
                far.go_on.set()
                await caller.until(lambda: len(caller.answers) > 2, "the apology")
                sorry = caller.answers[2]
                await caller.until(lambda: sorry.ended_at is not None, "the end of the apology")
            await caller.until(lambda: answer.ended_at is not None, "the end of the answer")
            trouble = [event.content for event in caller.record.of_type("response.data")]
            exported = await asyncio.to_thread(
                server.command, "conversations", "export", str(caller.conversation_id)
            )
        kept: list[dict[str, Any]] = exported["messages"][2:]
        if what == "pause":
            assert answer.text == FIRST + SECOND
            assert not trouble
            assert [(one["kind"], one["text"]) for one in kept] == [("message", FIRST + SECOND)]
        else:
            assert [one["code"] for one in trouble] == ["provider_failed"]
            assert answer.text == FIRST
            assert caller.answers[2:] == [sorry]
            assert [one["kind"] for one in kept] == ["message", "error", "message"]
            assert FIRST.startswith(kept[0]["text"])
            assert kept[2]["text"] == sorry.text

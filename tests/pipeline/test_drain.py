"""A server that goes lets turns end first."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from livekit.agents import Agent
from tests.pipeline.stage import stage

from duologue.core import happenings as h
from duologue.errors import DuologueError
from duologue.pipeline.history import unanswered
from duologue.store.records import Message, Run
from duologue.testing.models import ScriptedAnswers

LONG = "One sentence is longer than the other, and this one is the longest of all of them. "


async def test_the_agent_finishes_its_sentence_before_its_server_goes(tmp_path: Path) -> None:
    """What it said is stored whole, and only then its client is told to come back elsewhere."""
    async with stage(tmp_path, greeting="Hello, it is good that you are here.") as desk:
        client = await desk.join()
        await client.until(h.AgentAudio)
        await desk.host.drain()
        ended = await client.until(h.Ended)
        assert ended.code == "going_away"
        kinds = [type(one) for one in client.heard]
        assert kinds.index(h.AgentEnded) < kinds.index(h.Ended)
        assert not client.all(h.AgentEnded)[0].interrupted
        assert await desk.words() == [("assistant", "Hello, it is good that you are here.", False)]


async def test_a_question_that_was_asked_is_answered_before_the_server_goes(tmp_path: Path) -> None:
    """It is no matter that the agent had not begun to think."""
    async with stage(tmp_path, greeting="", llm=ScriptedAnswers(["It is noon."])) as desk:
        client = await desk.join()
        client.run.floor.type("What time is it?")
        await desk.host.drain()
        assert (await client.until(h.Ended)).code == "going_away"
        said = [("user", "What time is it?", False), ("assistant", "It is noon.", False)]
        assert await desk.words() == said


async def test_a_turn_that_is_too_long_is_cut(tmp_path: Path) -> None:
    """No longer than `drain_seconds`; what was heard of it is stored as interrupted."""
    settings = {"drain_seconds": 0.5}
    async with stage(tmp_path, greeting=LONG * 5, settings=settings) as desk:
        client = await desk.join()
        await client.until(h.AgentAudio)
        await desk.host.drain()
        assert (await client.until(h.Ended)).code == "going_away"
        assert client.gone is not None
        await client.gone
        await client.run.closed()
        [(role, text, interrupted)] = await desk.words()
        assert (role, interrupted) == ("assistant", True)
        assert len(text) < len(LONG * 5)


async def test_who_rests_is_sent_away_at_once_and_nobody_new_comes_in(tmp_path: Path) -> None:
    """Though another still talks; who asks is told when to ask the next server."""
    settings = {"drain_seconds": 60.0}
    async with stage(tmp_path, greeting=LONG, settings=settings) as desk:
        talks = await desk.join()
        rests = await desk.join(ready=False)
        await talks.until(h.AgentAudio)
        draining = asyncio.create_task(desk.host.drain())
        assert (await rests.until(h.Ended)).code == "going_away"
        assert not talks.all(h.AgentEnded)
        with pytest.raises(DuologueError) as refused:
            await desk.join()
        assert (refused.value.code, refused.value.values) == ("going_away", {"seconds": 1})
        await draining
        assert talks.all(h.AgentEnded)


async def test_nobody_waits_for_a_caller_whose_line_broke(tmp_path: Path) -> None:
    """Another server goes on with the conversation as soon as they are back."""
    async with stage(tmp_path, greeting=LONG, settings={"drain_seconds": 60.0}) as desk:
        client = await desk.join()
        await client.until(h.AgentAudio)
        await desk.leave(client, "dropped")
        await desk.host.drain()
        assert client.run.ended == "going_away"
        assert not client.all(h.AgentEnded)


async def test_a_question_whose_caller_was_gone_is_answered_by_the_next_server(
    tmp_path: Path,
) -> None:
    """Once, and nobody is greeted again."""
    slow = ScriptedAnswers(delay=60.0)
    async with stage(tmp_path, greeting="", llm=slow) as desk:
        client = await desk.join()
        client.run.floor.type("What time is it?")
        await client.until(h.UserSaid)
        await desk.leave(client, "dropped")
        await desk.host.drain()
    async with stage(tmp_path, llm=ScriptedAnswers(["It is noon."])) as later:
        later.conversation = desk.conversation
        client = await later.join(again=True)
        await client.said("It is noon.")
        client.run.floor.type("Thank you.")
        await client.said("You said: Thank you.")
        said = [("user", "What time is it?", False), ("assistant", "It is noon.", False)]
        more = [("user", "Thank you.", False), ("assistant", "You said: Thank you.", False)]
        assert await later.words() == said + more


async def test_who_left_without_an_answer_is_not_answered_a_visit_later(tmp_path: Path) -> None:
    """The conversation was not moved: its visitor ended the call."""
    async with stage(tmp_path, greeting="", llm=ScriptedAnswers(delay=60.0)) as desk:
        client = await desk.join()
        client.run.floor.type("What time is it?")
        await client.until(h.UserSaid)
        await desk.leave(client)
    async with stage(tmp_path) as later:
        later.conversation = desk.conversation
        client = await later.join(again=True)
        client.run.floor.type("I am back.")
        await client.said("You said: I am back.")
        assert [text for _, text, _ in await later.words()] == [
            "What time is it?",
            "I am back.",
            "You said: I am back.",
        ]


class Greeter(Agent):
    """Greets by itself, as many agents do."""

    def __init__(self, how: str) -> None:
        super().__init__(instructions="Be brief.")
        self._how = how

    async def on_enter(self) -> None:
        """Says something, or lets the model do it."""
        if self._how == "say":
            self.session.say("Welcome.")
        else:
            self.session.generate_reply(instructions="Greet.")


@pytest.mark.parametrize("how", ["say", "generate_reply"])
async def test_an_agent_that_greets_by_itself_answers_instead(tmp_path: Path, how: str) -> None:
    """What it would have said again is held back, and the answer is not."""
    make = partial(Greeter, how)
    async with stage(tmp_path, greeting="", make=make, llm=ScriptedAnswers(delay=60.0)) as desk:
        client = await desk.join()
        client.run.floor.type("What time is it?")
        await client.until(h.UserSaid)
        await desk.leave(client, "dropped")
        await desk.host.drain()
    mind = ScriptedAnswers(["It is noon.", "It is noon."])
    async with stage(tmp_path, greeting="", make=make, llm=mind) as later:
        later.conversation = desk.conversation
        client = await later.join(again=True)
        await client.said("It is noon.")
        assert [text for role, text, _ in await later.words() if role == "assistant"][-1:] == [
            "It is noon."
        ]


@pytest.mark.parametrize(
    ("changes", "answered"),
    [
        ({}, True),
        ({"end_reason": "going_away"}, True),
        ({"end_reason": "going_away", "run": "run_before"}, True),
        ({"run": "run_before"}, False),
        ({"end_reason": "left"}, False),
        ({"end_reason": "moved"}, False),
        ({"seconds": 121}, False),
        ({"role": "assistant"}, False),
        ({"text": ""}, False),
        ({"kind": "tool_output", "role": "tool"}, False),
        ({"by": {"by": "person", "name": "Ann"}}, False),
    ],
)
def test_what_counts_as_unanswered(changes: dict[str, Any], answered: bool) -> None:
    """A question that nobody got to, asked a moment ago, of a model that did nothing yet."""
    now = 1_800_000_000_000
    asked = {"role": "user", "kind": "message", "text": "What time is it?", "run": "run_last"}
    given = asked | {"end_reason": "server_lost", "seconds": 1, "by": None} | changes

    def message(seq: int, role: Any, kind: Any, text: str, run: str, item: Any) -> Message:
        at = now - given["seconds"] * 1000
        who = ("org", "conv", run, "sess", seq, "turn")
        return Message(f"msg_{seq}", *who, role, kind, text, item, True, False, at, at)

    last = Run("run_last", "org", "conv", "agt", "one", now, now, given["end_reason"], None)
    told = message(1, "assistant", "message", "Hello.", "run_last", given["by"])
    question = message(2, given["role"], given["kind"], given["text"], given["run"], None)
    assert unanswered([told, question], last, now) is answered

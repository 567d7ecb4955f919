"""Conversations by voice alone: spoken into a real socket, heard by a recognizer."""

from __future__ import annotations

import asyncio

import pytest
from tests.serving import House

from duologue.testing.caller import SyntheticCaller
from duologue.testing.heard import USER
from duologue.testing.line import Refused
from duologue.testing.speech import Voice, cough, words

pytestmark = pytest.mark.voice

COUNT = "Please count slowly from one to twenty."
HELLO = "Hello, can you hear me?"


async def test_a_table_is_booked_in_five_turns(house: House, key: str) -> None:
    """What was said in earlier turns is in what is heard at the end, and in the store."""
    async with SyntheticCaller(house.url, agent="demo", key=key) as caller:
        await caller.answer()
        heard = []
        for line in (
            "I would like to book a table for four people please.",
            "On Friday please.",
            "At half past seven.",
            "My name is Barbara.",
            "Yes that's right.",
        ):
            await caller.say(line)
            heard.append(await caller.answer())
        conversation = str(caller.conversation_id)

    last = heard[-1]
    assert {"4", "friday", "seven", "barbara", "booked"} <= set(words(last.text))
    assert {"four", "friday", "seven"} <= set(words(last.understood()))
    said = house.messages(conversation)
    assert [one["role"] for one in said] == ["assistant"] + ["user", "assistant"] * 5
    assert said[-1]["text"] == last.text
    assert not any(one["interrupted"] for one in said)
    spoken = [set(words(one["text"])) for one in said if one["role"] == "user"]
    assert [
        bool(found & heard)
        for found, heard in zip(
            [{"four"}, {"friday"}, {"seven"}, {"barbara"}, {"yes"}], spoken, strict=True
        )
    ] == [True] * 5


async def test_speaking_over_the_agent_silences_it(house: House, key: str) -> None:
    """The count stops for the user, no sound of it comes later, and only what was heard is kept."""
    async with SyntheticCaller(house.url, agent="demo", key=key) as caller:
        await caller.answer()
        await caller.type(COUNT)
        counting = await caller.answering()
        await caller.hears(counting, 3 * 16000)
        await caller.say(HELLO)
        answer = await caller.answer()
        resumed = set()
        while not answer.text:  # a busy machine understands late: the agent had begun to go on
            resumed.add(answer.turn_id)
            answer = await caller.answer()
        conversation = str(caller.conversation_id)
        events = caller.record.events

    assert counting.interrupted
    floor = next(
        index
        for index, event in enumerate(events)
        if event.type == "turn.start" and event.content == USER and event.at > counting.started_at
    )
    late = {event.turn_id for event in events[floor:] if event.type == "response.audio"}
    assert late - resumed == {answer.turn_id}
    assert counting.sounded_until <= events[floor].at
    assert "hear" in words(caller.record.by(USER)[-1].text)

    said = house.messages(conversation)
    cut = next(one for one in said if one["interrupted"])
    assert cut["role"] == "assistant"
    assert "twenty" not in words(cut["text"])
    assert {"one", "two"} <= set(words(cut["text"]))
    # What the record calls heard is what the caller heard, give or take two numbers.
    heard = len(set(words(counting.understood())) & set(words(cut["text"])))
    assert heard >= len(words(cut["text"])) - 3
    assert said[-1]["text"] == answer.text


async def test_a_cough_ends_nothing(house: House, key: str) -> None:
    """Noise over the agent may make it pause; it goes on to the end all the same."""
    async with SyntheticCaller(house.url, agent="demo", key=key) as caller:
        await caller.answer()
        await caller.type("Please count slowly from one to ten.")
        await caller.hears(await caller.answering(), 2 * 16000)
        await caller.say(cough())
        await caller.until(
            lambda: any(
                "ten" in words(m.content or "") for m in caller.record.of_type("response.text")
            ),
            "the end of the count",
        )
        await caller.until(lambda: caller.answers[-1].ended_at is not None, "the last turn's end")
        conversation = str(caller.conversation_id)
        sounded = " ".join(turn.understood() for turn in caller.answers[1:])

    assert "ten" in words(sounded)
    said = house.messages(conversation)
    assert [one["role"] for one in said] == ["assistant", "user", "assistant"]
    assert "ten" in words(said[-1]["text"])
    assert not said[-1]["interrupted"]


async def test_two_callers_do_not_mix(house: House, key: str) -> None:
    """Two people talk to one agent at once; each hears and is remembered for their own words."""

    async def call(line: str, voice: Voice) -> tuple[list[str], list[str]]:
        async with SyntheticCaller(house.url, agent="demo", key=key, voice=voice) as caller:
            await caller.answer()
            await caller.say(line)
            await caller.answer()
            await caller.say("What did I say first?")
            answer = await caller.answer()
            stored = house.messages(str(caller.conversation_id))
            return words(answer.text), words(" ".join(one["text"] for one in stored))

    (one, first), (two, second) = await asyncio.gather(
        call("I would like to book a table for four people please.", "middle"),
        call("Please count slowly from one to ten.", "low"),
    )
    assert "table" in one
    assert "count" in two
    assert "count" not in one + first
    assert "table" not in two
    assert second.count("table") == 1, "only the greeting names it: the Corner Table"


async def test_push_to_talk_by_voice(house: House, key: str) -> None:
    """Words between the button's two ends are understood and answered."""
    async with SyntheticCaller(house.url, agent="demo-ptt", key=key) as caller:
        await caller.answer()
        await caller.say(HELLO)
        answer = await caller.answer()
        assert "hear" in words(caller.record.by(USER)[-1].text)
        assert answer.played == answer.received


async def test_goodbye_is_heard_to_its_end(house: House, key: str) -> None:
    """The agent hangs up after its last word was played, and the conversation stays closed."""
    async with SyntheticCaller(house.url, agent="demo", key=key) as caller:
        await caller.answer()
        await caller.say("Thank you, goodbye.")
        assert await caller.closed() == 4002
        last = caller.answers[-1]
        assert last.played == last.received > 0
        assert "goodbye" in words(last.text)
        with pytest.raises(Refused) as refused:
            await caller.reconnect()
        assert (refused.value.status, refused.value.code) == (410, "conversation_ended")
        assert caller.record.events[-1].type == "closed"

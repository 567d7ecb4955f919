"""Conversations by voice alone: spoken into a real socket, heard by a recognizer."""

from __future__ import annotations

import asyncio

import pytest
from tests.serving import House

from duologue.testing.caller import SyntheticCaller
from duologue.testing.heard import USER
from duologue.testing.speech import cough

pytestmark = pytest.mark.voice

COUNT = "Please count slowly from one to twenty."
HELLO = "Hello, can you hear me?"


def words(text: str) -> set[str]:
    """The words of a text, in lower case and without punctuation."""
    return set("".join(c if c.isalnum() else " " for c in text.lower()).split())


async def test_a_table_is_booked_in_five_turns(house: House, key: str) -> None:
    """What was said in earlier turns is in what is heard at the end, and in the store."""
    async with SyntheticCaller(house.url, agent="demo", key=key) as caller:
        await caller.answer()
        heard = []
        for line in (
            "I would like to book a table.",
            "Four people please.",
            "On Friday please.",
            "At seven o'clock please.",
            "My name is Anna.",
        ):
            await caller.say(line)
            heard.append(await caller.answer())
        conversation = str(caller.conversation_id)

    last = heard[-1]
    assert {"four", "friday", "seven", "anna"} <= words(last.text)
    assert {"four", "friday", "seven"} <= words(last.understood())
    said = house.messages(conversation)
    assert [one["role"] for one in said] == ["assistant"] + ["user", "assistant"] * 5
    assert said[-1]["text"] == last.text
    assert not any(one["interrupted"] for one in said)
    spoken = [words(one["text"]) for one in said if one["role"] == "user"]
    assert [
        bool(found & heard)
        for found, heard in zip(
            [{"book"}, {"four"}, {"friday"}, {"seven"}, {"anna"}], spoken, strict=True
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
        conversation = str(caller.conversation_id)
        events = caller.record.events

    assert counting.interrupted
    floor = next(
        index
        for index, event in enumerate(events)
        if event.type == "turn.start" and event.content == USER and event.at > counting.started_at
    )
    late = {event.turn_id for event in events[floor:] if event.type == "response.audio"}
    assert late == {answer.turn_id}
    assert counting.sounded_until <= events[floor].at
    assert "hear" in words(caller.record.by(USER)[-1].text)

    said = house.messages(conversation)
    cut = next(one for one in said if one["interrupted"])
    assert cut["role"] == "assistant"
    assert "twenty" not in words(cut["text"])
    assert {"one", "two"} <= words(cut["text"])
    # What the record calls heard is what the caller heard, give or take two numbers.
    heard = len(words(counting.understood()) & words(cut["text"]))
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

    async def book(name: str, number: str) -> tuple[str, list[str]]:
        async with SyntheticCaller(house.url, agent="demo", key=key) as caller:
            await caller.answer()
            await caller.say(f"I would like to book a table for {number} people please.")
            answer = await caller.answer()
            await caller.say("What did I say first?")
            remembered = await caller.answer()
            return str(caller.conversation_id), [answer.text, remembered.text]

    (one, first), (two, second) = await asyncio.gather(book("Anna", "four"), book("Tom", "six"))
    assert one != two
    assert "four" in words(" ".join(first))
    assert "six" not in words(" ".join(first))
    assert "six" in words(" ".join(second))
    assert "four" not in words(" ".join(second))
    for conversation, mine, other in ((one, "four", "six"), (two, "six", "four")):
        everything = words(" ".join(m["text"] for m in house.messages(conversation)))
        assert mine in everything
        assert other not in everything


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
    from duologue.testing.line import Refused

    async with SyntheticCaller(house.url, agent="demo", key=key) as caller:
        await caller.answer()
        await caller.say("Goodbye.")
        assert await caller.closed() == 4002
        last = caller.answers[-1]
        assert last.played == last.received > 0
        assert "goodbye" in words(last.text)
        with pytest.raises(Refused) as refused:
            await caller.reconnect()
        assert (refused.value.status, refused.value.code) == (410, "conversation_ended")
        assert caller.record.events[-1].type == "closed"

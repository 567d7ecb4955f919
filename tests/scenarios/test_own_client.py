"""Our own client on the line: early silence, nothing cut by a cough, and returns to the sample."""

from __future__ import annotations

import asyncio
from typing import Literal

import pytest
from tests.groups import say
from tests.serving import House

from duologue.testing import disturbances
from duologue.testing.caller import SyntheticCaller
from duologue.testing.client import message
from duologue.testing.heard import Turn
from duologue.testing.line import Refused
from duologue.testing.models import CHARACTER, place, ruler, sounding
from duologue.testing.own import OwnClient
from duologue.testing.speech import speak, words

pytestmark = pytest.mark.voice

COUNT = "Please count slowly from one to ten."
HELLO = "Hello, can you hear me?"
SECOND = 16000
TWICE = 3 * SECOND // 10
"""Samples that a return may let somebody hear again."""
WHOLE = ruler(10 * SECOND)


def calling(
    house: House, key: str = "", agent: str = "demo", *, tab_of: SyntheticCaller | None = None
) -> SyntheticCaller:
    """A caller with our own client; as a second tab it finds the first one's token."""
    caller = SyntheticCaller(house.url, agent=agent, key=key, client="own")
    if tab_of is not None:
        caller.client = tab_of.client.reloaded()
        caller.conversation_id = tab_of.conversation_id
    return caller


def own(caller: SyntheticCaller) -> OwnClient:
    """The client of a caller, which is ours."""
    assert isinstance(caller.client, OwnClient)
    return caller.client


async def counting(caller: SyntheticCaller) -> Turn:
    """The turn in which the agent counts to ten, asked for in the middle of its greeting."""
    await caller.hears(await caller.answering(), 1600)
    await caller.type(COUNT)
    return await caller.answering()


async def test_a_table_is_booked_in_five_turns(house: House, key: str) -> None:
    """By 16 kHz in 40 ms frames every turn is understood, heard to its end, and kept."""
    async with calling(house, key) as caller:
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

    assert {"4", "friday", "seven", "barbara", "booked"} <= set(words(heard[-1].text))
    assert {"four", "friday", "seven"} <= set(words(heard[-1].understood()))
    assert [turn.played for turn in heard] == [turn.received for turn in heard]
    said = house.messages(conversation)
    assert [one["role"] for one in said] == ["assistant"] + ["user", "assistant"] * 5
    assert not any(one["interrupted"] for one in said)


async def test_the_first_word_silences_the_agent(house: House, key: str) -> None:
    """The caller's own loudspeaker stops before the server can; what was heard is what is kept."""
    speak(HELLO)  # made beforehand: the caller does nothing else meanwhile
    async with calling(house, key) as caller:
        count = await counting(caller)
        await caller.hears(count, 2 * SECOND)
        await caller.say(HELLO)
        # Where the recognizer is slow, the count may go on for a moment before it is known.
        await caller.until(lambda: _answered(caller, "hear"), "the answer")
        said = house.messages(str(caller.conversation_id))
        began = caller.record.of_type("voice.began")[-1].at

    silent = count.sounded_until - began
    say(f"silent {silent} samples ({silent / 16:.0f} ms) after the first sample of the word\n")
    assert 0 < silent <= 8000, "200 ms on a machine with nothing else to do"
    assert count.interrupted
    cut = said[-3]
    assert (cut["role"], cut["interrupted"]) == ("assistant", True)
    assert "ten" not in words(cut["text"])
    assert "one" in words(cut["text"])


async def test_a_cough_cuts_nothing(house: House, key: str) -> None:
    """A cough and a cup may hold the answer up; every sample of it is heard, and only once."""
    cough, *_ = disturbances.of("cough")
    cup, *_ = disturbances.of("clatter")
    async with calling(house, key) as caller:
        count = await counting(caller)
        await caller.hears(count, SECOND)
        await caller.say(cough.recording)
        await caller.hears(count, 2 * SECOND + SECOND // 2)
        await caller.say(cup.recording)
        await caller.until(lambda: count.ended_at is not None, "the end of the count")
        said = house.messages(str(caller.conversation_id))
        pauses = caller.record.of_type("sound.paused", "sound.resumed")

    say(f"the loudspeaker: {[(event.type, event.content) for event in pauses]}\n")
    assert not count.interrupted
    assert count.played == count.received
    assert [event.content for event in pauses[::2]] == [event.content for event in pauses[1::2]]
    assert len(caller.answers) == 2
    assert "ten" in words(count.understood())
    assert (said[-1]["interrupted"], "ten" in words(said[-1]["text"])) == (False, True)


@pytest.mark.parametrize("how", ["reload", "drop"])
async def test_what_was_not_heard_is_heard_after_a_return(
    rulers: House, how: Literal["reload", "drop"]
) -> None:
    """A page that is loaded anew, or a line that is dead for 5 s: the sentence goes on, exactly."""
    async with calling(rulers, agent="ruler-takeover") as caller:
        first = await caller.answering()
        await caller.hears(first, 2 * SECOND)
        if how == "reload":
            await caller.reload()
        else:
            await caller.drop()
            await asyncio.sleep(5)
        await caller.reconnect()
        assert caller.ticket.answer["resumed"] == "live"
        rest = await caller.answer()
        said = rulers.messages(str(caller.conversation_id))
        back = caller.record.of_type("connected")[-1].at

    assert place(first.sound.pcm, WHOLE) == 0
    twice = first.played - place(rest.sound.pcm, WHOLE)
    late = rest.sounds[0].at - back
    say(f"{how}: {twice} samples heard twice; sound {late} samples after the socket opened\n")
    assert 0 <= twice <= TWICE
    assert rest.turn_id != first.turn_id
    assert not rest.interrupted
    sentence = str(said[0]["text"])
    end = first.played - twice + sounding(rest.sound.pcm)
    assert end == round(len(sentence) * CHARACTER * SECOND), "the end is missing"
    assert [(one["role"], one["interrupted"]) for one in said] == [("assistant", False)]
    assert [one["role"] for one in caller.history] == ["assistant"]
    assert sentence.startswith(caller.history[0]["content"])


async def test_what_was_typed_as_the_line_broke_is_asked_once(rulers: House) -> None:
    """The client cannot know whether it came, and sends it again; the server knows its id."""
    async with calling(rulers, agent="ruler-takeover") as caller:
        await caller.hears(await caller.answering(), 1600)
        await caller.type("Did this come?")
        ((name, text),) = own(caller).unconfirmed.items()
        await caller.drop()
        await caller.reconnect()
        assert caller.ticket.answer["resumed"] == "live"
        await caller.until(lambda: bool(caller.history), "the history")
        # Once more even where the history had it: a slow store would not have known it yet.
        await caller.send_raw(message("client.response.text", content=text, id=name))
        await caller.type("And this?")
        await caller.until(lambda: not own(caller).unconfirmed, "both to be confirmed")
        said = rulers.messages(str(caller.conversation_id))
    asked = [one["text"] for one in said if one["role"] == "user"]
    assert asked == ["Did this come?", "And this?"]


async def test_the_newer_of_two_tabs_takes_over(rulers: House) -> None:
    """The first page is closed with 4001, and the second goes on where that was silenced."""
    async with calling(rulers, agent="ruler-takeover") as first:
        cut = await first.answering()
        await first.hears(cut, SECOND)
        async with calling(rulers, agent="ruler-takeover", tab_of=first) as second:
            assert await first.closed() == 4001
            rest = await second.answer()
    assert second.conversation_id == first.conversation_id
    twice = cut.played - place(rest.sound.pcm, WHOLE)
    say(f"takeover: {twice} samples heard twice\n")
    assert 0 <= twice <= TWICE


async def test_the_second_of_two_tabs_is_refused(rulers: House) -> None:
    """With `reject` the first page notices nothing, and its token is good afterwards."""
    async with calling(rulers, agent="ruler-reject") as first:
        turn = await first.answering()
        await first.hears(turn, 1600)
        with pytest.raises(Refused) as refused:
            await calling(rulers, agent="ruler-reject", tab_of=first).connect()
        assert (refused.value.status, refused.value.code) == (409, "conversation_open")
        await first.hears(turn, SECOND)
        assert not turn.interrupted
        await first.reload()
        await first.reconnect()
        rest = await first.answering()
        await first.hears(rest, 1600)
    assert 0 <= turn.played - place(rest.sound.pcm, WHOLE) <= TWICE


async def test_two_tabs_share_one_agent(rulers: House) -> None:
    """Both hear the same sample at the same place; who comes later hears what is left."""
    async with calling(rulers, agent="ruler-share") as first:
        turn = await first.answering()
        await first.hears(turn, SECOND)
        async with calling(rulers, agent="ruler-share", tab_of=first) as second:
            shared = await second.answer()
            await first.until(lambda: turn.ended_at is not None, "the end of the sentence")
            assert first.close_code is None
            await second.type("Again please.")
            one, two = await first.answering(), await second.answering()
            await first.hears(one, SECOND)
            await second.hears(two, SECOND)
    assert (shared.turn_id, one.turn_id) == (turn.turn_id, two.turn_id)
    assert turn.played == turn.received
    joined = place(shared.sound.pcm, WHOLE)
    assert SECOND <= joined == turn.played - shared.played
    assert place(one.sound.pcm, WHOLE) == place(two.sound.pcm, WHOLE) == 0


def _answered(caller: SyntheticCaller, word: str) -> bool:
    """Whether the agent's last turn has this word, and is over."""
    last = caller.answers[-1]
    return word in words(last.text) and last.ended_at is not None

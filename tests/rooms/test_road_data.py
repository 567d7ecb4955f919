"""What user and agent exchange in a room beside the talk."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from livekit.agents import Agent
from tests.rooms.caller import Caller, hall
from tests.rooms.livekit import LiveKit
from tests.transports.test_livekit_early import webm

import duologue
from duologue.testing.models import ScriptedSTT
from duologue.testing.speech import silence, speak
from duologue.wire.rooms import CHAT, TYPED


class Echo(Agent):
    """Sends back what it is sent, and writes where that is asked for."""

    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")

    async def on_enter(self) -> None:
        """Listens to data."""
        here = duologue.current()

        def answer(data: Any) -> None:
            if data == "write":
                here.chat("See the link.")
            else:
                here.send({"echo": data})

        here.on_data(answer)


async def test_packets_of_json_travel_both_ways(tmp_path: Path, livekit: LiveKit) -> None:
    """What is no JSON is complained about, and the line stays open."""
    async with hall(tmp_path, livekit, make=Echo, greeting="") as house:
        ann, _ = await house.call()
        await ann.agent()
        await ann.send({"page": "/prices"})
        await ann.until(lambda: {"echo": {"page": "/prices"}} in ann.data)
        await ann.room.local_participant.publish_data("{not json")
        await ann.until(lambda: ann.notice("bad_request") is not None)
        await ann.send([1, None])
        await ann.until(lambda: {"echo": [1, None]} in ann.data)
        assert not ann.packets


async def test_a_written_message_of_the_agent_is_a_chat_message(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """It comes once, and not as a caption."""
    async with hall(tmp_path, livekit, make=Echo, greeting="") as house:
        ann, _ = await house.call()
        agent = await ann.agent()
        await ann.send("write")
        await ann.until(lambda: bool(ann.chats))
        await ann.write("thanks")
        await ann.reads("You said: thanks")
        assert ann.chats == [(agent.identity, "See the link.")]
        assert not [one for one in ann.of_agent() if "link" in one.text]


async def test_a_typed_message_that_comes_again_is_one_turn(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """A client of ours learns which turn it became; messages without an id are as many as come."""
    async with hall(tmp_path, livekit, greeting="") as house:
        claim = await house.claim("room-typed")
        house.send_agent(claim)
        ann = await house.enter(claim, ours=True)
        await ann.agent()
        me = ann.room.local_participant
        for texts in (("apples", "apples"), ("pears",)):
            for text in texts:
                named = {TYPED: f"typed-{text}"}
                await me.send_text(text, topic=CHAT, attributes=named)
            await ann.reads(f"You said: {texts[-1]}")

        def told() -> list[tuple[str, str]]:
            said = [one for one in ann.packets if one["type"] == "user.transcript"]
            return [(one["content"], one["turn_id"]) for one in said]

        assert [text for text, _ in dict.fromkeys(told())] == ["apples", "pears"]
        before = len(told())  # what was told may have been lost: it is told to who asks again
        await me.send_text("apples", topic=CHAT, attributes={TYPED: "typed-apples"})
        await ann.until(lambda: len(told()) > before)
        assert told()[-1] == told()[0]
        before = len(told())
        for times in (1, 2):
            await ann.write("plums")
            await ann.until(lambda: sum("plums" in one.text for one in ann.of_agent()) == times)  # noqa: B023 - waited for here
        assert sum("apples" in one.text for one in ann.of_agent()) == 1
        assert len(told()) == before
        assert not ann.of_user()


async def test_a_flood_of_messages_is_refused_and_the_line_stays_open(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """A few complaints say why; then it is silent."""
    async with hall(tmp_path, livekit, make=Echo, greeting="") as house:
        ann, _ = await house.call()
        await ann.agent()
        await ann.send(0)
        await ann.until(lambda: {"echo": 0} in ann.data)
        for number in range(1, 101):
            await ann.send(number)
        await ann.until(lambda: ann.notice("bad_request") is not None)
        await asyncio.sleep(1.0)
        await ann.send("still there?")
        await ann.until(lambda: {"echo": "still there?"} in ann.data)
        assert len([one for one in ann.data if one.get("code") == "bad_request"]) == 3


async def test_a_client_of_ours_silences_the_agent_without_a_word(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """The packet that says so is understood of everybody."""
    long = "This is a long greeting that nobody hears to its end, for it goes on and on."
    async with hall(tmp_path, livekit, greeting=long) as house:
        ann, _ = await house.call()
        await ann.until(lambda: any(len(one.text) > 8 for one in ann.of_agent()))
        await ann.send({"type": "client.interrupt"}, topic="duologue")
        await ann.until(lambda: ann.of_agent()[0].done)
        assert len(ann.of_agent()[0].text) < len(long) - 10
        assert not ann.of_user()


def understood(caller: Caller) -> str:
    """Everything that the agent understood of a user, in its order."""
    return " ".join(one.text for one in caller.of_user() if one.done and one.final)


async def test_what_was_said_before_the_agent_came_is_heard_first(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """Raw sound; the live sound waits behind it."""
    stt = ScriptedSTT(["I was early.", "And now?"])
    async with hall(tmp_path, livekit, stt=stt, greeting="") as house:
        claim = await house.claim("room-early")
        ann = await house.enter(claim, mic=False)
        track = await ann.publish(early=True)
        house.send_agent(claim)
        await ann.said_before(track.sid, speak("I was early with these words.") + silence(1.0))
        await ann.say(speak("Hello."), quiet=3.0)
        await ann.until(lambda: understood(ann) == "I was early. And now?")


async def test_a_browsers_early_sound_is_heard(tmp_path: Path, livekit: LiveKit) -> None:
    """Opus in WebM, as its recorder has it."""
    stt = ScriptedSTT(["I was early.", "And now?"])
    async with hall(tmp_path, livekit, stt=stt, greeting="") as house:
        claim = await house.claim("room-webm")
        ann = await house.enter(claim, mic=False)
        track = await ann.publish(early=True)
        house.send_agent(claim)
        spoken = speak("I was early with these words, and you hear them now.") + silence(1.0)
        mime = "audio/webm;codecs=opus"
        await ann.said_before(track.sid, spoken, mime, webm(spoken))
        await ann.say(speak("Hello."), quiet=3.0)
        await ann.until(lambda: understood(ann) == "I was early. And now?")

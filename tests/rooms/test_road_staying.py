"""Who comes, goes and comes back: the agent waits, makes place, tells why, and leaves."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from livekit import api, rtc
from livekit.agents import Agent, RunContext, function_tool
from tests.pipeline.stage import until
from tests.rooms.caller import Caller, Hall, hall
from tests.rooms.livekit import LiveKit

import duologue
from duologue.agents.voices.scripted import Call
from duologue.testing.models import ScriptedAnswers
from duologue.wire.rooms import CLAIM, CLIENT

LONG = "This is a long greeting that is cut in two, and goes on where it was cut a moment later."


class Ender(Agent):
    """Hangs up when it is asked to."""

    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")

    @function_tool
    async def hang_up(self, context: RunContext[Any]) -> str:
        """Ends the call."""
        duologue.current().end("done", say="Goodbye.")
        return "ended"


async def gone(house: Hall, room: str) -> None:
    """Waits until a room is no more."""
    async with asyncio.timeout(30):
        while True:
            async with house.livekit.api() as asked:
                found = await asked.room.list_rooms(api.ListRoomsRequest(names=[room]))
            if not found.rooms:
                return
            await asyncio.sleep(0.1)


async def test_who_drops_and_returns_is_told_the_rest(tmp_path: Path, livekit: LiveKit) -> None:
    """The agent waited, with the same run; nothing is greeted twice, nothing is left out."""
    async with hall(tmp_path, livekit, greeting=LONG) as house:
        ann, claim = await house.call()
        await ann.until(lambda: any(len(one.text) > 12 for one in ann.of_agent()))
        run = house.stage.host.run_of(claim.conversation)
        await ann.leave()
        heard = ann.of_agent()[0].text
        await until(lambda: not house.stage.host.attached(claim.conversation))
        again = await house.enter(claim)
        rest = await again.reads("a moment later.")
        assert house.stage.host.run_of(claim.conversation) is run
        assert LONG.endswith(rest.text.strip())
        assert len(heard) + len(rest.text) >= len(LONG) - 8
        await again.write("still there?")
        await again.reads("You said: still there?")


async def test_who_comes_back_late_meets_an_agent_that_remembers(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """After the grace time the agent left and the room is gone; a new one knows what was said."""
    minds = ScriptedAnswers()
    settings = {"grace_seconds": 0.5}
    async with hall(tmp_path, livekit, settings=settings, llm=minds) as house:
        ann, claim = await house.call()
        await ann.reads("Hello.")
        await ann.write("remember the pears")
        await ann.reads("pears")
        await ann.leave()
        await house.jobs[0]
        await gone(house, claim.room)
        again = await house.enter(claim, ours=True)
        house.send_agent(claim)
        await again.until(lambda: "listening" in again.states)
        await again.write("what was it?")
        await again.reads("what was it?")
        assert [one.text for one in again.of_agent() if "Hello" in one.text] == []
        talk = [message.text_content for message in minds.talks[-1].messages()]
        assert "remember the pears" in talk
        history = next(one for one in again.packets if one["type"] == "conversation.history")
        assert [one["content"] for one in history["messages"]][:2] == [
            "Hello.",
            "remember the pears",
        ]


async def test_who_leaves_on_purpose_is_not_waited_for(tmp_path: Path, livekit: LiveKit) -> None:
    """Only a client of ours can say so; the room closes at once."""
    async with hall(tmp_path, livekit) as house:
        ann, claim = await house.call()
        await ann.reads("Hello.")
        await ann.send({"type": "client.end"}, topic="duologue")
        await asyncio.wait_for(house.jobs[0], 20)
        await gone(house, claim.room)
        await until(lambda: house.stage.host.live == 0)  # the run ends beside


async def test_an_agent_that_hangs_up_says_why_and_closes_the_room(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """Its last words are heard, then the client sees a clean end."""
    minds = ScriptedAnswers([Call("hang_up", {})])
    async with hall(tmp_path, livekit, llm=minds, make=Ender) as house:
        ann, claim = await house.call()
        await ann.reads("Hello.")
        await ann.write("bye")
        await ann.reads("Goodbye.")
        await ann.until(lambda: ann.ended is not None)
        assert ann.notice("ended") is not None
        assert ann.ended in ("ROOM_DELETED", "PARTICIPANT_REMOVED", "ROOM_CLOSED")
        await asyncio.wait_for(house.jobs[0], 20)
        again = await house.enter(claim)
        house.send_agent(claim)
        await again.until(lambda: again.notice("conversation_ended") is not None)
        await again.until(lambda: again.ended is not None)


async def test_a_server_that_goes_away_says_so(tmp_path: Path, livekit: LiveKit) -> None:
    """Every room is closed before the server is, within bounds."""
    async with hall(tmp_path, livekit) as house:
        ann, _ = await house.call()
        await ann.reads("Hello.")
        await asyncio.wait_for(house.stage.host.close(), 30)
        await ann.until(lambda: ann.ended is not None)
        assert ann.notice("going_away") is not None
        await asyncio.wait_for(house.jobs[0], 20)


async def test_an_observer_is_not_listened_to(tmp_path: Path, livekit: LiveKit) -> None:
    """Who has no claim hears everything, and is nobody to the agent."""
    async with hall(tmp_path, livekit) as house:
        ann, claim = await house.call()
        await ann.reads("Hello.")
        eve = Caller("eve")
        house.callers.append(eve)
        await eve.connect(livekit.url, livekit.token(claim.room, "eve"))
        await eve.publish()
        await eve.write("I am the user now")
        await eve.send({"type": "client.end"}, topic="duologue")
        await ann.write("who is there?")
        await eve.reads("You said: who is there?")
        assert not [one for one in eve.of_agent() if "user now" in one.text]
        await eve.leave()
        assert not house.jobs[0].done()


async def test_a_claim_for_somebody_else_opens_nothing(tmp_path: Path, livekit: LiveKit) -> None:
    """It is told why, and the talk of the others goes on."""
    async with hall(tmp_path, livekit) as house:
        ann, claim = await house.call()
        await ann.reads("Hello.")
        eve = Caller("eve")
        house.callers.append(eve)
        stolen = {"duologue.claim": house.text(claim)}
        await eve.connect(livekit.url, livekit.token(claim.room, "eve", **stolen))
        await eve.publish()
        await eve.until(lambda: eve.notice("claim_invalid") is not None)
        await ann.write("still mine?")
        await ann.reads("You said: still mine?")


async def test_a_second_place_takes_over(tmp_path: Path, livekit: LiveKit) -> None:
    """With `takeover` the first one is told, and shown out."""
    async with hall(tmp_path, livekit) as house:
        ann, claim = await house.call()
        await ann.reads("Hello.")
        other = await house.claim(claim.room, "ann-2", conversation=claim.conversation, known=True)
        two = await house.enter(other)
        await ann.until(lambda: ann.ended is not None)
        assert ann.notice("replaced") is not None
        await two.write("it is me")
        await two.reads("You said: it is me")


async def test_a_second_place_is_refused_where_the_agent_says_so(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """With `reject` the second one is told, and shown out; the first one notices nothing."""
    async with hall(tmp_path, livekit, tabs="reject") as house:
        ann, claim = await house.call()
        await ann.reads("Hello.")
        other = await house.claim(claim.room, "ann-2", conversation=claim.conversation, known=True)
        two = await house.enter(other)
        await two.until(lambda: two.ended is not None)
        assert two.notice("conversation_open") is not None
        await ann.write("it is me")
        await ann.reads("You said: it is me")


async def test_several_share_one_agent(tmp_path: Path, livekit: LiveKit) -> None:
    """With `share` both are read and answered, by one agent."""
    async with hall(tmp_path, livekit, tabs="share") as house:
        ann, claim = await house.call()
        await ann.reads("Hello.")
        other = await house.claim(claim.room, "ann-2", conversation=claim.conversation, known=True)
        two = await house.enter(other)
        await until(lambda: len(house.stage.host.attached(claim.conversation)) == 2)
        await two.write("pears")
        await ann.reads("You said: pears")
        await ann.write("apples")
        caption = await two.reads("You said: apples")
        assert len([one for one in two.of_agent() if one.text == caption.text]) == 1
        assert house.stage.host.live == 1


async def test_a_reconnected_agent_goes_on(tmp_path: Path, livekit: LiveKit) -> None:
    """A broken line of the agent's own ends nothing."""
    async with hall(tmp_path, livekit) as house:
        ann, claim = await house.call()
        await ann.reads("Hello.")
        seats = house.stage.host.attached(claim.conversation)
        await ann.room.simulate_scenario(rtc.SimulateScenarioKind.SIMULATE_FULL_RECONNECT)
        await ann.write("still there?")
        await ann.reads("You said: still there?")
        assert len(seats) == 1
        assert house.stage.host.live == 1


async def test_nobody_goes_on_with_the_claim_of_somebody_else(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """A claim can be read by all who are in the room, and is good for one identity only."""
    async with hall(tmp_path, livekit) as house:
        ann, claim = await house.call()
        await ann.reads("Hello.")
        bob = Caller("bob")
        house.callers.append(bob)
        await bob.connect(livekit.url, livekit.token(claim.room, "bob", **{CLIENT: "1"}))
        await bob.publish()
        await bob.until(lambda: "ann" in bob.room.remote_participants)
        copied = bob.room.remote_participants["ann"].attributes[CLAIM]
        assert copied == house.text(claim)
        await ann.leave()
        await until(lambda: not house.stage.host.attached(claim.conversation))
        await bob.room.local_participant.set_attributes({CLAIM: copied})
        await bob.until(lambda: bob.notice("claim_invalid") is not None)
        assert not house.stage.host.attached(claim.conversation)
        again = await house.enter(claim)  # whose it is still comes back as who she was
        await until(lambda: bool(house.stage.host.attached(claim.conversation)))
        await again.write("is it me?")
        await again.reads("is it me?")

"""A person in the agent's place, with scripted models and a real store."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from livekit.agents import Agent, RunContext, function_tool
from tests.pipeline.stage import Client, Stage, stage, until

from duologue.agents.voices.scripted import Call
from duologue.bus.bell import one_of
from duologue.core import happenings as h
from duologue.errors import DuologueError
from duologue.store import trace_lists, trace_persons
from duologue.testing.models import ScriptedAnswers, ScriptedSTT
from duologue.testing.speech import speak
from duologue.wire import live as wire

ADA = "con_ada"
BOB = "con_bob"


async def order(desk: Stage, what: wire.Order) -> wire.Shown:
    """An order for the stage's conversation."""
    return await desk.host.bell.order(desk.org_id, desk.conversation, what)


async def taken(desk: Stage, seconds: float = 60.0) -> None:
    """Ada answers from now on."""
    shown = await order(desk, wire.TakeOver(ADA, "Ada", seconds))
    assert shown.holder is not None
    assert (shown.holder.by, shown.holder.name) == (ADA, "Ada")


async def back(desk: Stage, client: Client) -> None:
    """Ada hands back."""
    await order(desk, wire.HandBack(ADA))
    await client.until(h.Noticed, lambda one: one.code == "handed_back")


def asked(mind: ScriptedAnswers) -> list[str]:
    """What a model was asked with last."""
    return [message.text_content or "" for message in mind.talks[-1].messages()]


async def test_a_person_answers_and_the_agent_goes_on_knowing_it(tmp_path: Path) -> None:
    """What is typed meanwhile is kept and shown, and answered by nobody but the person."""
    mind = ScriptedAnswers(["Of course."])
    async with stage(tmp_path, llm=lambda: mind) as desk:
        client = await desk.join()
        await client.said("Hello.")
        await taken(desk)
        notice = await client.until(h.Noticed)
        assert (notice.code, "person" in notice.message) == ("taken_over", True)
        client.run.floor.type("Where is my parcel?")
        await client.until(h.UserSaid, lambda one: one.text == "Where is my parcel?")
        await order(desk, wire.Speak(ADA, "It comes on Friday."))
        await client.said("It comes on Friday.")
        assert mind.talks == []
        await back(desk, client)
        client.run.floor.type("Thank you, agent?")
        await client.said("Of course.")
        told = asked(mind)
        assert told[-4:] == [
            "Hello.",
            "Where is my parcel?",
            "It comes on Friday.",
            "Thank you, agent?",
        ]
        assert "Ada" in told[0]
        assert "- It comes on Friday." in told[0]
        assert "Where is my parcel?" not in told[0]
        kept = [(m.role, m.text, m.item) for m in await desk.record() if m.kind == "message"]
        assert kept == [
            ("assistant", "Hello.", None),
            ("user", "Where is my parcel?", None),
            ("assistant", "It comes on Friday.", {"by": "person", "name": "Ada"}),
            ("user", "Thank you, agent?", None),
            ("assistant", "Of course.", None),
        ]


async def test_what_is_spoken_meanwhile_is_shown_and_not_answered(tmp_path: Path) -> None:
    """The ears go on; the model is not even asked early."""
    mind = ScriptedAnswers(["Never said."])
    stt = ScriptedSTT(["can you hear me"])
    async with stage(tmp_path, llm=lambda: mind, stt=stt, greeting="") as desk:
        client = await desk.join()
        await taken(desk)
        client.run.floor.hear(speak("can you hear me").at(16000).pcm, 16000)
        client.run.floor.hear(bytes(32000 * 2), 16000)
        await client.until(h.UserSaid, lambda one: "can you hear me" in one.text)
        await asyncio.sleep(0.3)
        assert mind.talks == []
        assert client.all(h.AgentSaid) == []
        assert await desk.words() == [("user", "can you hear me", False)]


async def test_the_agent_is_silenced_in_the_middle_of_a_word(tmp_path: Path) -> None:
    """And whatever its code lets it say of itself meanwhile is not heard."""
    long = "one two three four five six seven eight nine ten eleven twelve"
    async with stage(tmp_path, greeting=long) as desk:
        client = await desk.join()
        await client.until(h.AgentAudio)
        await taken(desk)
        ended = await client.until(h.AgentEnded)
        assert ended.interrupted
        session = client.run._actor.session
        assert session is not None
        session.say("I am still here.")
        session.generate_reply(instructions="Say something.")
        client.run.chat("I write instead.")
        await order(desk, wire.Speak(ADA, "Ada speaks."))
        await client.said("Ada speaks.")
        said = [one.text for one in client.all(h.AgentSaid)]
        assert not any("still here" in each or "write instead" in each for each in said)
        assert (await desk.words())[-1] == ("assistant", "Ada speaks.", False)


async def test_of_two_persons_the_first_stays(tmp_path: Path) -> None:
    """The other is told whose turn it is; nobody speaks, or hands back, without taking over."""
    async with stage(tmp_path) as desk:
        await desk.join()
        unasked: tuple[wire.Order, ...] = (wire.Speak(ADA, "Hi."), wire.HandBack(ADA))
        for what in unasked:
            with pytest.raises(DuologueError, match="Nobody has taken over"):
                await order(desk, what)
        await taken(desk)
        await taken(desk)  # asked again, it stays as it is
        refusals: tuple[wire.Order, ...] = (
            wire.TakeOver(BOB, "Bob", 60),
            wire.Speak(BOB, "Hi."),
            wire.HandBack(BOB),
            wire.Say("Hi."),
        )
        for what in refusals:
            with pytest.raises(DuologueError, match="Ada has taken over"):
                await order(desk, what)
        shown = await order(desk, wire.Stay(BOB, 60))
        assert shown.holder is not None
        assert shown.holder.by == ADA


async def test_the_agent_takes_back_when_nothing_is_heard_of_the_person(tmp_path: Path) -> None:
    """A page that was closed asks for nothing any more; each sign of life is one more patience."""
    async with stage(tmp_path, llm=ScriptedAnswers(["Here I am."])) as desk:
        client = await desk.join()
        await client.said("Hello.")
        await taken(desk, 2.0)
        for _ in range(5):
            await asyncio.sleep(0.5)
            shown = await order(desk, wire.Stay(ADA, 2.0))
            assert shown.holder is not None
        await client.until(h.Noticed, lambda one: one.code == "handed_back")
        client.run.floor.type("Anybody?")
        await client.said("Here I am.")
        with pytest.raises(DuologueError, match="nothing was heard"):
            await order(desk, wire.Speak(ADA, "Late."))


async def test_last_words_are_heard_before_the_agent_is_back(tmp_path: Path) -> None:
    """They are the person's to their end."""
    async with stage(tmp_path, greeting="") as desk:
        client = await desk.join()
        await taken(desk)
        await order(desk, wire.Speak(ADA, "one two three four five six"))
        await order(desk, wire.HandBack(ADA))
        await client.until(h.Noticed, lambda one: one.code == "handed_back")
        ends = [type(one) for one in client.heard if isinstance(one, h.AgentEnded | h.Noticed)]
        assert ends == [h.Noticed, h.AgentEnded, h.Noticed]
        stored = await desk.record()
        assert [one.item for one in stored] == [{"by": "person", "name": "Ada"}]


async def test_last_words_are_heard_of_a_person_who_is_gone(tmp_path: Path) -> None:
    """Nothing is heard of them any more while they are still said: the agent waits for the end."""
    async with stage(tmp_path, greeting="") as desk:
        client = await desk.join()
        await taken(desk, 1.5)
        await order(desk, wire.Speak(ADA, "one two three four five six seven eight nine ten"))
        await client.until(h.Noticed, lambda one: one.code == "handed_back")
        ends = [type(one) for one in client.heard if isinstance(one, h.AgentEnded | h.Noticed)]
        assert ends == [h.Noticed, h.AgentEnded, h.Noticed]
        stored = await desk.record()
        assert [one.item for one in stored] == [{"by": "person", "name": "Ada"}]


async def test_what_could_not_be_said_in_time_is_not_said_by_the_agent(tmp_path: Path) -> None:
    """The session is not there yet, and the person is gone before it is."""
    async with stage(tmp_path, greeting="") as desk:
        client = await desk.join()
        takeover = client.run.takeover
        takeover.begin(ADA, "Ada", 60)
        takeover.speak(ADA, "It is me.")
        assert client.run._actor.session is None
        takeover._deserted()
        assert takeover.holder is None
        await until(lambda: client.run._actor.session is not None)
        client.run.say("Now I.")
        await client.said("Now I.")
        assert [one.text for one in client.all(h.AgentSaid)] == ["Now I."]


async def test_who_begins_again_may_ask_for_more_patience(tmp_path: Path) -> None:
    """Each word of theirs is a sign of life for as long as they asked for last."""
    async with stage(tmp_path, greeting="") as desk:
        client = await desk.join()
        await taken(desk, 0.2)
        await taken(desk, 60)
        await order(desk, wire.Speak(ADA, "Hi."))
        await client.said("Hi.")
        await asyncio.sleep(0.6)
        assert client.run.holder is not None


async def test_who_comes_meanwhile_is_told_and_a_rebuilt_agent_knows(tmp_path: Path) -> None:
    """Those who join later hear that it is a person; so does the agent of the next run."""
    mind = ScriptedAnswers(["Yes."])
    async with stage(tmp_path, llm=lambda: mind, tabs="share") as desk:
        client = await desk.join()
        await client.said("Hello.")
        await taken(desk)
        await order(desk, wire.Speak(ADA, "Ada speaks."))
        await client.said("Ada speaks.")
        second = await desk.join(again=True)
        assert (await second.until(h.Noticed)).code == "taken_over"
        await desk.leave(second, "dropped")
        await desk.leave(client)
        again = await desk.join(again=True)
        again.run.floor.type("Was that Ada?")
        await again.said("Yes.")
        assert "- Ada speaks." in asked(mind)[0]


async def test_a_tool_that_still_works_answers_nobody(tmp_path: Path) -> None:
    """What it found out may be said later; the handoff it asks for is silent, too."""
    begun, go = asyncio.Event(), asyncio.Event()

    class Slow(Agent):
        def __init__(self) -> None:
            super().__init__(instructions="Be brief.")

        @function_tool
        async def look_up(self, context: RunContext[None]) -> str:
            """Looks something up."""
            begun.set()
            await go.wait()
            return "found"

    mind = ScriptedAnswers([Call("look_up", {}), "It was found."])
    async with stage(tmp_path, llm=lambda: mind, make=Slow, greeting="") as desk:
        client = await desk.join()
        client.run.floor.type("Look it up.")
        await begun.wait()
        await taken(desk)
        go.set()
        client.run.floor.type("Still there?")
        await client.until(h.UserSaid, lambda one: one.text == "Still there?")
        await asyncio.sleep(0.3)
        assert not any("found" in one.text for one in client.all(h.AgentSaid))


async def test_the_trace_says_who_spoke_and_what(tmp_path: Path) -> None:
    """From the moment it begins; a run that ends meanwhile ends it."""
    async with stage(tmp_path, greeting="") as desk:
        client = await desk.join()
        run = client.run
        await taken(desk)
        await order(desk, wire.Speak(ADA, "Ada speaks."))
        await client.said("Ada speaks.")
        await desk.host.finish(desk.org_id, desk.conversation, "done")
        await run.closed()
        await desk.host._settle()
        await desk.host.tracing.ledger.close()
        spans = await desk.host.db.read(trace_lists.spans_of, desk.org_id, run.id)
        turns = await desk.host.db.read(trace_persons.turns_of, desk.org_id, run.id)
    found = [span for span in spans if span.name == "takeover"]
    assert len(found) == 1
    assert found[0].end_ns > found[0].start_ns
    assert found[0].attributes == {
        "state": "taken_over",
        "who": "person",
        "name": "Ada",
        "lk.pii.said": ["Ada speaks."],
    }
    assert [(turn.agent_text, turn.person) for turn in turns] == [("Ada speaks.", "Ada")]


async def test_those_who_watch_see_whose_words_they_are(tmp_path: Path) -> None:
    """The person's are not the agent's."""
    async with stage(tmp_path) as desk:
        client = await desk.join(ready=False)
        watcher = desk.host.bell.subscribe(one_of(desk.org_id, desk.conversation))
        client.run.ready(client)
        await client.said("Hello.")
        await taken(desk)
        await order(desk, wire.Speak(ADA, "Ada speaks."))
        await client.said("Ada speaks.")
        await back(desk, client)
        events = []
        while (event := await watcher.take(0.05)) is not None:
            events.append(event)
        watcher.close()
        final = [
            (one.side, one.text) for one in events if isinstance(one, wire.Words) and one.final
        ]
        assert final == [("agent", "Hello."), ("person", "Ada speaks.")]
        holders = [one.holder for one in events if isinstance(one, wire.Taken)]
        assert [each.name if each else None for each in holders] == ["Ada", None]
        told = [one.code for one in events if isinstance(one, wire.Told)]
        assert told == ["taken_over", "handed_back"]
        await until(lambda: client.run.holder is None)


async def test_what_is_said_by_a_button_is_shown_and_not_answered(tmp_path: Path) -> None:
    """Push-to-talk has ends of turns of its own; after the hand-back they are answered again."""
    mind = ScriptedAnswers(["Here I am."])
    stt = ScriptedSTT(["can you hear me", "and now"])
    push = {"trigger": "push_to_talk"}
    async with stage(tmp_path, llm=lambda: mind, stt=stt, greeting="", turns=push) as desk:
        client = await desk.join()

        async def press(words: str) -> None:
            client.run.floor.press()
            client.run.floor.hear(speak(words).at(16000).pcm, 16000)
            await asyncio.sleep(0.2)
            client.run.floor.release()
            await client.until(h.UserSaid, lambda one: words in one.text)

        await taken(desk)
        await press("can you hear me")
        assert mind.talks == []
        await back(desk, client)
        await press("and now")
        await client.said("Here I am.")

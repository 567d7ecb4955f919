"""One life of one agent, with scripted models and a real store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextvars import Context
from pathlib import Path
from typing import Any

import pytest
from livekit.agents import Agent, APIConnectOptions, APIError, function_tool, llm, tts
from tests.pipeline.stage import stage, until

import duologue
from duologue.agents.voices.scripted import Call
from duologue.core import happenings as h
from duologue.pipeline.run import DEAD
from duologue.pipeline.speaking import BLOCK, CHUNK, LEAD
from duologue.testing.models import ScriptedAnswers, ScriptedSTT, ToneTTS
from duologue.testing.speech import speak

SOUND = bytes(3200)


async def test_a_new_conversation_is_greeted_once_and_remembered(tmp_path: Path) -> None:
    """The greeting is spoken when the client is ready, stored, and not said to one who returns."""
    async with stage(tmp_path, llm=ScriptedAnswers(["Fine."])) as desk:
        client = await desk.join()
        await client.said("Hello.")
        client.run.floor.type("How are you?")
        await client.said("Fine.")
        await desk.leave(client)
        again = await desk.join(again=True)
        assert again.seat is not None
        assert again.seat.resumed == "rebuilt"
        again.run.floor.type("Still there?")
        await again.said("You said: Still there?")
        assert all("Hello" not in said.text for said in again.all(h.AgentSaid))
        assert await desk.words() == [
            ("assistant", "Hello.", False),
            ("user", "How are you?", False),
            ("assistant", "Fine.", False),
            ("user", "Still there?", False),
            ("assistant", "You said: Still there?", False),
        ]


async def test_an_agent_that_nothing_was_asked_of_says_that_it_listens(tmp_path: Path) -> None:
    """Who comes back, or is not greeted, is not left to believe that it is still on its way."""
    async with stage(tmp_path, greeting="") as desk:
        for again in (False, True):
            client = await desk.join(again=again)
            heard = await client.until(h.StateChanged)
            assert heard.state == "listening"
            assert client.run._actor.asleep
            await desk.leave(client)


async def test_the_model_of_a_rebuilt_run_knows_what_was_said(tmp_path: Path) -> None:
    """The stored words are in the context that the model is asked with."""
    mind = ScriptedAnswers(["One."])
    async with stage(tmp_path, llm=lambda: mind) as desk:
        client = await desk.join()
        await client.said("Hello.")
        client.run.floor.type("first words")
        await client.said("One.")
        await desk.leave(client)
        again = await desk.join(again=True)
        again.run.floor.type("second words")
        await again.said("second words")
        asked = [message.text_content for message in mind.talks[-1].messages()]
        assert asked[-4:] == ["Hello.", "first words", "One.", "second words"]


async def test_a_client_that_drops_goes_on_with_the_same_run(tmp_path: Path) -> None:
    """The same agent, the rest of its sentence under a new turn, nothing greeted again."""
    async with stage(tmp_path, greeting="one two three four five six seven eight") as desk:
        client = await desk.join()
        await client.until(h.AgentAudio)
        run = client.run
        await desk.leave(client, "dropped")
        assert run.ended is None
        again = await desk.join(again=True)
        assert again.run is run
        assert again.seat is not None
        assert again.seat.resumed == "live"
        started = await again.until(h.AgentStarted)
        assert started.turn != client.all(h.AgentStarted)[0].turn
        await again.until(h.AgentEnded, lambda one: one.turn == started.turn)
        before = sum(len(one.pcm) for one in client.all(h.AgentAudio)) // 2
        after = sum(len(one.pcm) for one in again.all(h.AgentAudio)) // 2
        whole = round(len("one two three four five six seven eight") * 0.06 * 16000)
        # Nothing unheard is lost; at most what was under way comes twice.
        assert whole <= before + after <= whole + LEAD + CHUNK + BLOCK
        assert await desk.words() == [
            ("assistant", "one two three four five six seven eight", False)
        ]


async def test_an_agent_that_nobody_returns_to_ends_after_the_grace_time(tmp_path: Path) -> None:
    """What was not heard is not in the record."""
    settings = {"grace_seconds": 0.3}
    greeting = "one two three four five six seven eight nine ten"
    async with stage(tmp_path, greeting=greeting, settings=settings) as desk:
        client = await desk.join()
        await client.until(h.AgentAudio)
        run = client.run
        await desk.leave(client, "dropped")
        await until(lambda: run.ended is not None)
        await run.closed()
        assert run.ended == "left"
        ((role, text, interrupted),) = await desk.words() or [("assistant", "", True)]
        assert (role, interrupted) == ("assistant", True)
        assert greeting.startswith(text)
        assert len(text) < len(greeting)


async def test_typing_interrupts_and_the_record_keeps_what_was_heard(tmp_path: Path) -> None:
    """turn.start of the user, no more sound of the old turn, its text, its end."""
    long = "one two three four five six seven eight nine ten eleven twelve"
    async with stage(tmp_path, llm=ScriptedAnswers([long, "Stopped."])) as desk:
        client = await desk.join()
        await client.said("Hello.")
        client.run.floor.type("count")
        started = (await client.until(h.AgentText, lambda one: "one" in one.text)).turn
        await client.until(h.AgentAudio, lambda one: one.turn == started)
        await asyncio.sleep(0.8)
        client.run.floor.type("stop")
        await client.said("Stopped.")
        place = next(
            index
            for index, one in enumerate(client.heard)
            if isinstance(one, h.UserStarted)
            and index > client.heard.index(h.AgentStarted(started))
        )
        later = client.heard[place:]
        assert not [one for one in later if isinstance(one, h.AgentAudio) and one.turn == started]
        assert h.AgentEnded(started, interrupted=True) in later
        cut = next(one for one in await desk.words() if one[2])
        assert long.startswith(cut[1])
        assert len(cut[1]) < len(long)


async def test_an_agent_that_may_not_be_interrupted_is_not(tmp_path: Path) -> None:
    """The client stopped by itself: the rest comes under a new turn, then the typed turn."""
    text = "one two three four five six"
    turns = {"can_interrupt": False}
    async with stage(tmp_path, greeting=text, turns=turns, llm=ScriptedAnswers(["Now."])) as desk:
        client = await desk.join()
        await client.until(h.AgentAudio)
        client.run.floor.type("hey")
        await client.said("Now.")
        words = await desk.words()
        assert words == [
            ("assistant", text, False),
            ("user", "hey", False),
            ("assistant", "Now.", False),
        ]
        sound = sum(len(one.pcm) for one in client.all(h.AgentAudio)) // 2
        assert sound >= round((len(text) + len("Now.")) * 0.06 * 16000)


class Tools(Agent):
    """An agent with a tool, data and the last word."""

    def __init__(self) -> None:
        super().__init__(instructions="Use the tool.")

    async def on_enter(self) -> None:
        """Echoes what the page sends."""
        here = duologue.current()
        here.on_data(lambda data: here.send({"echo": data}))

    @function_tool
    async def opening_hours(self, day: str) -> str:
        """Tells when the shop is open.

        Args:
            day: A day of the week.
        """
        return f"{day}: nine to five"

    @function_tool
    async def hang_up(self) -> None:
        """Ends the call."""
        duologue.current().end("agent_ended", say="Goodbye.")


async def test_tools_are_used_told_and_remembered(tmp_path: Path) -> None:
    """Call and output are in the record, and a rebuilt agent knows them."""
    answers: list[str | list[str | Call]] = [
        [Call("opening_hours", {"day": "monday"})],
        "Nine to five.",
    ]
    mind = ScriptedAnswers(answers)
    async with stage(tmp_path, llm=lambda: mind, make=Tools) as desk:
        client = await desk.join()
        await client.said("Hello.")
        client.run.floor.type("When are you open on monday?")
        await client.said("Nine to five.")
        used = client.all(h.ToolUsed)
        assert [(one.name, one.status) for one in used] == [
            ("opening_hours", "started"),
            ("opening_hours", "done"),
        ]
        kinds = [(one.kind, one.text) for one in await desk.record()]
        assert ("tool_call", "opening_hours") in kinds
        assert ("tool_output", "monday: nine to five") in kinds
        await desk.leave(client)
        again = await desk.join(again=True)
        again.run.floor.type("thanks")
        await again.said("thanks")
        remembered = [item.type for item in mind.talks[-1].items]
        assert "function_call" in remembered
        assert "function_call_output" in remembered


async def test_data_goes_both_ways_and_interrupts_nothing(tmp_path: Path) -> None:
    """The agent's handler answers while the greeting goes on."""
    greeting = "one two three four five six"
    async with stage(tmp_path, make=Tools, greeting=greeting) as desk:
        client = await desk.join()
        await client.until(h.AgentAudio)
        client.run.data({"cart": 3})
        sent = await client.until(h.DataSent)
        assert sent.content == {"echo": {"cart": 3}}
        await client.said(greeting)
        assert not client.all(h.UserStarted)
        assert not client.all(h.AgentEnded)[0].interrupted


async def test_who_stays_hears_the_rest_when_the_first_listener_leaves(tmp_path: Path) -> None:
    """The answer goes on under a new turn, whose place is the second one's to tell."""
    greeting = "one two three four five six seven eight nine ten"
    async with stage(tmp_path, greeting=greeting, tabs="share") as desk:
        first = await desk.join()
        await first.until(h.AgentAudio)
        second = await desk.join(again=True)
        assert second.run is first.run
        joined = second.all(h.AgentStarted)[0].turn
        assert joined == first.all(h.AgentStarted)[0].turn
        await second.until(h.AgentAudio)
        assert first.run.leads(first)
        await desk.leave(first, "dropped")
        assert second.run.leads(second)
        went_on = await second.until(h.AgentStarted, lambda one: one.turn != joined)
        ended = await second.until(h.AgentEnded, lambda one: one.turn == went_on.turn)
        assert not ended.interrupted
        assert desk.host.live == 1


async def test_a_line_lost_in_mid_word_leaves_no_open_ear(tmp_path: Path) -> None:
    """Who comes back without a microphone and types is answered."""
    async with stage(tmp_path, stt=ScriptedSTT([""])) as desk:
        client = await desk.join()
        await client.said("Hello.")
        word = speak("I would like to book").at(16000).pcm
        for start in range(0, len(word), 3200):
            client.run.floor.hear(word[start : start + 3200], 16000)
            await asyncio.sleep(0.02)
        await client.until(h.UserStarted)
        await desk.leave(client, "dropped")
        again = await desk.join(again=True)
        again.run.floor.type("Are you there?")
        await again.said("You said: Are you there?")


async def test_who_shares_a_conversation_leads_when_the_first_line_is_dead(tmp_path: Path) -> None:
    """A phone that changed its network comes back beside its own dead socket, and is heard."""
    async with stage(tmp_path, tabs="share") as desk:
        first = await desk.join()
        second = await desk.join(again=True)
        run = first.run
        run.here()
        run.claim(second)
        assert run.leads(first)
        run._led_at -= DEAD + 1
        run.claim(second)
        assert run.leads(second)
        assert not run.leads(first)


async def test_whoever_asks_the_agent_acts_in_its_own_session(tmp_path: Path) -> None:
    """A client that came back types from a task that knows nothing of the agent; its tools do."""
    mind = ScriptedAnswers([[Call("hang_up", {})]])
    async with stage(tmp_path, llm=mind, make=Tools) as desk:
        first = await desk.join()
        await first.said("Hello.")
        await desk.leave(first, "dropped")
        client = await desk.join(again=True)
        states = client.all(h.StateChanged)
        assert [one.state for one in states] == ["listening"]
        Context().run(client.run.floor.type, "bye")
        assert (await client.until(h.Ended)).code == "ended"


async def test_an_agent_that_hangs_up_says_goodbye_first(tmp_path: Path) -> None:
    """Its last words are heard, then the conversation is over for good."""
    mind = ScriptedAnswers([[Call("hang_up", {})]])
    async with stage(tmp_path, llm=mind, make=Tools) as desk:
        client = await desk.join()
        await client.said("Hello.")
        client.run.floor.type("bye")
        ended = await client.until(h.Ended)
        assert ended.code == "ended"
        assert [said.text for said in client.all(h.AgentSaid)][-1] == "Goodbye."
        assert not client.all(h.AgentEnded)[-1].interrupted
        await client.run.closed()
        with pytest.raises(duologue.DuologueError) as refused:
            await desk.join(again=True)
        assert refused.value.code == "conversation_ended"


class Broken(ScriptedAnswers):
    """A mind that fails at its first thought."""

    def __init__(self) -> None:
        super().__init__()
        self.failures = 1

    def answer(self, talk: llm.ChatContext, tools: frozenset[str]) -> Iterator[str | Call]:
        """Fails once, then answers."""
        if self.failures:
            self.failures -= 1
            raise APIError("the model is down", retryable=False)
        yield from super().answer(talk, tools)


async def test_a_mind_that_fails_is_apologized_for_and_the_talk_goes_on(tmp_path: Path) -> None:
    """The caller hears it, reads it, the record says it, and the next turn is answered."""
    mind = Broken()
    async with stage(tmp_path, llm=lambda: mind) as desk:
        client = await desk.join()
        await client.said("Hello.")
        client.run.floor.type("think")
        await client.said("Sorry, something went wrong")
        notice = await client.until(h.Noticed)
        assert notice.code == "provider_failed"
        assert "thinking" in notice.message
        client.run.floor.type("again")
        await client.said("You said: again")
        (failure,) = [one for one in await desk.record() if one.kind == "error"]
        assert failure.item["part"] == "thinking"
        assert "the model is down" in failure.item["error"]


class Hoarse(ToneTTS):
    """A voice that fails always."""

    def synthesize(self, text: str, **options: Any) -> tts.ChunkedStream:
        """Has no sound."""
        options.setdefault("conn_options", APIConnectOptions(max_retry=0))
        return _NoSound(tts=self, input_text=text, **options)


class _NoSound(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        raise APIError("no voice", retryable=False)


async def test_a_voice_that_fails_leaves_words_to_read(tmp_path: Path) -> None:
    """The answer is told as text, the turn ends, and the client learns why it is silent."""
    async with stage(tmp_path, tts=Hoarse, greeting="", llm=ScriptedAnswers(["Read me."])) as desk:
        client = await desk.join()
        client.run.floor.type("hello")
        said = await client.until(h.AgentSaid)
        assert said.text == "Read me."
        await client.until(h.AgentEnded, lambda one: one.turn == said.turn)
        assert (await client.until(h.Noticed)).code == "provider_failed"


class Eager(Agent):
    """An agent that greets by itself, as LiveKit's examples do."""

    def __init__(self) -> None:
        super().__init__(instructions="Greet.")

    async def on_enter(self) -> None:
        """Greets."""
        await self.session.say("Welcome to the shop.")


async def test_an_agent_that_greets_by_itself_greets_once(tmp_path: Path) -> None:
    """In a rebuilt run its on_enter is held back from speaking."""
    async with stage(tmp_path, make=Eager, greeting="") as desk:
        client = await desk.join()
        await client.said("Welcome")
        await desk.leave(client)
        again = await desk.join(again=True)
        again.run.floor.type("me again")
        await again.said("You said: me again")
        assert [said.text for said in again.all(h.AgentSaid)] == ["You said: me again"]


async def test_what_an_agent_writes_is_a_turn_without_sound(tmp_path: Path) -> None:
    """Chat is stored before it is shown."""
    async with stage(tmp_path, greeting="") as desk:
        client = await desk.join()
        client.run.chat("See you at five.")
        said = await client.until(h.AgentSaid)
        await client.until(h.AgentEnded, lambda one: one.turn == said.turn)
        assert ("assistant", "See you at five.", False) in await desk.words()
        assert not client.all(h.AgentAudio)


async def test_an_answer_that_begins_while_nobody_is_there_is_heard_whole(tmp_path: Path) -> None:
    """Who returns gets the turn from its beginning: its start, its words, its sound."""
    mind = ScriptedAnswers(["Here it is."], delay=0.3)
    async with stage(tmp_path, greeting="", llm=lambda: mind) as desk:
        client = await desk.join()
        client.run.floor.type("fetch it")
        await client.until(h.UserSaid)
        await desk.leave(client, "dropped")
        await until(lambda: bool(mind.talks))
        await asyncio.sleep(0.5)
        again = await desk.join(again=True)
        await again.said("Here it is.")
        turn = again.all(h.AgentStarted)[-1].turn
        told = [one for one in again.heard if getattr(one, "turn", "") == turn]
        assert isinstance(told[0], h.AgentStarted)
        assert "".join(one.text for one in told if isinstance(one, h.AgentText)) == "Here it is."
        assert ("assistant", "Here it is.", False) in await desk.words()


class Hasty(Agent):
    """An agent that refuses every caller at once."""

    def __init__(self) -> None:
        super().__init__(instructions="Refuse.")

    async def on_enter(self) -> None:
        """Hangs up before anything was said."""
        duologue.current().end("closed today", say="We are closed.")


async def test_an_agent_may_hang_up_in_on_enter(tmp_path: Path) -> None:
    """Its words are said, then the conversation ends with its reason."""
    async with stage(tmp_path, make=Hasty, greeting="") as desk:
        client = await desk.join()
        ended = await client.until(h.Ended)
        assert "closed today" in ended.message
        assert [said.text for said in client.all(h.AgentSaid)] == ["We are closed."]


async def test_data_that_is_no_json_is_the_agents_own_error(tmp_path: Path) -> None:
    """It is raised where it was sent, and the conversation goes on."""
    async with stage(tmp_path) as desk:
        client = await desk.join()
        with pytest.raises(TypeError):
            client.run.exchange.send(object())
        await client.said("Hello.")


async def test_an_answer_that_may_not_be_interrupted_is_not_while_it_is_thought(
    tmp_path: Path,
) -> None:
    """Typing again before the first sound queues; nothing is lost."""
    turns = {"can_interrupt": False}
    mind = ScriptedAnswers(["One.", "Two."], delay=0.3)
    async with stage(tmp_path, greeting="", turns=turns, llm=lambda: mind) as desk:
        client = await desk.join()
        client.run.floor.type("first")
        await until(lambda: client.run._actor.session is not None)
        client.run.floor.type("second")
        await client.said("Two.")
        words = [text for role, text, cut in await desk.words() if role == "assistant" and not cut]
        assert words == ["One.", "Two."]


async def test_a_silent_user_is_asked_once(tmp_path: Path) -> None:
    """After the silence that its agent allows; typing brings the user back."""
    turns = {"away_after": 0.3}
    async with stage(tmp_path, turns=turns, still_there="Are you still there?") as desk:
        client = await desk.join()
        await client.said("Are you still there?")
        await asyncio.sleep(1.0)
        assert [said.text for said in client.all(h.AgentSaid)].count("Are you still there?") == 1
        client.run.floor.type("yes")
        await client.said("You said: yes")

"""The demo in a real AgentSession: tools, bookings over turns and after a rebuild, goodbye."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from livekit.agents import AgentSession, ChatContext
from livekit.agents.voice.run_result import RunResult

from duologue.agents import demo
from duologue.agents.current import Current, bind
from duologue.agents.demo.brain import UNKNOWN, DemoBrain


class Talk:
    """Typed words into a session; the agent's words out."""

    def __init__(self, session: AgentSession[None]) -> None:
        self.session = session
        self.called: list[tuple[str, str]] = []

    async def say(self, text: str) -> str:
        """What the agent answers."""
        result: RunResult[Any] = await self.session.run(user_input=text)
        spoken = []
        for event in result.events:
            if event.type == "function_call":
                self.called.append((event.item.name, event.item.arguments))
            elif event.type == "message":
                spoken.append(event.item.text_content or "")
        return " ".join(spoken)


@asynccontextmanager
async def talking(history: ChatContext | None = None) -> AsyncIterator[Talk]:
    """A session with the demo agent, without sound."""
    session = AgentSession[None](llm=DemoBrain(), turn_handling={"turn_detection": "manual"})
    loaded = demo.catalog().get("demo")
    assert loaded is not None
    agent = loaded.make()
    if history is not None:
        agent._chat_ctx = agent.chat_ctx.copy().merge(history)
    await session.start(agent)
    try:
        yield Talk(session)
    finally:
        await session.aclose()


async def test_opening_hours_come_from_a_real_tool() -> None:
    """The answer is the tool's, found by a call as any model makes it."""
    async with talking() as talk:
        assert "closed" in await talk.say("Are you open on Monday?")
        assert talk.called == [("opening_hours", '{"day": "monday"}')]


async def test_a_table_is_booked_over_several_turns() -> None:
    """Each answer fills a slot, and the tool gets them all."""
    async with talking() as talk:
        assert "how many" in await talk.say("I'd like to book a table.")
        assert "day" in await talk.say("Four people.")
        # A question in between is answered, and the booking goes on.
        assert "day?" in await talk.say("When are you open?")
        assert "time" in await talk.say("On Friday.")
        assert "name" in await talk.say("Half past seven.")
        assert "under the name Anna" in await talk.say("Anna.")
        assert "change" in await talk.say("No.")
        assert "eight o'clock" in await talk.say("At eight o'clock.")
        assert "is booked" in await talk.say("Yes, please.")
        assert talk.called[-1] == (
            "book_table",
            '{"people": 4, "day": "Friday", "time": "eight o\'clock", "name": "Anna"}',
        )
        assert "Good" in await talk.say("Yes.")


async def test_a_rebuilt_conversation_goes_on_with_its_booking() -> None:
    """The slots come from the stored messages alone."""
    history = ChatContext.empty()
    history.add_message(role="assistant", content="Hello!")
    history.add_message(role="user", content="Book a table for three people on Sunday.")
    history.add_message(role="assistant", content="Good. At what time?")
    async with talking(history) as talk:
        assert "name" in await talk.say("At noon.")
        assert "3 people, Sunday at noon" in await talk.say("My name is Peter.")
        assert await talk.say("What did I say first?") == (
            "The first thing you said was: Book a table for three people on Sunday. "
            "So that is a table for 3 people, Sunday at noon, under the name Peter. Is that right?"
        )


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("Hello, can you hear me?", "Yes, I can hear you loud and clear."),
        ("Repeat after me: the sun is shining.", "the sun is shining."),
        ("How do I knit a sweater?", UNKNOWN),
    ],
)
async def test_single_answers(said: str, answer: str) -> None:
    """What needs no memory is answered the same way each time."""
    async with talking() as talk:
        assert await talk.say(said) == answer


async def test_it_repeats_what_comes_after_the_request() -> None:
    """Over two turns, too, whatever the words mean otherwise; and jokes are not told twice."""
    async with talking() as talk:
        await talk.say("Repeat after me.")
        assert await talk.say("What time is it?") == "What time is it?"
        jokes = [await talk.say("Tell me a joke.") for _ in range(3)]
        assert len(set(jokes)) == 3


async def test_a_booking_can_be_dropped() -> None:
    """Afterwards it is forgotten."""
    async with talking() as talk:
        await talk.say("Book a table for two people.")
        assert "No table" in await talk.say("Never mind.")
        assert await talk.say("On Friday.") == UNKNOWN


async def test_data_is_echoed_and_goodbye_hangs_up() -> None:
    """The agent uses its session: it sends to the client and ends the call behind its last word."""
    sent: list[Any] = []
    ended: list[Any] = []
    here = Current(
        conversation_id="conv_1",
        session_id="sess_1",
        agent="demo",
        transport="websocket",
        send=sent.append,
        end=lambda reason, say: ended.append((reason, say)),
    )
    bind(here)
    async with talking() as talk:
        await here.receive({"n": 1})
        assert sent == [{"echo": {"n": 1}}]
        assert (await talk.say("Thank you, goodbye.")).startswith("Goodbye!")
    assert ended == [("agent_ended", None)]


def test_both_demos_are_in_the_catalog() -> None:
    """One listens all the time, the other waits for its button."""
    agents = {one.definition.slug: one.definition.turns.trigger for one in demo.catalog().all()}
    assert agents == {"demo": "automatic", "demo-ptt": "push_to_talk"}

"""What a model is told is kept once, with the request in which it was new."""

from __future__ import annotations

import json
from typing import Any

from livekit.agents import AgentSession
from opentelemetry import context as otel
from tests.trace.test_collector import Clerk, as_before

from duologue.agents.voices.scripted import Call
from duologue.testing.models import ScriptedAnswers
from duologue.trace import collector
from duologue.trace.entries import Span
from duologue.trace.prompts import Prompts

__all__ = ["as_before"]  # the fixture
TRACE = "0" * 31 + "7"


async def asked(*, wanted: bool) -> list[Any]:
    """What the nodes of a short conversation hold of it."""
    told: list[Span] = []
    collector.follow(TRACE, told.append)
    otel.attach(collector.within(TRACE))
    mind = ScriptedAnswers([[Call("book", {"when": "nine"})], "Done."])
    session = AgentSession[None](llm=mind)
    agent = Clerk()
    prompts = Prompts(lambda: wanted)
    prompts.read(agent)
    prompts.read(agent)
    await session.start(agent)
    await session.run(user_input="book it")
    await session.run(user_input="thanks")
    await session.aclose()
    nodes = [span for span in told if span.name == "llm_node"]
    return [json.loads(span.attributes.get("gen_ai.input.messages", "null")) for span in nodes]


async def test_each_request_holds_what_was_new_to_it() -> None:
    """Instructions and question, then the tool and its answer, then the rest."""
    first, second, third = await asked(wanted=True)
    assert [message["role"] for message in first] == ["system", "user"]
    assert first[1]["parts"] == [{"type": "text", "content": "book it"}]
    assert [message["role"] for message in second] == ["assistant", "tool"]
    assert second[0]["parts"][0]["name"] == "book"
    assert second[1]["parts"][0]["response"] == "booked for nine"
    assert [message["role"] for message in third] == ["assistant", "user"]


async def test_nothing_is_kept_where_it_is_not_wanted() -> None:
    """A run without content has no prompts either."""
    assert await asked(wanted=False) == [None, None, None]

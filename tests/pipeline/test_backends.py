"""A back end answers the user: spoken as it comes, aborted when cut, and its faults survived."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.agents.webhook.theirs import Answering, Handler, Theirs
from tests.pipeline.minds import COUNT, desk, endless, fails, says
from tests.pipeline.stage import stage
from tests.pipeline.test_tracing import told

from duologue.agents.webhook.options import Webhook
from duologue.core import happenings as h
from duologue.errors import DuologueError
from duologue.pipeline.run import APOLOGY


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"url": "https://10.0.0.1/"}, "it is not a public address"),
        ({"url": "https://hooks.example/", "secret": "env:NOT_SET"}, "has no NOT_SET"),
        ({"url": "https://hooks.example/", "headers": {"a": "env:NOT_SET"}}, "has no NOT_SET"),
    ],
)
async def test_a_server_does_not_start_with_a_back_end_that_is_no_good(
    tmp_path: Path, given: dict[str, Any], reason: str
) -> None:
    """Its operator reads why, and no caller has to."""
    with pytest.raises(DuologueError, match=reason):
        async with stage(tmp_path, webhook=Webhook(**given)):
            pass


async def test_who_interrupts_aborts_the_request(tmp_path: Path) -> None:
    """The next message tells how much was heard, and of which turn; it is told once."""
    async with Theirs(message=endless) as theirs, desk(theirs, tmp_path) as on:
        client = await on.join()
        client.run.floor.type("count")
        await client.until(h.AgentAudio)
        await asyncio.sleep(0.8)
        theirs.takes["message"] = says("Stopped.")
        client.run.floor.type("stop")
        await client.said("Stopped.")
        await theirs.asked[1].aborted.wait()
        client.run.floor.type("again")
        first, stop, again = [await theirs.event("message", n) for n in (1, 2, 3)]
        [cut] = [text for _, text, interrupted in await on.words() if interrupted]
    context = stop["interruption_context"]
    assert context == {
        "previous_turn_interrupted": True,
        "words_heard": len(cut.split()),
        "text_heard": cut,
        "assistant_turn_id": first["turn_id"],
    }
    assert COUNT.startswith(cut)
    assert 0 < len(cut) < len(COUNT)
    assert not again["interruption_context"]["previous_turn_interrupted"]


async def test_who_interrupts_a_thought_has_heard_nothing(tmp_path: Path) -> None:
    """The request is aborted before its first word, and the next says so."""

    async def thinks(answering: Answering) -> None:
        answering.raw(b": thinking\n\n")

    async with Theirs(message=thinks) as theirs, desk(theirs, tmp_path) as on:
        client = await on.join()
        client.run.floor.type("well")
        await theirs.event("message")
        theirs.takes["message"] = says("Yes?")
        client.run.floor.type("hello?")
        await client.said("Yes?")
        first, second = theirs.events("message")
        await theirs.asked[1].aborted.wait()
    assert second["interruption_context"] == {
        "previous_turn_interrupted": True,
        "words_heard": 0,
        "text_heard": "",
        "assistant_turn_id": first["turn_id"],
    }


async def test_an_answer_without_an_end_is_heard_at_once_and_cut(tmp_path: Path) -> None:
    """Its last sentence does not wait for the limit; then the agent listens again."""

    async def forgets(answering: Answering) -> None:
        answering.tts("I have told you everything.")

    limits = {"silence": 4.0}
    async with Theirs(message=forgets) as theirs, desk(theirs, tmp_path, webhook=limits) as on:
        client = await on.join()
        client.run.floor.type("tell me")
        await client.until(h.AgentAudio)
        assert not theirs.asked[1].aborted.is_set()  # it is heard while its handler is not done
        await client.said("I have told you everything.")
        await theirs.asked[1].aborted.wait()
        theirs.takes["message"] = says("Fine.")
        client.run.floor.type("good")
        await client.said("Fine.")
        assert not client.all(h.Noticed)
        kept = await told(on, client)
    [noted] = [span for span in kept.spans if span.kind == "error"]
    assert noted.attributes["error.message"] == "its answer was not ended after 4 s"
    assert noted.attributes["recoverable"] is True


async def test_a_sentence_is_heard_while_the_next_is_looked_up(tmp_path: Path) -> None:
    """Both are one answer, with one space between them."""
    heard = asyncio.Event()

    async def looks_up(answering: Answering) -> None:
        answering.tts("Let me see.")
        await heard.wait()
        answering.tts("It is open.")
        answering.end()

    async with Theirs(message=looks_up) as theirs, desk(theirs, tmp_path) as on:
        client = await on.join()
        client.run.floor.type("is it open")
        await client.until(h.AgentAudio)
        heard.set()
        await client.said("Let me see. It is open.")
        assert await on.words() == [
            ("user", "is it open", False),
            ("assistant", "Let me see. It is open.", False),
        ]


@pytest.mark.parametrize("handler", [fails, endless], ids=["refused", "broken"])
async def test_a_fault_is_told_and_survived(tmp_path: Path, handler: Handler) -> None:
    """In the agent's voice, as a notice, in the record and the trace; the next turn is fine."""

    async def breaks(answering: Answering) -> None:
        if handler is fails:
            await fails(answering)
            return
        answering.tts("It is about ")
        answering.send({"type": "response.error", "error": "the till is empty"})
        answering.close()

    async with Theirs(message=breaks) as theirs, desk(theirs, tmp_path) as on:
        client = await on.join()
        client.run.floor.type("how much")
        notice = await client.until(h.Noticed)
        assert (notice.code, "WebhookFailed" in notice.message) == ("provider_failed", True)
        assert "till" not in notice.message
        await client.said(APOLOGY)
        theirs.takes["message"] = says("Seven.")
        client.run.floor.type("how much")
        await client.said("Seven.")
        assert len(theirs.events("message")) == 2  # what was said is never said twice
        [error] = [each for each in await on.record() if each.kind == "error"]
        reason = "it answered HTTP 500" if handler is fails else "the till is empty"
        assert reason in error.item["error"]
        kept = await told(on, client)
    assert kept.trace.status == "complete"
    assert any(reason in str(span.attributes) for span in kept.spans if span.kind == "error")


async def test_a_back_end_hangs_up_after_its_last_words(tmp_path: Path) -> None:
    """The conversation is over for good, and its end is told."""

    async def bye(answering: Answering) -> None:
        answering.tts("Goodbye then.")
        answering.send({"type": "response.hangup"})
        answering.close()

    async with Theirs(message=bye) as theirs, desk(theirs, tmp_path) as on:
        client = await on.join()
        client.run.floor.type("bye")
        ended = await client.until(h.Ended)
        assert ended.code == "ended"
        await client.said("Goodbye then.")
        end = await theirs.event("session.end")
        assert end["transcript"][-1]["text"] == "Goodbye then."


async def test_the_trace_shows_where_the_time_went(tmp_path: Path) -> None:
    """A message is the turn's thinking; the beginning is a step of its own."""

    async def slow(answering: Answering) -> None:
        await asyncio.sleep(0.3)
        answering.tts("Here I am.")
        answering.end()

    async with (
        Theirs(session_start=says("Welcome."), message=slow) as theirs,
        desk(theirs, tmp_path) as on,
    ):
        client = await on.join()
        await client.said("Welcome.")
        client.run.floor.type("hello")
        await client.said("Here I am.")
        kept = await told(on, client)
    turn = kept.turns[-1]
    assert (turn.user_text, turn.agent_text) == ("hello", "Here I am.")
    assert turn.llm_ms is not None
    assert turn.llm_ms >= 300
    [request] = kept.named("llm_request")
    assert request.attributes["gen_ai.request.model"] == "127.0.0.1"
    [began] = kept.named("webhook session.start")
    assert (began.status, began.attributes["webhook.event"]) == ("ok", "session.start")
    assert began.attributes["webhook.first_ms"] > 0

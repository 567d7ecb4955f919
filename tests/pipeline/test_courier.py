"""An agent whose mind is a back end: what it is told of a call, and what the call does with it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.agents.webhook.theirs import Answering, Handler, Theirs
from tests.pipeline.stage import Client, Stage, stage, until
from tests.pipeline.test_recording import hum
from tests.pipeline.test_tracing import say, told

from duologue.access import webhooks
from duologue.agents.webhook.options import Webhook
from duologue.core import happenings as h
from duologue.pipeline import courier, recording
from duologue.pipeline.run import APOLOGY
from duologue.testing.models import ScriptedSTT

MASTER = "the master secret of a test"
COUNT = "one two three four five six seven eight nine ten eleven twelve"


def says(*pieces: str) -> Handler:
    """A handler that says this and ends."""

    async def handler(answering: Answering) -> None:
        for piece in pieces:
            answering.tts(piece)
        answering.end()

    return handler


async def endless(answering: Answering) -> None:
    """Counts, and never ends."""
    answering.tts(COUNT)


async def fails(answering: Answering) -> None:
    """Is broken."""
    answering.begin(500, "text/plain")
    answering.close()


@asynccontextmanager
async def desk(
    theirs: Theirs,
    folder: Path,
    *,
    webhook: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    greeting: str = "",
    **fields: Any,
) -> AsyncIterator[Stage]:
    """A stage whose agent thinks there."""
    chosen = {"allow_private_webhooks": True, "webhook_secret": MASTER} | (settings or {})
    asked = Webhook(url=theirs.url, **(webhook or {}))
    async with stage(
        folder, webhook=asked, settings=chosen, greeting=greeting, **fields
    ) as running:
        yield running


async def leave(on: Stage, client: Client) -> None:
    """The client leaves, after all that is said."""
    session = client.run._actor.session
    if session is not None:
        await until(lambda: session.current_speech is None)
    await on.leave(client)


async def test_a_call_from_its_greeting_to_its_end(tmp_path: Path) -> None:
    """Every event is signed, carries what was authorized, and is answered aloud."""
    heard: dict[str, Handler] = {
        "session_start": says("Welcome."),
        "message": says("You want to book.", "When?"),
    }
    stt = ScriptedSTT(["I would like to book"])
    async with Theirs(**heard) as theirs:
        async with desk(theirs, tmp_path, stt=stt) as on:
            client = await on.join(
                custom_metadata={"plan": 2.0},
                custom_headers={"X-User": "7", "Content-Type": "text/evil"},
                metadata={"page": "/"},
            )
            await client.said("Welcome.")
            await say(client)
            await client.said("You want to book. When?")
            assert await on.words() == [
                ("assistant", "Welcome.", False),
                ("user", "I would like to book", False),
                ("assistant", "You want to book. When?", False),
            ]
            await leave(on, client)
        assert client.seat is not None
        start, message, end = theirs.events()
        secret = webhooks.secret_of(MASTER, "desk")
        assert secret is not None
        for each in theirs.asked:
            assert theirs.is_signed(each, secret)
            assert each.request.headers["x-user"] == "7"
            assert each.request.headers["content-type"] == "application/json"
            assert each.event["session_id"] == client.seat.guest.session_id
            assert each.event["conversation_id"] == on.conversation
            assert each.event["custom_metadata"] == {"plan": 2}
    assert len({each["event_id"] for each in (start, message, end)}) == 3
    assert (start["type"], "resumed" in start) == ("session.start", False)
    assert (message["type"], message["text"]) == ("message", "I would like to book")
    assert message["interruption_context"] == {
        "previous_turn_interrupted": False,
        "words_heard": 0,
        "text_heard": "",
    }
    assert end["type"] == "session.end"
    assert [(each["role"], each["text"]) for each in end["transcript"]] == [
        ("assistant", "Welcome."),
        ("user", "I would like to book"),
        ("assistant", "You want to book. When?"),
    ]
    times = [each["timestamp"] for each in end["transcript"]]
    assert times == sorted(times)
    assert end["agent_id"] == client.seat.guest.agent_id
    assert end["recording_status"] == "disabled"
    assert end["metadata"] == {"page": "/"}
    assert end["duration"] > 0
    assert end["started_at"] < end["ended_at"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", end["started_at"])
    assert end["tts_duration_seconds"] > 1.5
    assert end["transcription_duration_seconds"] > 0.5
    assert end["latency"] > 0


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
        assert theirs.asked[1].aborted.is_set()
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


async def test_a_session_that_cannot_begin_is_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same event; only when all tries failed the caller hears of it."""
    monkeypatch.setattr(courier, "AGAIN", (0.05, 0.05))
    tries: list[str] = []

    async def third(answering: Answering) -> None:
        tries.append(answering.event["event_id"])
        await (fails if len(tries) < 3 else says("At last."))(answering)

    async with Theirs(session_start=third) as theirs, desk(theirs, tmp_path) as on:
        await (await on.join()).said("At last.")
        assert len(tries) == 3
        assert len(set(tries)) == 1
        theirs.takes["session.start"] = fails
        lost = await on.join()
        await lost.said(APOLOGY)
        assert [each.code for each in lost.all(h.Noticed)] == ["provider_failed"]
        lost.run.floor.type("hello")
        await theirs.event("message")


async def test_nobody_is_greeted_who_has_begun_to_talk(tmp_path: Path) -> None:
    """What a slow handler of the beginning says then would answer something else."""
    asked = asyncio.Event()

    async def late(answering: Answering) -> None:
        await asked.wait()
        answering.data({"menu": 1})
        answering.tts("Welcome.")
        answering.end()

    async with (
        Theirs(session_start=late, message=says("Yes.")) as theirs,
        desk(theirs, tmp_path) as on,
    ):
        client = await on.join()
        client.run.floor.type("hello")
        await client.said("Yes.")
        asked.set()
        await client.until(h.DataSent)
        assert theirs.asked[0].ended or not theirs.asked[0].aborted.is_set()
        await leave(on, client)
        assert [text for _, text, _ in await on.words()] == ["hello", "Yes."]


async def test_data_goes_both_ways_and_may_be_answered_aloud(tmp_path: Path) -> None:
    """Data is there at once, also while the agent speaks; words wait until it has spoken."""

    async def cart(answering: Answering) -> None:
        answering.data({"total": answering.event["data"]["price"] * 2})
        answering.tts("Added.")
        answering.end()

    async with Theirs(data=cart, message=says(COUNT)) as theirs, desk(theirs, tmp_path) as on:
        client = await on.join()
        client.run.floor.type("count")
        await client.until(h.AgentAudio)
        client.run.data({"price": 21})
        sent = await client.until(h.DataSent)
        assert sent.content == {"total": 42}
        assert not client.all(h.AgentEnded)
        await client.said("Added.")
        assert [text for _, text, _ in await on.words()] == ["count", COUNT, "Added."]
        theirs.takes["data"] = fails
        client.run.data({"price": 1})
        await client.until(h.Noticed)
        assert APOLOGY not in [each.text for each in client.all(h.AgentSaid)]
        event = await theirs.event("data")
    assert (event["data"], event["turn_id"][:5]) == ({"price": 21}, "turn_")


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


async def test_who_comes_back_is_not_greeted_again(tmp_path: Path) -> None:
    """A new session begins and says how it goes on; the one before has ended, once."""
    async with Theirs(session_start=says("Welcome."), message=says("Sure.")) as theirs:
        async with desk(theirs, tmp_path) as on:
            first = await on.join()
            await first.said("Welcome.")
            await on.leave(first, "dropped")
            second = await on.join(again=True)
            await theirs.event("session.end")
            second.run.floor.type("go on")
            await second.said("Sure.")
            await leave(on, second)
            third = await on.join(again=True)
            third.run.floor.type("and on")
            await third.said("Sure.")
            await leave(on, third)
            assert [text for _, text, _ in await on.words()].count("Welcome.") == 1
        starts, ends = theirs.events("session.start"), theirs.events("session.end")
    assert [each.get("resumed") for each in starts] == [None, "live", "rebuilt"]
    ids = [each["session_id"] for each in starts]
    assert len(set(ids)) == 3
    assert [each["session_id"] for each in ends] == ids
    assert [[said["text"] for said in each["transcript"]] for each in ends] == [
        ["Welcome."],
        ["go on", "Sure."],
        ["and on", "Sure."],
    ]


async def test_who_drops_for_good_has_one_end(tmp_path: Path) -> None:
    """It is told when the grace time is over; the same session may come back before."""
    settings = {"grace_seconds": 0.3}
    async with Theirs() as theirs, desk(theirs, tmp_path, settings=settings) as on:
        client = await on.join()
        await theirs.event("session.start")
        await on.leave(client, "dropped")
        await theirs.event("session.end")
        await on.host._settle()
        assert len(theirs.events("session.end")) == 1


async def test_a_recording_is_told_when_it_is_whole(tmp_path: Path) -> None:
    """With its length, and where it is for those who have a key."""
    settings = {"public_url": "https://voice.example/"}
    async with Theirs(session_start=says("Welcome to us.")) as theirs:
        async with desk(theirs, tmp_path, settings=settings, record=True) as on:
            client = await on.join()
            await client.said("Welcome to us.")
            await hum(client, 1.0)
            run = client.run.id.removeprefix("run_")
            await leave(on, client)
        [end], [update] = theirs.events("session.end"), theirs.events("session.update")
    assert end["recording_status"] == "enabled"
    assert update["recording_status"] == "completed"
    assert update["recording_url"].startswith(f"https://voice.example/v1/traces/{run}/recordings/")
    assert update["recording_duration"] > 1.5
    assert update["session_id"] == end["session_id"]


async def test_a_recording_that_failed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what went wrong, and without an address."""

    async def full(*given: Any) -> bool:
        raise OSError("no space left")

    monkeypatch.setattr(recording.Studio, "finish", full)
    async with Theirs(session_start=says("Welcome to us.")) as theirs:
        async with desk(theirs, tmp_path, record=True) as on:
            client = await on.join()
            await client.said("Welcome to us.")
            await leave(on, client)
        [update] = theirs.events("session.update")
    assert update["recording_status"] == "failed"
    assert update["error_message"] == "it was not finished (OSError)"
    assert "recording_url" not in update


async def test_of_two_who_share_each_has_its_end(tmp_path: Path) -> None:
    """Who leaves first is told of at once, though the conversation goes on."""
    async with Theirs(session_start=says("Welcome.")) as theirs:
        async with desk(theirs, tmp_path, tabs="share") as on:
            first = await on.join()
            await first.said("Welcome.")
            second = await on.join(again=True)
            assert (await theirs.event("session.start", 2))["resumed"] == "live"
            await on.leave(first)
            gone = await theirs.event("session.end")
            assert not theirs.events("session.end")[1:]
            await leave(on, second)
        assert [each["session_id"] for each in theirs.events("session.end")] == [
            each["session_id"] for each in theirs.events("session.start")
        ]
    assert first.seat is not None
    assert gone["session_id"] == first.seat.guest.session_id


async def test_only_what_was_chosen_is_sent(tmp_path: Path) -> None:
    """Messages always are; a greeting of the agent's own is said as ever."""
    chosen = {"events": ()}
    async with Theirs(message=says("Yes.")) as theirs:
        async with desk(theirs, tmp_path, webhook=chosen, greeting="Good morning.") as on:
            client = await on.join()
            await client.said("Good morning.")
            client.run.data({"a": 1})
            client.run.floor.type("hello")
            await client.said("Yes.")
            await leave(on, client)
        assert [each["type"] for each in theirs.events()] == ["message"]


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


async def test_a_person_in_its_place_is_not_talked_over(tmp_path: Path) -> None:
    """What the back end would say meanwhile is not said; afterwards it thinks as before."""
    async with (
        Theirs(data=says("Added."), message=says("I am back.")) as theirs,
        desk(theirs, tmp_path) as on,
    ):
        client = await on.join()
        client.run.takeover.begin("her", "Ann", 60.0)
        await client.until(h.Noticed)
        client.run.data({"a": 1})
        await until(lambda: bool(theirs.events("data")) and theirs.asked[-1].ended)
        client.run.takeover.hand_back("her")
        await client.until(h.Noticed, lambda one: one.code == "handed_back")
        client.run.floor.type("hello")
        await client.said("I am back.")
        session = client.run._actor.session
        assert session is not None
        assert session.options.preemptive_generation["enabled"] is False
        assert [text for _, text, _ in await on.words()] == ["hello", "I am back."]


async def test_who_interrupts_a_greeting_aborts_it(tmp_path: Path) -> None:
    """As any other answer of the back end."""
    async with (
        Theirs(session_start=endless, message=says("Yes?")) as theirs,
        desk(theirs, tmp_path) as on,
    ):
        client = await on.join()
        await client.until(h.AgentAudio)
        client.run.floor.type("wait")
        await client.said("Yes?")
        await theirs.asked[0].aborted.wait()
        start, message = theirs.events()
        kept = await told(on, client)
    context = message["interruption_context"]
    assert context["previous_turn_interrupted"]
    assert context["assistant_turn_id"] == start["turn_id"]
    [began] = kept.named("webhook session.start")
    assert began.status == "cancelled"

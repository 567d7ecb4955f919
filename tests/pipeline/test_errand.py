"""What a back end says that the user did not ask for: greetings, and answers to data."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.agents.webhook.theirs import Answering, Theirs
from tests.pipeline.minds import COUNT, desk, endless, fails, leave, says
from tests.pipeline.stage import until
from tests.pipeline.test_tracing import told

from duologue.core import happenings as h
from duologue.pipeline import courier, errand
from duologue.pipeline.run import APOLOGY


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


async def test_a_back_end_that_hangs_is_not_asked_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A try that took too long is the last, and its caller hears of it."""
    monkeypatch.setattr(errand, "LONGEST", 0.3)

    async def hangs(answering: Answering) -> None:
        """Never answers."""

    limits = {"first": 0.4}
    async with (
        Theirs(session_start=hangs) as theirs,
        desk(theirs, tmp_path, webhook=limits) as on,
    ):
        await (await on.join()).said(APOLOGY)
        assert len(theirs.events("session.start")) == 1


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


async def test_a_page_that_tells_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many requests are under way, some wait, and of the others the page is told."""
    monkeypatch.setattr(courier, "AT_ONCE", 2)
    monkeypatch.setattr(courier, "IN_LINE", 3)
    answers = asyncio.Event()

    async def slow(answering: Answering) -> None:
        await answers.wait()
        answering.data({"got": answering.event["data"]})
        answering.end()

    async with Theirs(data=slow) as theirs, desk(theirs, tmp_path) as on:
        client = await on.join()
        for each in range(7):
            client.run.data(each)
        await until(lambda: len(client.all(h.Noticed)) == 2)
        assert {each.code for each in client.all(h.Noticed)} == {"rate_limited"}
        await theirs.event("data", 2)
        assert len(theirs.events("data")) == 2
        answers.set()
        await until(lambda: len(client.all(h.DataSent)) == 5)
        assert sorted(each["data"] for each in theirs.events("data")) == [0, 1, 2, 3, 4]
        client.run.data("again")
        await client.until(h.DataSent, lambda one: one.content == {"got": "again"})
        assert len(client.all(h.Noticed)) == 2


async def test_a_person_in_its_place_is_not_talked_over(tmp_path: Path) -> None:
    """What the back end would say meanwhile is not said; afterwards it thinks as before."""

    async def cart(answering: Answering) -> None:
        answering.tts("Added.")
        answering.data({"total": 42})
        answering.end()

    async with (
        Theirs(data=cart, message=says("I am back.")) as theirs,
        desk(theirs, tmp_path) as on,
    ):
        client = await on.join()
        client.run.takeover.begin("her", "Ann", 60.0)
        await client.until(h.Noticed)
        client.run.data({"a": 1})
        await client.until(h.DataSent)  # which came behind the words
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

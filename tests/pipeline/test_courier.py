"""What a back end is told of a call, from its beginning to its end."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.agents.webhook.theirs import Answering, Handler, Theirs
from tests.pipeline.minds import COUNT, MASTER, desk, fails, leave, says
from tests.pipeline.stage import Client, Stage, until
from tests.pipeline.test_recording import hum
from tests.pipeline.test_tracing import say

from duologue.access import webhooks
from duologue.core import happenings as h
from duologue.errors import DuologueError
from duologue.pipeline import courier, recording
from duologue.pipeline.record import Record
from duologue.server.policy import guest_of
from duologue.store import sessions
from duologue.testing.models import ScriptedSTT


async def back(on: Stage, session: str) -> Client:
    """The client of a session is there again, with the key that it has."""
    row = await on.host.db.read(sessions.get, on.org_id, session)
    loaded = on.host.catalog.get("desk")
    assert row is not None
    assert loaded is not None
    client = Client(on.host)
    guest = guest_of(row, loaded.definition, on.host.settings)
    client.seat = await on.host.seat(guest, client)
    client.run.ready(client)
    return client


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


async def test_what_a_person_said_in_its_place(tmp_path: Path) -> None:
    """The next message that is answered tells of it, and takes none of it for an answer's words."""

    async def greets(answering: Answering) -> None:
        answering.tts(COUNT)

    async with Theirs(session_start=greets, message=fails) as theirs:
        async with desk(theirs, tmp_path) as on:
            client = await on.join()
            await client.until(h.AgentAudio)
            takeover = client.run.takeover
            takeover.begin("her", "Ann", 60.0)
            await client.until(h.AgentEnded, lambda one: one.interrupted)
            client.run.floor.type("Where is my parcel?")
            await client.until(h.UserSaid)
            takeover.speak("her", "It comes on Friday.")
            await client.said("It comes on Friday.")
            takeover.speak("her", "Bye.")
            await client.said("Bye.")
            takeover.hand_back("her")
            await client.until(h.Noticed, lambda one: one.code == "handed_back")
            client.run.floor.type("hello?")
            await client.until(h.Noticed, lambda one: one.code == "provider_failed")
            theirs.takes["message"] = says("Yes.")
            client.run.floor.type("are you there?")
            await client.said("Yes.")
            client.run.floor.type("fine")
            await theirs.event("message", 3)
            await leave(on, client)
        [start], messages = theirs.events("session.start"), theirs.events("message")
    told = {
        "name": "Ann",
        "said": ["It comes on Friday.", "Bye."],
        "heard": ["Where is my parcel?"],
    }
    assert [each.get("stood_in") for each in messages] == [told, told, None]
    before = messages[0]["interruption_context"]
    assert before["previous_turn_interrupted"]
    assert before["assistant_turn_id"] == start["turn_id"]
    assert "Friday" not in before["text_heard"]
    assert COUNT.startswith(before["text_heard"].rstrip(". "))


async def test_what_is_spoken_to_a_person_is_told_too(tmp_path: Path) -> None:
    """As what is typed; of two who stood in before a message, all is told."""
    stt = ScriptedSTT(["can you hear me"])
    async with Theirs(message=says("Yes.")) as theirs:
        async with desk(theirs, tmp_path, stt=stt) as on:
            client = await on.join()
            takeover = client.run.takeover
            takeover.begin("her", "Ann", 60.0)
            await client.until(h.Noticed)
            await say(client)
            await client.until(h.UserSaid, lambda one: one.text == "can you hear me")
            takeover.hand_back("her")
            await client.until(h.Noticed, lambda one: one.code == "handed_back")
            takeover.begin("him", "", 60.0)
            takeover.speak("him", "I can.")
            await client.said("I can.")
            takeover.hand_back("him")
            await until(lambda: takeover.holder is None)
            client.run.floor.type("fine")
            await client.said("Yes.")
            await leave(on, client)
        [message] = theirs.events("message")
    assert message["stood_in"] == {"name": "", "said": ["I can."], "heard": ["can you hear me"]}


async def test_who_only_moves_has_not_ended(tmp_path: Path) -> None:
    """The run that the session leaves in the end tells it, from its first beginning on."""
    async with Theirs(message=says("Sure.")) as theirs:
        async with desk(theirs, tmp_path) as on:
            first = await on.join()
            first.run.floor.type("before")
            await first.said("Sure.")
            assert first.seat is not None
            session = first.seat.guest.session_id
            await on.host.release(first.run)
            await first.run.closed()
            assert first.gone is not None
            await first.gone
            second = await back(on, session)
            assert second.run is not first.run
            second.run.floor.type("after")
            await second.said("Sure.")
            await leave(on, second)
            row = await on.host.db.read(sessions.get, on.org_id, session)
        starts, [end] = theirs.events("session.start"), theirs.events("session.end")
    assert [(each["session_id"], each.get("resumed")) for each in starts] == [
        (session, None),
        (session, "rebuilt"),
    ]
    assert row is not None
    assert row.opened_at is not None
    assert end["session_id"] == session
    assert end["started_at"] == courier.at(row.opened_at)
    assert row.ended_at is not None
    assert end["duration"] == pytest.approx(row.ended_at - row.opened_at, abs=1000)
    assert [each["text"] for each in end["transcript"]] == ["before", "Sure.", "after", "Sure."]


async def test_who_leaves_while_the_server_goes_away_has_ended(tmp_path: Path) -> None:
    """They do not come back; whoever only drops may, and is told of if they leave then."""
    async with Theirs() as theirs:
        async with desk(theirs, tmp_path, tabs="share") as on:
            drops = await on.join()
            await theirs.event("session.start")
            leaves = await on.join(again=True)
            await theirs.event("session.start", 2)
            assert leaves.seat is not None
            leaves.seat.close("replaced")  # it cannot come back
            gone = leaves.seat.guest.session_id
            drops.run.end(DuologueError("going_away"), reason="going_away")
            await drops.run.closed()
            assert (await theirs.event("session.end"))["session_id"] == gone
            assert len(theirs.events("session.end")) == 1
            assert drops.seat is not None
            drops.run.parted(drops.seat.guest.session_id)  # it left after all, when all was told
            await theirs.event("session.end", 2)
        assert len(theirs.events("session.end")) == 2


async def test_an_end_is_told_without_what_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that fails keeps the transcript, and not the end."""

    async def unusable(*_: Any) -> Any:
        raise DuologueError("store_unusable", reason="a test")

    async with Theirs(session_start=says("Welcome.")) as theirs:
        async with desk(theirs, tmp_path) as on:
            client = await on.join()
            await client.said("Welcome.")
            monkeypatch.setattr(Record, "said", unusable)
            await leave(on, client)
        [end] = theirs.events("session.end")
    assert (end["transcript"], end["duration"] > 0) == ([], True)


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

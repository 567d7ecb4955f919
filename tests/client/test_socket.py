"""The road over duologue's own WebSocket, to a real server."""

from __future__ import annotations

import asyncio
import json
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from tests.client.network import between
from tests.client.sockets import GRACE, LONG, Ear, calling, house
from tests.serving import House

from duologue.client.authorize import authorize
from duologue.client.errors import NotConnected, SessionConnectError, TokenSourceError
from duologue.client.player import Player
from duologue.client.road import (
    AgentSeen,
    AgentStateChanged,
    ChatReceived,
    DataReceived,
    FileComing,
    LineChanged,
    ReceivedFile,
    SoundStopped,
    StateShared,
    Ticket,
    TranscriptChanged,
)
from duologue.client.socket import SocketRoad
from duologue.client.sounds import Recording
from duologue.testing.models import place, ruler

__all__ = ["house"]

SECOND = 32000
WHOLE = ruler(10 * 16000)


def following(url: str, ticket: Ticket) -> AbstractAsyncContextManager[Ear]:
    """Another road to the conversation of a ticket."""
    conversation, token = ticket.conversation_id, ticket.resume_token
    return calling(url, "talker", conversation_id=conversation, resume_token=token)


async def test_the_greeting_is_heard(house: House) -> None:
    """Every sample of it, in order, with its words and the agent's states."""
    async with calling(house.url, "talker") as ear:
        await ear.said("agent", "Hello there.")
        await ear.heard_out()
        assert place(ear.sound, WHOLE) == 0
        assert len(ear.sound) // 2 == pytest.approx(len("Hello there.") * 960, abs=1536)
        await ear.heard_out()
    assert ear.events[0] == LineChanged("connected")
    assert ear.events[1] == AgentSeen("agent", "talker")
    assert ear.events[2] == AgentStateChanged("listening")
    assert ear.events[-1] == LineChanged("disconnected", "left")
    assert "speaking" in [event.state for event in ear.all(AgentStateChanged)]
    assert ear.all(SoundStopped) == []


async def test_a_written_message_is_answered_and_not_told_twice(house: House) -> None:
    """Who wrote it knows it; the answer is in the store as one that was heard whole."""
    async with calling(house.url, "talker") as ear:
        await ear.heard_out()
        delivery = await ear.road.chat("How are you?", attributes={}, files=[])
        assert delivery.id
        assert delivery.at > 1_700_000_000_000
        await ear.said("agent", "You said: How are you?")
        await ear.heard_out(2)
        assert ear.texts() == [
            ("agent", "Hello there.", False),
            ("agent", "You said: How are you?", False),
        ]
        conversation = ear.road.ticket.conversation_id if ear.road.ticket else ""
    stored = [(m["role"], m["text"], m["interrupted"]) for m in house.messages(conversation)]
    assert stored == [
        ("assistant", "Hello there.", False),
        ("user", "How are you?", False),
        ("assistant", "You said: How are you?", False),
    ]


@pytest.mark.parametrize("by", ["word", "sign"])
async def test_an_answer_that_is_cut_stops_at_once(house: House, by: str) -> None:
    """What was played until then is what the server believes was heard."""
    async with calling(house.url, "long") as ear:
        await ear.until(lambda: len(ear.sound) > SECOND, "a second of sound")
        if by == "word":
            await ear.road.chat("Stop.", attributes={}, files=[])
        else:
            await ear.road.interrupt()
        assert isinstance(ear.events[-1], SoundStopped | TranscriptChanged)
        assert len(ear.all(SoundStopped)) == 1
        cut = await ear.one(TranscriptChanged, lambda e: e.interrupted and e.final)
        assert cut.role == "agent"
        conversation = ear.road.ticket.conversation_id if ear.road.ticket else ""
        await asyncio.sleep(0.5)
    first = house.messages(conversation)[0]
    assert first["interrupted"]
    assert 0 < len(first["text"]) < len(LONG) // 2
    assert LONG.startswith(first["text"].rstrip("… "))


async def test_a_line_that_breaks_goes_on_where_it_was(house: House, tmp_path: Path) -> None:
    """Nothing of the answer is missing in the ear, and what was written meanwhile is sent once."""
    async with between(house.url) as network, calling(network.url, "long") as ear:
        recording = Recording(tmp_path / "heard.wav")
        player = Player(recording, ear.road.played)
        ear.also.append(player.take)
        await ear.until(lambda: recording.heard > 1, "a second heard")
        network.cut()
        await ear.one(LineChanged, lambda e: e.state == "reconnecting")
        await ear.until(lambda: ear.all(LineChanged)[-1].state == "connected", "the line")
        await ear.heard_out()
        heard = recording.heard
        player.close()
        assert [event.state for event in ear.all(LineChanged)] == [
            "connected", "reconnecting", "connected",
        ]  # fmt: skip
        assert heard == pytest.approx(len(LONG) * 0.06, abs=0.35)
    pcm = (tmp_path / "heard.wav").read_bytes()[44:]
    _whole(pcm, len(LONG) * 960)


def _whole(pcm: bytes, samples: int) -> None:
    """Asserts that a sound has every sample of the ruler, in order; some may come twice."""
    position, step = 0, 640
    for start in range(0, len(pcm) // 2 - step, step):
        at = place(pcm[start * 2 : (start + step) * 2], WHOLE) if start else 0
        assert at <= position + step, f"{at - position - step} samples are missing at {position}"
        position = at
    assert position >= samples - 3 * step


async def test_what_is_written_on_a_broken_line_is_answered_once(house: House) -> None:
    """Also when it was under way as the line broke."""
    async with between(house.url) as network, calling(network.url, "talker") as ear:
        await ear.heard_out()
        network.held = True
        await ear.road.chat("One.", attributes={}, files=[])
        await asyncio.sleep(0.3)
        network.down = True
        network.cut()
        await ear.one(LineChanged, lambda e: e.state == "reconnecting")
        await ear.road.chat("Two.", attributes={}, files=[])
        network.down = network.held = False
        await ear.said("agent", "You said: Two.")
        await asyncio.sleep(1)
        conversation = ear.road.ticket.conversation_id if ear.road.ticket else ""
    said = [m["text"] for m in house.messages(conversation) if m["role"] == "user"]
    assert said == ["One.", "Two."]
    assert [event for event in ear.all(TranscriptChanged) if event.role == "user"] == []


async def test_an_agent_that_did_not_wait_is_rebuilt(house: House) -> None:
    """A fresh ticket leads to the same conversation, and what was said before is the past."""
    async with between(house.url) as network, calling(network.url, "talker", renew=True) as ear:
        first = ear.road.ticket
        await ear.heard_out()
        await ear.road.chat("Remember me.", attributes={}, files=[])
        await ear.said("agent", "You said: Remember me.")
        await ear.heard_out(2)
        network.down = True
        network.cut()
        await asyncio.sleep(GRACE + 1.5)
        network.down = False
        await ear.until(lambda: ear.all(LineChanged)[-1].state == "connected", "the line")
        second = ear.road.ticket
        assert first is not None
        assert second is not None
        assert first.token != second.token
        assert first.conversation_id == second.conversation_id
        await ear.road.chat("And now?", attributes={}, files=[])
        await ear.said("agent", "You said: And now?")
        await ear.heard_out(3)
    said = [m["text"] for m in house.messages(second.conversation_id)]
    assert said == [
        "Hello there.", "Remember me.", "You said: Remember me.", "And now?", "You said: And now?",
    ]  # fmt: skip


async def test_a_conversation_is_gone_on_with_later(house: House) -> None:
    """Its history comes first, as the past, and there is no second greeting."""
    async with calling(house.url, "talker") as ear:
        await ear.heard_out()
        ticket = ear.road.ticket
        assert ticket is not None
    async with following(house.url, ticket) as ear:
        await ear.road.chat("Hello again.", attributes={}, files=[])
        await ear.said("agent", "You said: Hello again.")
        past = [(e.role, e.text) for e in ear.all(TranscriptChanged) if e.past]
        assert past == [("agent", "Hello there.")]
        assert all(e.at > 1_700_000_000_000 for e in ear.all(TranscriptChanged) if e.past)


async def test_who_is_replaced_is_told(house: House) -> None:
    """Another client takes the conversation over; the first one does not come back."""
    async with calling(house.url, "talker", renew=True) as ear:
        await ear.heard_out()
        ticket = ear.road.ticket
        assert ticket is not None
        async with following(house.url, ticket):
            end = await ear.one(LineChanged, lambda e: e.state == "disconnected")
            assert (end.code, end.message) == (
                "replaced", "This conversation was opened in another place.",
            )  # fmt: skip
            with pytest.raises(NotConnected):
                await ear.road.chat("Anybody?", attributes={}, files=[])


async def test_the_agent_hangs_up(house: House) -> None:
    """The end has the agent's reason."""
    async with calling(house.url, "exchange", renew=True) as ear:
        await ear.road.send_data(b'{"end": "all said"}', topic="", reliable=True)
        end = await ear.one(LineChanged, lambda e: e.state == "disconnected")
        assert end.code == "ended"
        assert "all said" in end.message


async def test_keys_that_open_nothing_are_refused_by_their_names(house: House) -> None:
    """At authorize and at the socket; each with what the server says."""
    for key, agent, status, words in (
        ("dk_secret_wrong", "talker", 401, "This key is not known here"),
        (None, "nobody", 404, "There is no agent 'nobody'"),
        (None, "", None, "no agent was named"),
    ):
        with pytest.raises(TokenSourceError, match=words) as caught:
            await authorize(house.url, key, agent)
        assert caught.value.status == status
    with pytest.raises(SessionConnectError, match=r"never existed\. Authorize again") as refused:
        await SocketRoad().open(Ticket(house.url, "dk_session_wrong"), lambda event: None)
    assert refused.value.code == "session_key_unknown"
    with pytest.raises(TokenSourceError, match="cannot be reached"):
        await authorize("http://127.0.0.1:9", None, "talker")
    with pytest.raises(TokenSourceError, match="begins with http"):
        await authorize("ftp://host", None, "talker")


async def test_a_server_that_falls_silent_is_left_for_a_new_line(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection stands, and nothing comes: after a while that is noticed."""
    monkeypatch.setattr("duologue.client.socket_line.SILENT", 6.0)
    async with between(house.url) as network, calling(network.url, "talker") as ear:
        await ear.heard_out()
        network.held = True
        await ear.one(LineChanged, lambda e: e.state == "reconnecting")
        network.cut()
        network.held = False
        await ear.until(lambda: ear.all(LineChanged)[-1].state == "connected", "the line")


async def test_requests_go_both_ways(house: House) -> None:
    """The agent answers the client, and the client the agent."""
    async with calling(house.url, "exchange") as ear:
        ear.road.on_rpc("half", lambda text: str(int(text) // 2))
        assert await ear.road.rpc("upper", "abc", within=30) == "ABC"
        await ear.road.send_data(b'{"ask": "half"}', topic="", reliable=True)
        answer = await ear.one(DataReceived)
        assert json.loads(answer.content) == {"answer": "21"}


async def test_state_and_attributes_are_shared(house: House) -> None:
    """What either side sets the other sees."""
    async with calling(house.url, "exchange") as ear:
        await ear.one(AgentStateChanged, lambda e: e.state == "listening")
        await ear.road.set_state("from-client", [1, 2])
        await ear.one(StateShared, lambda e: (e.key, e.value) == ("seen", [1, 2]))
        await ear.road.send_data(b'{"set": {"page": 3}}', topic="", reliable=True)
        await ear.one(StateShared, lambda e: (e.key, e.value) == ("page", 3))
        await ear.road.set_attributes({"mood": "good"})
        told = await ear.one(DataReceived)
        assert json.loads(told.content) == {"attributes": {"mood": "good"}}
        await ear.road.send_data(b'{"say of yourself": {"hat": "red"}}', topic="", reliable=True)
        await ear.one(AgentSeen, lambda e: e.attributes == {"hat": "red"})


async def test_files_go_both_ways(house: House) -> None:
    """A megabyte of them, whole, with progress."""
    shares: list[float] = []
    async with calling(house.url, "exchange") as ear:
        file = ReceivedFile("", "in.bin", "image/png", "pictures", bytes(1024 * 1024))
        await ear.road.send_file(file, progress=shares.append)
        told = await ear.one(DataReceived)
        assert json.loads(told.content) == {"file": ["in.bin", 1024 * 1024, "pictures"]}
        await ear.road.send_data(b'{"send file": 300000}', topic="", reliable=True)
        came = await ear.one(ReceivedFile)
        assert (came.name, len(came.content), came.topic) == ("big.bin", 300_000, "films")
    assert shares[-1] == 1.0
    assert [event.received for event in ear.all(FileComing)][-1] == 300_000


async def test_what_the_agent_writes_is_read(house: House) -> None:
    """A turn of words alone."""
    async with calling(house.url, "exchange") as ear:
        await ear.road.send_data(b'{"write": "By hand."}', topic="", reliable=True)
        await ear.said("agent", "By hand.")
    assert ear.all(ChatReceived) == []
    assert ear.sound == b""

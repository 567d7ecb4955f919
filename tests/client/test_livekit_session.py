"""`LiveKitSession` with a running server, over its socket: the first document, name by name."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from pathlib import Path

import pytest
from tests.client.diary import Diary
from tests.client.endpoint import Endpoint, endpoint
from tests.client.network import between
from tests.client.sockets import GRACE, house
from tests.serving import House

from duologue import AgentConfig, LiveKitSession, SessionError
from duologue.client.authorize import authorize
from duologue.client.errors import MediaError, NotConnected, TokenSourceError

__all__ = ["house"]


async def test_the_way_from_idle_to_disconnected(house: House) -> None:
    """Every callback but the two of pictures is told, in an order that a surface can draw."""
    session = LiveKitSession("talker", house.url)
    diary = Diary(session)
    assert (session.connection_state, session.agent_state) == ("idle", "idle")
    assert (session.agent_id, session.base_url) == ("talker", house.url)
    assert not session.can_resume()
    await session.connect()
    assert session.connection_state == "connected"
    assert session.get_room() is None
    assert session.can_resume()
    await diary.heard_out("Hello there.")
    await session.session.messages.send("Hi.")
    await diary.heard_out("You said: Hi.")
    [config] = diary.of("agent_config")
    assert config == session.agent_config == AgentConfig("Talker")
    assert diary.of("connection_state_change") == ["connecting", "connected"]
    assert {"listening", "speaking"} <= set(diary.of("agent_state_change"))
    assert diary.of("resumability_change") == [True]
    await session.disconnect()
    assert diary.of("connection_state_change") == ["connecting", "connected", "disconnected"]
    assert diary.of("agent_state_change")[-1] == "idle"
    assert diary.of("error") == diary.of("video_track") == []


async def test_the_transcript_has_both_sides_and_is_forgotten_at_the_end(house: House) -> None:
    """`on_transcript` gets all of it whenever it changes; ids are stable; `disconnect` clears."""
    session = LiveKitSession("talker", house.url)
    diary = Diary(session)
    begun = time.time_ns() // 1_000_000
    await session.connect()
    await diary.said("agent", "Hello there.")
    await session.session.messages.send("Hi.")
    await diary.said("agent", "You said: Hi.")
    said = session.transcript
    assert [(e.role, e.final) for e in said] == [("agent", True), ("user", True), ("agent", True)]
    assert len({e.id for e in said}) == 3
    assert all(abs(e.timestamp - begun) < 120_000 for e in said)
    await diary.until(lambda: diary.of("transcript")[-1] == list(said))
    with pytest.raises(dataclasses.FrozenInstanceError):
        said[0].text = "x"  # type: ignore[misc]  # what is tested
    await session.disconnect()
    assert session.transcript == ()
    assert diary.of("transcript")[-1] == []


async def test_connect_goes_on_with_the_conversation(house: House) -> None:
    """After `disconnect`: the same one, with what was said; after `reset` a new one."""
    session = LiveKitSession("talker", house.url)
    diary = Diary(session)
    await session.connect()
    first = session.session.conversation_id
    await diary.heard_out("Hello there.")
    await session.disconnect()
    assert session.can_resume()
    await session.connect()
    assert session.session.conversation_id == first
    await diary.said("agent", "Hello there.")
    with pytest.raises(SessionError, match=r"is open; await session\.disconnect\(\) first"):
        session.reset()
    await session.disconnect()
    session.reset()
    assert not session.can_resume()
    assert diary.of("resumability_change") == [True, False]
    async with session:
        assert session.session.conversation_id != first
    assert session.connection_state == "disconnected"


async def test_disconnect_is_safe_at_any_time(house: House) -> None:
    """Before, twice, without being awaited, and while the session is being opened."""
    session = LiveKitSession("talker", house.url)
    diary = Diary(session)
    await session.disconnect()
    assert session.snapshot.connection_state == "idle"
    opening = asyncio.create_task(session.connect())
    await diary.until(lambda: session.connection_state == "connecting")
    session.disconnect()
    with pytest.raises(SessionError, match=r"disconnect\(\) was called meanwhile"):
        await opening
    assert session.connection_state == "disconnected"
    await session.connect()
    await asyncio.gather(session.disconnect(), session.disconnect())
    await session.disconnect()
    assert diary.of("connection_state_change")[-3:] == ["connecting", "connected", "disconnected"]
    assert diary.of("error") == []


async def test_who_connects_at_the_same_time_gets_the_same_session(house: House) -> None:
    """Two buttons, one session; a third press does nothing."""
    session = LiveKitSession("talker", house.url)
    diary = Diary(session)
    await asyncio.gather(session.connect(), session.connect())
    await session.connect()
    assert diary.of("connection_state_change") == ["connecting", "connected"]
    with pytest.raises(SessionError, match="open"):
        await session.connect_with_token(house.url, "dk_session_x")
    await session.disconnect()


async def test_a_token_that_somebody_else_fetched_opens_it(house: House) -> None:
    """No door is asked; without a resume token there is nothing to go on with."""
    ticket = await authorize(house.url, None, "talker")
    session = LiveKitSession("talker", "http://127.0.0.1:1")
    diary = Diary(session)
    with pytest.raises(SessionError):
        await session.connect_with_token(house.url, "dk_session_unknown")
    assert (session.connection_state, len(diary.of("error"))) == ("error", 1)
    await session.connect_with_token(ticket.url, ticket.token)
    assert (session.connection_state, session.error) == ("connected", None)
    await session.session.messages.send("Hi.")
    await diary.said("agent", "You said: Hi.")
    assert not session.can_resume()
    await session.disconnect()


async def test_a_broken_line_shows_connecting_and_comes_back(house: House) -> None:
    """Also after the agent's patience is over, through the door; nothing is an error."""
    async with between(house.url) as network:
        session = LiveKitSession("talker", network.url)
        diary = Diary(session)
        await session.connect()
        await diary.heard_out("Hello there.")
        conversation = session.session.conversation_id
        network.down = True
        network.cut()
        await diary.until(lambda: session.connection_state == "connecting")
        await asyncio.sleep(GRACE + 1.5)
        network.down = False
        await diary.until(lambda: session.connection_state == "connected")
        await session.session.messages.send("Here.")
        await diary.said("agent", "You said: Here.")
        assert session.session.conversation_id == conversation
        assert [e.text for e in session.transcript].count("Hello there.") == 1
        assert session.can_resume()
        await session.disconnect()
        assert diary.of("error") == []


async def test_data_goes_both_ways(house: House) -> None:
    """JSON to the agent, and what it sends as what it means."""
    session = LiveKitSession("exchange", house.url)
    diary = Diary(session)
    await session.connect()
    await session.send_data({"order": 2})
    await diary.until(lambda: diary.of("data_message"))
    assert diary.of("data_message") == [{"told": {"order": 2}}]
    await session.disconnect()
    with pytest.raises(NotConnected):
        await session.send_data({})


async def test_the_agent_hangs_up(house: House) -> None:
    """That is ROOM_DISCONNECT; the conversation is over, and the next one is new."""
    session = LiveKitSession("exchange", house.url)
    diary = Diary(session)
    await session.connect()
    first = session.session.conversation_id
    await session.send_data({"end": "enough"})
    await diary.until(lambda: session.connection_state == "disconnected")
    assert [code for _, code in diary.of("error")] == ["ROOM_DISCONNECT"]
    assert session.error is not None
    assert "enough" in session.error
    assert not session.can_resume()
    await session.connect()
    assert session.error is None
    assert session.session.conversation_id != first
    await session.disconnect()


async def test_the_agents_voice_is_something_to_listen_to(house: House) -> None:
    """On a socket there is no track, but the same sound."""
    session = LiveKitSession("talker", house.url)
    diary = Diary(session)
    heard: list[int] = []
    session.on_audio_track = lambda audio: audio.listen(lambda pcm, rate: heard.append(len(pcm)))
    await session.connect()
    await diary.until(lambda: sum(heard) > 8000)
    assert session.snapshot.audio_track is not None
    assert session.snapshot.audio_track.track is None
    await session.disconnect()
    assert session.snapshot.audio_track is None


async def test_an_own_endpoint_and_body(house: House) -> None:
    """`session_endpoint` is asked instead, with `x-api-key`, the agent and `session_body`."""
    answering: Endpoint
    with endpoint() as answering:
        answering.body = {"nothing": "here"}
        session = LiveKitSession(
            "talker",
            house.url,
            api_key="dk_public_1",
            session_endpoint=answering.url,
            session_body={"userId": "u1", "plan": "gold"},
        )
        with pytest.raises(TokenSourceError, match="no server_url"):
            await session.connect()
        asked, headers = answering.asked[0], answering.seen[0]
        assert {"agentId": "talker", "userId": "u1", "plan": "gold"}.items() <= asked.items()
        assert asked["transports"] == ["livekit", "websocket"]
        assert {name.lower(): text for name, text in headers.items()}["x-api-key"] == "dk_public_1"


async def test_a_door_that_is_not_there(house: House) -> None:
    """An address where nobody answers, one that answers nonsense, and an unknown agent."""
    for agent, url, code in (
        ("talker", "http://127.0.0.1:1", "unreachable"),
        ("talker", f"{house.url}/nowhere", "not_found"),
        ("nobody", house.url, "agent_not_found"),
    ):
        session = LiveKitSession(agent, url)
        diary = Diary(session)
        with pytest.raises(TokenSourceError):
            await session.connect()
        assert session.snapshot.connection_state == "error"
        [(message, told)] = diary.of("error")
        assert (message, told) == (session.error, code)
        await session.disconnect()
        assert session.connection_state == "disconnected"


class Device:
    """sounddevice, on a machine with one microphone or none, which nobody may use."""

    PortAudioError = OSError

    def __init__(self, *, there: bool) -> None:
        self._there = there

    def query_devices(self, *_: object) -> dict[str, float]:
        """The microphone, if there is one."""
        if not self._there:
            raise OSError("Error querying device -1")
        return {"default_samplerate": 48000.0}

    def RawInputStream(self, **_: object) -> None:  # noqa: N802  # sounddevice's own name
        """Nobody may."""
        raise OSError("Error opening InputStream: permission denied")


async def test_a_microphone_that_is_not_there(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MIC_NOT_FOUND, raised and told; the session goes on."""
    monkeypatch.setattr("duologue.client.devices.sounddevice", lambda: Device(there=False))
    session = LiveKitSession("talker", house.url)
    diary = Diary(session)
    await session.connect()
    with pytest.raises(MediaError):
        await session.publish_microphone()
    assert [told for _, told in diary.of("error")] == ["MIC_NOT_FOUND"]
    assert session.connection_state == "connected"
    await session.disconnect()


async def test_a_microphone_that_is_refused(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """MIC_PERMISSION_DENIED comes when it is opened, where nobody waits: `on_error` says it."""
    monkeypatch.setattr("duologue.client.devices.sounddevice", lambda: Device(there=True))
    session = LiveKitSession("talker", house.url)
    diary = Diary(session)
    await session.connect()
    await session.publish_microphone()
    await diary.until(lambda: diary.of("error"))
    assert [told for _, told in diary.of("error")] == ["MIC_PERMISSION_DENIED"]
    assert session.connection_state == "connected"
    await session.publish_microphone(False)
    await session.disconnect()


async def test_a_file_that_cannot_be_heard(house: House, tmp_path: Path) -> None:
    """That is raised at once, and told."""
    session = LiveKitSession("talker", house.url)
    diary = Diary(session)
    await session.connect()
    with pytest.raises(MediaError):
        await session.publish_microphone(tmp_path / "nothing.wav")
    assert [told for _, told in diary.of("error")] == [""]
    await session.disconnect()


def test_options_that_mean_nothing_are_refused() -> None:
    """No agent, no address, and a body that names another agent."""
    with pytest.raises(ValueError, match="agent_id is empty"):
        LiveKitSession("", "http://x")
    with pytest.raises(ValueError, match="begins with http"):
        LiveKitSession("desk", "ftp://x")
    with pytest.raises(ValueError, match=r"session_body\['agent'\]"):
        LiveKitSession("desk", "http://x", session_body={"agent": "other"})

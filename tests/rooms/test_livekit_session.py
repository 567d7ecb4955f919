"""`LiveKitSession` in rooms: the widget door, a real LiveKit server, and our own agent in it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from livekit import rtc
from tests.client.diary import Diary
from tests.client.sockets import AGENTS
from tests.rooms.livekit import LiveKit
from tests.rooms.stub import Tone, loudness, until
from tests.serving import House

from duologue import LiveKitSession, Session, TokenSource, load_session, save_session
from duologue.client.errors import EncryptionError, SessionError

GRACE = 8.0
SEALED = """

@duologue.agent(
    "sealed", greeting="Under four eyes.", tts=RulerTTS, llm=lambda: ScriptedAnswers(),
    encryption="required", encryption_key=lambda: "a shared key",
)
def sealed():
    return Agent(instructions="Keep it.")
"""


@pytest.fixture(scope="module")
def inn(tmp_path_factory: pytest.TempPathFactory, livekit: LiveKit) -> Iterator[House]:
    """A server of this machine with rooms, whose door needs no key here."""
    folder = tmp_path_factory.mktemp("inn")
    file = folder / "agents.py"
    file.write_text(AGENTS + SEALED)
    settings = {**livekit.settings, "grace_seconds": GRACE}
    with House(folder / "data", file, mode="dev", **settings) as running:
        yield running


async def test_a_conversation_in_a_room(inn: House) -> None:
    """Connected, greeted, heard, written to; left, and gone on with by `connect`."""
    session = LiveKitSession("talker", inn.url)
    diary = Diary(session)
    heard = bytearray()
    session.on_audio_track = lambda audio: audio.listen(lambda pcm, rate: heard.extend(pcm))
    await session.connect()
    room = session.get_room()
    assert isinstance(room, rtc.Room)
    assert room.isconnected()
    assert session.session.transport == "livekit"
    await diary.said("agent", "Hello there.")
    await diary.until(lambda: loudness(bytes(heard)) > 1000)
    await session.session.messages.send("Hi.")
    await diary.said("agent", "You said: Hi.")
    assert [e.role for e in session.transcript] == ["agent", "user", "agent"]
    assert diary.of("agent_config")[0].name == "Talker"
    assert diary.of("connection_state_change") == ["connecting", "connected"]
    await diary.until(lambda: session.agent_state == "listening")
    assert session.snapshot.audio_track is not None
    assert session.snapshot.audio_track.track is not None
    conversation = session.session.conversation_id
    await session.disconnect()
    assert (session.get_room(), session.transcript) == (None, ())
    assert session.can_resume()
    await session.connect()
    assert session.session.conversation_id == conversation
    await diary.said("agent", "You said: Hi.")
    await session.disconnect()
    assert diary.of("error") == []


async def test_data_goes_both_ways_and_the_agent_hangs_up(inn: House) -> None:
    """The room's end is told with the server's own word, and nothing can be resumed."""
    session = LiveKitSession("exchange", inn.url)
    diary = Diary(session)
    await session.connect()
    await until_linked(session)
    await session.send_data({"order": 2})
    await diary.until(lambda: {"told": {"order": 2}} in diary.of("data_message"))
    await session.send_data({"end": "enough"})
    await diary.until(lambda: session.connection_state == "disconnected")
    [(message, code)] = diary.of("error")
    assert code == "ROOM_DISCONNECT"
    assert "enough" in message
    assert not session.can_resume()
    assert diary.of("resumability_change") == [True, False]


async def test_a_microphone_of_ones_own(inn: House) -> None:
    """`publish_microphone`, or the room itself once it is connected, as the document has it."""
    session = LiveKitSession("hearing", inn.url)
    diary = Diary(session)
    mine: list[Any] = []

    async def publish(state: str) -> None:
        room = session.get_room()
        if state == "connected" and room is not None:
            source = rtc.AudioSource(48000, 1)
            track = rtc.LocalAudioTrack.create_audio_track("mic", source)
            mine.append(await room.local_participant.publish_track(track))

    session.on_connection_state_change = publish
    await session.connect()
    await diary.until(lambda: mine)
    microphone = Tone()
    await session.publish_microphone(microphone)
    await session.publish_microphone(False)
    assert microphone.closed
    await session.disconnect()


async def test_the_next_process_goes_on_by_url_and_token(inn: House) -> None:
    """As the document shows it; the one that was there before is replaced."""
    store: dict[str, Any] = {}
    before = LiveKitSession("talker", inn.url)
    noted = Diary(before)
    await before.connect()
    await noted.said("agent", "Hello there.")
    await noted.until(lambda: before.agent_state == "listening")
    save_session(before, store)
    kept = load_session(store)
    assert kept is not None
    assert kept.is_live()
    room = before.get_room()
    assert room is not None
    assert kept.room_name == room.name
    after = LiveKitSession("talker", inn.url)
    diary = Diary(after)
    await after.connect_with_token(kept.url, kept.token)
    await noted.until(lambda: before.connection_state != "connected")
    assert noted.of("error")[0][1] == "ROOM_DISCONNECT"
    await after.session.messages.send("Again.")
    await diary.said("agent", "You said: Again.")
    conversation = kept.conversation_id
    await after.disconnect()
    texts = [one["text"] for one in inn.messages(conversation)]
    assert texts.count("Hello there.") == 1
    assert "You said: Again." in texts


async def test_resume_by_the_resume_token(inn: House) -> None:
    """When the room is gone, the door leads into another one, with the same conversation."""
    store: dict[str, Any] = {}
    before = LiveKitSession("talker", inn.url)
    noted = Diary(before)
    await before.connect()
    await noted.said("agent", "Hello there.")
    await noted.until(lambda: before.agent_state == "listening")
    save_session(before, store)
    await before.disconnect()
    kept = load_session(store)
    assert kept is not None
    after = LiveKitSession("talker", inn.url)
    diary = Diary(after)
    await after.resume(kept)
    assert after.session.conversation_id == kept.conversation_id
    await diary.said("agent", "Hello there.")
    await after.disconnect()
    assert diary.of("error") == []


async def test_two_surfaces_one_room(inn: House) -> None:
    """One agent speaks once; both surfaces show it, and one of them goes without ending it."""
    session = LiveKitSession("talker", inn.url)
    diary = Diary(session)
    sidebar: list[Any] = []
    panel: list[Any] = []
    off = session.subscribe(sidebar.append)
    session.subscribe(panel.append)
    await asyncio.gather(session.connect(), session.connect())
    room = session.get_room()
    assert room is not None
    await diary.said("agent", "Hello there.")
    off()
    await diary.until(lambda: [e.text for e in panel[-1].transcript] == ["Hello there."])
    agents = [
        one
        for one in room.remote_participants.values()
        if one.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
    ]
    assert len(agents) == 1
    assert session.connection_state == "connected"
    await session.disconnect()
    assert panel[-1].connection_state == "disconnected"


async def test_begun_over_a_socket_and_gone_on_in_a_room(inn: House) -> None:
    """The conversation is the same on both roads."""
    talk = Session(TokenSource.duologue(inn.url), agent_name="talker", transport="websocket")
    states: list[str] = []
    talk.on("agent_state", states.append)
    async with talk:
        await until(lambda: any(m.text == "Hello there." and m.final for m in talk.messages))
        await until(lambda: "speaking" in states and talk.agent.state == "listening")
        conversation, resume = talk.conversation_id, talk.resume_token
    body = {"conversation_id": conversation, "resume_token": resume}
    session = LiveKitSession("talker", inn.url, session_body=body)
    diary = Diary(session)
    await session.connect()
    assert session.get_room() is not None
    assert session.session.conversation_id == conversation
    await diary.said("agent", "Hello there.")
    await session.disconnect()


async def test_an_encrypted_conversation(inn: House) -> None:
    """By its key from end to end; without one it says what is missing, and nothing is sent."""
    session = LiveKitSession("sealed", inn.url, encryption="a shared key")
    diary = Diary(session)
    await session.connect()
    await diary.said("agent", "Under four eyes.")
    await session.session.messages.send("Hi.")
    await diary.said("agent", "You said: Hi.")
    await session.disconnect()
    assert diary.of("error") == []
    keyless = LiveKitSession("sealed", inn.url)
    with pytest.raises(EncryptionError, match="encryption='the key'"):
        await keyless.connect()
    assert keyless.connection_state == "error"


async def test_an_agent_that_does_not_come(
    livekit: LiveKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AGENT_TIMEOUT, raised and told; the room is left."""
    monkeypatch.setattr("duologue.client.widget_life.AGENT_PATIENCE", 1.0)
    session = LiveKitSession("nobody", "http://127.0.0.1:1")
    diary = Diary(session)
    with pytest.raises(SessionError, match="did not join within 1 s"):
        await session.connect_with_token(livekit.url, livekit.token("lonely", "ann"))
    assert [code for _, code in diary.of("error")] == ["AGENT_TIMEOUT"]
    assert diary.of("connection_state_change") == ["connecting", "connected", "error"]
    assert session.get_room() is None
    await session.disconnect()


async def until_linked(session: LiveKitSession) -> None:
    """The agent has seen us; data sent before is nobody's."""
    await session.session.messages.send("Hello?")
    await until(lambda: any(entry.role == "agent" for entry in session.transcript))

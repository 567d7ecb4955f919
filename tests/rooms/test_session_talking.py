"""A Python session and an agent of livekit-agents in one room: seen, heard, written to."""

from __future__ import annotations

import asyncio

from tests.rooms.livekit import LiveKit
from tests.rooms.stub import Tone, fresh, loudness, session_to, stub, until

from duologue.client.road import TextStream


async def test_the_agent_is_known_and_heard(livekit: LiveKit) -> None:
    """Who it is, what it does, its track, its words, and its sound."""
    room = fresh()
    async with stub(livekit, room, greeting="Good morning to you.") as agent:
        session = session_to(livekit, room)
        states: list[str] = []
        heard = bytearray()
        session.on("agent_state", states.append)
        session.listen(lambda pcm, rate: heard.extend(pcm))
        await session.start()
        try:
            assert session.transport == "livekit"
            assert session.room is not None
            assert session.agent.identity == agent.identity
            assert session.agent.is_connected
            assert await session.agent.wait_until_audio_track() is not None
            await until(lambda: any(m.final for m in session.messages))
            message = session.messages[0]
            assert (message.role, message.kind) == ("agent", "agent_transcript")
            assert message.text.strip() == "Good morning to you."
            await until(lambda: "speaking" in states and session.agent.state == "listening")
            await until(lambda: loudness(bytes(heard)) > 2000)
            assert states[0] == "connecting"
        finally:
            await session.end()
        assert session.messages[0].text.strip() == "Good morning to you."
        assert session.agent.state == "disconnected"


async def test_a_written_session_is_answered_at_once(livekit: LiveKit) -> None:
    """A message right after the start is not lost, though nothing was ever said aloud."""
    room = fresh()
    async with stub(livekit, room):
        session = session_to(livekit, room)
        await session.start()
        sent = await session.messages.send("apples, please")
        await until(lambda: any("apples" in m.text for m in session.messages if m.role == "agent"))
        assert (sent.role, sent.kind, sent.text) == ("user", "chat", "apples, please")
        assert session.messages[0] == sent
        assert sent.at > 0
        await session.end()


async def test_chat_is_kept_until_the_agent_is_there(livekit: LiveKit) -> None:
    """What is written before anybody hears it waits, and then arrives."""
    room = fresh()
    session = session_to(livekit, room)
    await session.start(wait_for_agent=False)
    sending = asyncio.create_task(session.messages.send("hello out there"))
    await asyncio.sleep(0.2)
    assert session.messages.is_sending
    async with stub(livekit, room) as agent:
        await asyncio.wait_for(sending, 60)
        assert not session.messages.is_sending
        await until(lambda: bool(agent.mind.talks))
        await session.end()


async def test_the_users_own_words_are_the_users(livekit: LiveKit) -> None:
    """They come back as one message of the user, interim first and then final."""
    room = fresh()
    async with stub(livekit, room, heard=["two apples please"], answers=["Gladly."]):
        session = session_to(livekit, room)
        texts: list[tuple[str, bool]] = []
        session.on("message", lambda m: texts.append((m.text, m.final)) if m.role == "user" else 0)
        tone = Tone()
        await session.start(microphone=tone)
        await session.agent.wait_until_could_be_listening()
        await asyncio.sleep(0.5)
        tone.speak(0.6)
        await until(lambda: any(m.role == "agent" and m.final for m in session.messages))
        mine = [m for m in session.messages if m.role == "user"]
        assert [(m.text, m.kind, m.final) for m in mine] == [
            ("two apples please", "user_transcript", True)
        ]
        assert ("two", False) in texts
        assert [m.role for m in session.messages] == ["user", "agent"]
        assert session.microphone_level >= 0
        await session.end()
        assert tone.closed


async def test_what_was_said_before_the_agent_came_is_heard(livekit: LiveKit) -> None:
    """Pre-connect audio: spoken into an empty room, understood by the agent that comes."""
    room = fresh()
    session = session_to(livekit, room)
    tone = Tone()
    tone.speak(0.8)
    await session.start(microphone=tone, wait_for_agent=False)
    await asyncio.sleep(1.5)
    assert session.agent.state == "pre-connect-buffering"
    assert session.agent.can_listen
    async with stub(livekit, room, heard=["early bird"]) as agent:
        await until(lambda: any(m.text == "early bird" for m in session.messages if m.final))
        assert agent.ears.seconds > 0.5
        await session.end()


async def test_a_muted_microphone_is_not_heard(livekit: LiveKit) -> None:
    """The agent hears nothing until the mute ends."""
    room = fresh()
    async with stub(livekit, room, heard=["now"]) as agent:
        session = session_to(livekit, room)
        tone = Tone()
        await session.start(microphone=tone)
        await session.mute()
        await asyncio.sleep(0.3)
        tone.speak(0.6)
        await asyncio.sleep(1.5)
        assert agent.ears.seconds == 0
        await session.mute(False)
        tone.speak(0.6)
        await until(lambda: agent.ears.seconds > 0.3)
        await session.end()


async def test_raw_text_streams_come_by_topic(livekit: LiveKit) -> None:
    """The transcript as LiveKit sends it, and a topic of one's own."""
    room = fresh()
    session = session_to(livekit, room)
    got: dict[str, str] = {}

    async def read(stream: TextStream) -> None:
        got[stream.topic] = "".join([piece async for piece in stream.pieces])
        got[f"{stream.topic} by"] = stream.sender

    session.on_text("lk.transcription", read)
    session.on_text("news", read)
    async with stub(livekit, room, greeting="Hello there.") as agent:
        await session.start()
        await agent.room.local_participant.send_text("it rains", topic="news")
        await until(lambda: "news" in got and "lk.transcription" in got)
        assert got["news"] == "it rains"
        assert got["news by"] == agent.identity
        assert got["lk.transcription"].strip() == "Hello there."
        await until(lambda: any(m.final for m in session.messages))
        await session.end()


async def test_a_message_of_the_agent_is_in_the_list(livekit: LiveKit) -> None:
    """Written, not spoken: a chat message of the agent."""
    room = fresh()
    async with stub(livekit, room) as agent:
        session = session_to(livekit, room)
        await session.start()
        await agent.room.local_participant.send_text("see the menu", topic="lk.chat")
        await until(lambda: len(session.messages) == 1)
        message = session.messages[0]
        assert (message.kind, message.role, message.text) == ("chat", "agent", "see the menu")
        await session.end()

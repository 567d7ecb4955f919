"""A whole session over the socket: the same object as over a room."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.client.network import between
from tests.client.sockets import GRACE, PATIENCE, house
from tests.serving import House

from duologue import Message, NotConnected, Session, TokenSource
from duologue.client.errors import SessionConnectError
from duologue.client.media import Meter, Metered, Recording, SoundFile, play
from duologue.testing import speech
from duologue.testing.models import place, ruler

__all__ = ["house"]


def session(url: str, agent: str = "talker") -> Session:
    """A session that is not started."""
    return Session(TokenSource.duologue(url), agent_name=agent, transport="websocket")


async def until(session: Session, role: str, text: str) -> Message:
    """The whole message of somebody, when it is there."""
    async with asyncio.timeout(PATIENCE):
        async for message in session.messages.stream():
            if (message.role, message.text) == (role, text):
                return message
    raise AssertionError(f"nobody said {text!r}; said was {list(session.messages)}")


async def test_ten_lines_are_a_conversation(house: House) -> None:
    """Started, greeted, written to, answered, ended; one list has it all."""
    async with session(house.url) as talk:
        assert (talk.transport, talk.is_connected, talk.agent.name) == ("websocket", True, "talker")
        assert talk.agent.can_listen
        assert talk.room is None
        await until(talk, "agent", "Hello there.")
        await talk.messages.send("How are you?")
        await until(talk, "agent", "You said: How are you?")
    assert [(each.role, each.kind) for each in talk.messages] == [
        ("agent", "agent_transcript"), ("user", "chat"), ("agent", "agent_transcript"),
    ]  # fmt: skip
    assert talk.connection_state == "disconnected"


async def test_an_agent_without_a_greeting_is_there_at_once(house: House) -> None:
    """It hears, though it has not begun."""
    async with session(house.url, "hearing") as talk:
        assert talk.agent.state == "listening"
        await talk.messages.send("Hello.")
        await until(talk, "agent", "You said: Hello.")


async def test_the_voice_is_played_into_a_file(house: House, tmp_path: Path) -> None:
    """Every sample of an answer that was heard to its end."""
    talk = session(house.url)
    player = play(talk, Recording(tmp_path / "heard.wav"))
    states: list[str] = []
    talk.on("agent_state", states.append)
    async with talk:
        await until(talk, "agent", "Hello there.")
        async with asyncio.timeout(PATIENCE):
            while "speaking" not in states:  # noqa: ASYNC110  # a test's own short wait
                await asyncio.sleep(0.02)
            while talk.agent.state == "speaking":  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert player.quiet_for >= 0
        player.close()
    pcm = (tmp_path / "heard.wav").read_bytes()[44:]
    assert place(pcm, ruler(160_000)) == 0
    assert len(pcm) // 2 == pytest.approx(len("Hello there.") * 960, abs=1536)


async def test_a_session_survives_a_break_and_the_end_of_its_agents_patience(house: House) -> None:
    """The same session object, the same conversation, with nothing said twice."""
    async with between(house.url) as network, session(network.url) as talk:
        await until(talk, "agent", "Hello there.")
        conversation = talk.conversation_id
        network.cut()
        await talk.messages.send("One.")
        await until(talk, "agent", "You said: One.")
        network.down = True
        network.cut()
        async with asyncio.timeout(PATIENCE):
            while talk.connection_state != "reconnecting":  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await talk.messages.send("Two.")
        await asyncio.sleep(GRACE + 1.5)
        network.down = False
        await until(talk, "agent", "You said: Two.")
        assert talk.conversation_id == conversation
        assert [m.text for m in talk.messages if m.role == "user"] == ["One.", "Two."]
        assert not [message for message in talk.messages if message.past]


async def test_a_session_that_is_replaced_says_why(house: House) -> None:
    """Its error has the server's word and sentence."""
    async with session(house.url) as talk:
        await until(talk, "agent", "Hello there.")
        other = Session(
            TokenSource.duologue(house.url), agent_name="talker", transport="websocket",
            conversation_id=talk.conversation_id, resume_token=talk.resume_token,
        )  # fmt: skip
        async with other:
            await talk.agent.wait_until_finished(PATIENCE)
            assert isinstance(talk.error, SessionConnectError)
            assert talk.error.code == "replaced"
            with pytest.raises(NotConnected):
                await talk.interrupt()
            await other.messages.send("Here.")
            await until(other, "agent", "You said: Here.")


@pytest.mark.voice
async def test_a_spoken_question_is_answered_and_a_spoken_word_interrupts(
    house: House, tmp_path: Path
) -> None:
    """Speech from a file, at its own rate, through voice detection; and it is measured."""
    question = speech.speak("What time is it, please?").save(tmp_path / "question.wav")
    stop = speech.speak("Stop, stop now please.").save(tmp_path / "stop.wav")
    meter = Meter()
    stopped: list[bool] = []
    talk = session(house.url, "patient")
    talk.on("sound_stopped", lambda: stopped.append(True))
    await talk.start(microphone=Metered(SoundFile(question), meter))
    try:
        await until(talk, "user", "What time is it?")
        assert meter.level.rms <= 0
        async with asyncio.timeout(PATIENCE):
            while talk.agent.state != "speaking":  # noqa: ASYNC110  # a test's own short wait
                await asyncio.sleep(0.02)
        await talk.set_microphone(SoundFile(stop))
        await until(talk, "user", "Stop.")
        await until(talk, "agent", "Well.")
        assert stopped
        cut = next(message for message in talk.messages if message.role == "agent")
        assert cut.interrupted
    finally:
        await talk.end()

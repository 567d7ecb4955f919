"""A session for scripts that wait, on a real server."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from tests.client.sockets import house
from tests.serving import House

from duologue import BlockingSession, NotConnected, TokenSource, TokenSourceError, WaitTimeout
from duologue.client.errors import MediaError
from duologue.testing import speech

__all__ = ["house"]


def scripted(house: House, agent: str = "talker") -> BlockingSession:
    """A session with an agent over the socket."""
    return BlockingSession(TokenSource.duologue(house.url, agent=agent), transport="websocket")


def ours() -> list[threading.Thread]:
    """Threads of blocking sessions."""
    return [thread for thread in threading.enumerate() if thread.name == "duologue session"]


def test_a_script_writes_and_waits_for_the_reply(house: House) -> None:
    """Each answer is given once, the greeting first; messages are there after the end."""
    with scripted(house) as session:
        assert session.wait_for_reply(60) == "Hello there."
        assert session.agent_state == "listening"
        session.send("How are you?")
        assert session.wait_for_reply(60) == "You said: How are you?"
        with pytest.raises(WaitTimeout, match=r"did not happen within 0\.2 s"):
            session.wait_for_reply(0.2)
    said = [(message.role, message.text) for message in session.messages]
    assert said == [
        ("agent", "Hello there."), ("user", "How are you?"), ("agent", "You said: How are you?"),
    ]  # fmt: skip
    assert ours() == []


def test_a_reply_is_to_what_was_said_last(house: House) -> None:
    """An answer that was cut by it is none."""
    with scripted(house, "long") as session:
        session.send("Stop.")
        assert session.wait_for_reply(60).startswith("A sentence of a hundred")
        session.end()
        session.end()
        with pytest.raises(NotConnected):
            session.send("Anybody?")


def test_errors_are_raised_where_they_were_caused(house: House, tmp_path: Path) -> None:
    """At the start, in a call, and by work of one's own; a session may be started again."""
    session = scripted(house, "nobody")
    with pytest.raises(TokenSourceError, match="There is no agent 'nobody'"):
        session.start()
    assert ours() == []
    with scripted(house) as session:
        with pytest.raises(MediaError, match=r"none\.wav cannot be heard"):
            session.say_audio(tmp_path / "none.wav")
        with pytest.raises(ZeroDivisionError):
            session.run(_fails())
        with pytest.raises(WaitTimeout, match=r"within 0\.05 s"):
            session.run(asyncio.sleep(60), within=0.05)
        session.end()
        session.start()
        assert session.wait_for_reply(60) == "Hello there."


async def _fails() -> None:
    raise ZeroDivisionError


def test_ctrl_c_ends_a_call_and_the_session_with_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within bounds, and with nothing left behind."""

    class Interrupted:
        def result(self, within: float | None) -> None:
            raise KeyboardInterrupt

        def cancel(self) -> None:
            cancelled.append(True)

    cancelled: list[bool] = []
    began = time.monotonic()
    session = scripted(house)

    def interrupted_call() -> None:
        with session, monkeypatch.context() as patched:
            patched.setattr(asyncio, "run_coroutine_threadsafe", once)
            session.wait_for_reply(60)

    def once(work: Coroutine[Any, Any, Any], loop: object) -> Interrupted:
        work.close()
        return Interrupted()

    with pytest.raises(KeyboardInterrupt):
        interrupted_call()
    assert cancelled == [True]
    assert ours() == []
    assert session.session.connection_state == "disconnected"
    assert time.monotonic() - began < 60


@pytest.mark.voice
def test_a_script_speaks(house: House, tmp_path: Path) -> None:
    """A file is said in real time, and understood by voice detection as a turn."""
    path = speech.speak("What time is it, please?").save(tmp_path / "question.wav")
    with scripted(house, "hearing") as session:
        session.say_audio(path)
        assert session.wait_for_reply(60) == "You said: What time is it?"
        spoken = [message for message in session.messages if message.kind == "user_transcript"]
        assert [message.text for message in spoken] == ["What time is it?"]

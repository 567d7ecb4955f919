"""The table of docs/transports.md, row by row, on a running server."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.client.network import between
from tests.client.sockets import PATIENCE, house
from tests.serving import House

from duologue import NotOnThisTransport, Session, TokenSource
from duologue.client.media import Samples
from duologue.client.road import ReceivedFile, SoundReceived, TextStream

__all__ = ["house"]

PAGE = Path(__file__).parents[2] / "docs" / "transports.md"
MEGABYTE = 1024 * 1024
Check = Callable[[Session, House], Awaitable[Any]]


def rows() -> dict[str, list[str]]:
    """Every row of the table: what, and the cells behind it."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: row[1:] for row in cells if row[0] != "What"}


async def until(true: Callable[[], Any], what: str) -> None:
    """Waits until something is true."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not true():  # noqa: ASYNC110  # nothing tells when
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"waited for {what}") from None


async def pictures() -> AsyncIterator[Any]:
    """A camera that sees nothing."""
    return
    yield


def said(talk: Session) -> list[str]:
    """What the agent said, whole."""
    return [m.text for m in talk.messages if m.role == "agent" and m.final]


# ---------------------------------------------------------------- what it has


async def sound(talk: Session, house: House) -> None:
    """The greeting of another session sounds."""
    heard: list[SoundReceived] = []
    async with Session(
        TokenSource.duologue(house.url), agent_name="talker", transport="websocket"
    ) as other:
        other.on("sound", heard.append)
        await until(lambda: len(heard) > 3, "sound")
    assert {event.rate for event in heard} == {16000}


async def microphone(talk: Session, house: House) -> None:
    """Sound of any rate is taken."""
    await talk.set_microphone(Samples(bytes(48000), 24000))
    await talk.hear(bytes(9600), 48000)
    await talk.set_microphone(False)


async def muting(talk: Session, house: House) -> None:
    """And ended again."""
    await talk.hear(bytes(9600), 48000)
    await talk.mute()
    assert talk.is_muted
    await talk.mute(False)


async def button(talk: Session, house: House) -> None:
    """Let go by muting; a press of nothing but silence is answered by nobody, and is no error."""
    async with Session(
        TokenSource.duologue(house.url), agent_name="button", transport="websocket"
    ) as other:
        await other.hear(bytes(9600), 48000)
        await other.mute()
        await other.mute(False)
        await other.mute()
        await other.messages.send("Pressed.")
        await until(lambda: "You said: Pressed." in said(other), "an answer")


async def played(talk: Session, house: House) -> None:
    """A word about nothing that sounds is no error."""
    talk.played(0.1)


async def transcripts(talk: Session, house: House) -> None:
    """Those of the agent come word by word."""
    await talk.messages.send("Words.")
    await until(lambda: "You said: Words." in said(talk), "an answer")


async def written(talk: Session, house: House) -> None:
    """As long as the table says, and no longer."""
    await talk.messages.send("x" * 65536)
    with pytest.raises(NotOnThisTransport, match="65537 characters"):
        await talk.messages.send("x" * 65537)


async def attachments(talk: Session, house: House) -> None:
    """They reach the agent as files."""
    told: list[Any] = []
    talk.on_data(told.append)
    file = ReceivedFile("", "a.txt", "text/plain", "", b"abc")
    await talk.messages.send("See this.", attachments=[file])
    await until(lambda: told, "the agent's word")
    assert json.loads(told[0].content)["file"][:2] == ["a.txt", 3]


async def interrupting(talk: Session, house: House) -> None:
    """Also where nobody speaks."""
    await talk.interrupt()


async def state_of_agent(talk: Session, house: House) -> None:
    """In LiveKit's words."""
    states: list[str] = []
    talk.agent.on("state", states.append)
    await talk.messages.send("Think.")
    await until(lambda: "speaking" in states, "speaking")
    assert "thinking" in states


async def tools(talk: Session, house: House) -> None:
    """Their beginning and end."""
    told: list[Any] = []
    async with Session(
        TokenSource.duologue(house.url), agent_name="toolbox", transport="websocket"
    ) as other:
        other.on("tool", told.append)
        await other.messages.send("Use it.")
        await until(lambda: len(told) == 2, "a tool")
    assert [(event.name, event.status) for event in told] == [("wind", "started"), ("wind", "done")]


async def data(talk: Session, house: House) -> None:
    """Both ways, as long as the table says."""
    told: list[Any] = []
    talk.on_data(told.append)
    await talk.send_data({"hello": [1]})
    await until(lambda: told, "the agent's word")
    assert json.loads(told[0].content) == {"told": {"hello": [1]}}
    with pytest.raises(NotOnThisTransport, match="more than 65536"):
        await talk.send_data(["x" * 65536])


async def requests(talk: Session, house: House) -> None:
    """The agent's methods, and the client's."""
    told: list[Any] = []
    talk.on_data(told.append)
    talk.on_rpc("double", lambda text: text * 2)
    assert await talk.rpc("upper", "abc", timeout=PATIENCE) == "ABC"
    await talk.send_data({"ask": "double"})
    await until(lambda: told, "the agent's word")
    assert json.loads(told[0].content) == {"answer": "4242"}


async def shared_state(talk: Session, house: House) -> None:
    """What the agent sets is here."""
    await talk.send_data({"set": {"page": 7}})
    await until(lambda: talk.state.get("page") == 7, "the state")
    await talk.state.set("mine", [1])
    assert dict(talk.state)["mine"] == [1]


async def attributes(talk: Session, house: House) -> None:
    """Ours, and the agent's."""
    await talk.set_attributes({"mood": "good"})
    await talk.send_data({"say of yourself": {"hat": "red"}})
    await until(lambda: talk.agent.attributes.get("hat") == "red", "the hat")


async def files(talk: Session, house: House) -> None:
    """A whole megabyte there, and some of it back."""
    told: list[Any] = []
    came: list[ReceivedFile] = []
    talk.on_data(told.append)
    talk.on_file(came.append, topic="films")
    await talk.send_file(bytes(MEGABYTE), name="all.bin")
    await until(lambda: told, "the agent's word")
    assert json.loads(told[0].content)["file"][:2] == ["all.bin", MEGABYTE]
    await talk.send_data({"send file": 1000})
    await until(lambda: came, "a file")
    assert len(came[0].content) == 1000


async def coming_back(talk: Session, house: House) -> None:
    """After a line that broke."""
    states: list[str] = []
    async with (
        between(house.url) as network,
        Session(
            TokenSource.duologue(network.url), agent_name="exchange", transport="websocket"
        ) as other,
    ):
        other.on("connection", states.append)
        network.cut()
        await until(lambda: states == ["reconnecting", "connected"], "the line")


async def later(talk: Session, house: House) -> None:
    """By what the session knows of its conversation."""
    await talk.messages.send("First.")
    await until(lambda: "You said: First." in said(talk), "an answer")
    await until(lambda: talk.agent.state == "listening", "listening")
    await talk.end()
    async with Session(
        TokenSource.duologue(house.url), agent_name="exchange", transport="websocket",
        conversation_id=talk.conversation_id, resume_token=talk.resume_token,
    ) as other:  # fmt: skip
        await until(lambda: any(m.past and m.text == "First." for m in other.messages), "the past")


# ---------------------------------------------------------------- what it lacks


async def no_text(stream: TextStream) -> None:
    """Nobody calls this."""
    raise AssertionError(stream)


async def no_room(talk: Session, house: House) -> None:
    """There is none, and one that is given is refused at the start."""
    assert talk.room is None
    await Session(
        TokenSource.duologue(house.url), agent_name="talker", transport="websocket",
        room=lambda: None,  # type: ignore[arg-type,return-value]  # it is never called
    ).start()  # fmt: skip


async def no_encryption(talk: Session, house: House) -> None:
    """Neither at the beginning nor later."""
    with pytest.raises(NotOnThisTransport):
        Session(TokenSource.duologue(house.url), transport="websocket", encryption="secret")
    await talk.set_encryption(False)
    with pytest.raises(NotOnThisTransport):
        await talk.set_encryption_key("secret")
    await talk.set_encryption(True)


async def no_stream(talk: Session, house: House) -> None:
    """At the call, where the session is open."""
    talk.on_text("notes", no_text)


CHECKS: dict[str, Check] = {
    "The agent's sound": sound,
    "The agent's sound as a track": lambda talk, _: talk.agent.wait_until_audio_track(),
    "The microphone": microphone,
    "Muting": muting,
    "Push-to-talk agents": button,
    "How much of an answer was played": played,
    "Transcripts of both sides": transcripts,
    "Written messages": written,
    "Attributes of a written message": lambda talk, _: talk.messages.send(
        "x", attributes={"a": "b"}
    ),
    "Attachments of a written message": attachments,
    "Interrupting": interrupting,
    "What the agent is doing": state_of_agent,
    "Tools of the agent": tools,
    "Data, as JSON": data,
    "Data that is no JSON": lambda talk, _: talk.send_data(b"\xff\x00"),
    "Data of a topic": lambda talk, _: talk.send_data({}, topic="notes"),
    "Requests, both ways": requests,
    "Shared state": shared_state,
    "Attributes": attributes,
    "Files up to 1 MB, both ways": files,
    "Files over 1 MB": lambda talk, _: talk.send_file(bytes(MEGABYTE + 1), name="all.bin"),
    "Text streams, piece by piece": no_stream,
    "The camera": lambda talk, _: talk.set_camera(pictures()),
    "A screen": lambda talk, _: talk.share_screen(pictures()),
    "The agent's picture": lambda talk, _: talk.agent.wait_until_video_track(),
    "The room itself": no_room,
    "End-to-end encryption": no_encryption,
    "Coming back by itself": coming_back,
    "Coming back to the conversation later": later,
}


def test_every_row_has_its_test() -> None:
    """And no test is of a row that is gone; every name in the table exists."""
    assert rows().keys() == CHECKS.keys()
    session = Session(TokenSource.duologue("http://localhost"), transport="websocket")
    for row, (names, *_) in rows().items():
        for name in re.findall(r"`session\.([a-z_.]+)", names):
            place: Any = session
            for part in name.split("."):
                assert hasattr(place, part), f"{row}: session.{name}"
                place = getattr(place, part)


@pytest.mark.parametrize("row", CHECKS)
async def test_a_row_of_the_table_is_true(house: House, row: str) -> None:
    """`no` raises, with what was asked and where it is to be had; everything else works."""
    *_, socket = rows()[row]
    async with Session(
        TokenSource.duologue(house.url), agent_name="exchange", transport="websocket"
    ) as talk:
        if socket.startswith("yes"):
            await CHECKS[row](talk, house)
            return
        assert socket == "no"
        with pytest.raises(NotOnThisTransport, match="on the websocket road; docs/transports"):
            await CHECKS[row](talk, house)
        assert talk.is_connected or row == "The room itself"

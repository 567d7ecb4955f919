"""The data of a session, on a road that a test drives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.client.roads import ScriptedRoad, session_on

from duologue.client.errors import MediaError, RpcError
from duologue.client.road import DataReceived, FileComing, ReceivedFile, StateShared
from duologue.client.session import Session


async def opened(patch: pytest.MonkeyPatch) -> tuple[ScriptedRoad, Session]:
    """A session that is open."""
    road = ScriptedRoad()
    session = session_on(road, patch)
    await session.start(wait_for_agent=False)
    return road, session


async def test_a_request_is_answered_or_fails_with_a_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Text goes as it is, everything else as JSON."""
    road, session = await opened(monkeypatch)
    road.answers = {"time": "noon", "bad": RpcError(1400, "unknown")}
    assert await session.rpc("time", {"zone": "UTC"}, timeout=3) == "noon"
    assert road.calls[-1] == ("rpc", "time", '{"zone": "UTC"}', 3)
    await session.rpc("time", "now")
    assert road.calls[-1] == ("rpc", "time", "now", 10.0)
    with pytest.raises(RpcError, match=r"unknown \(1400\)") as error:
        await session.rpc("bad")
    assert error.value.code == 1400
    await session.end()


async def test_a_handler_answers_until_it_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest handler of a method is the one that counts."""
    road, session = await opened(monkeypatch)

    def first(_: str) -> str:
        return "1"

    def second(_: str) -> str:
        return "2"

    off = session.on_rpc("m", first)
    session.on_rpc("m", second)
    off()
    assert road.calls == [("on_rpc", "m", first), ("on_rpc", "m", second)]
    await session.end()


async def test_shared_state_is_a_mapping_that_tells_its_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ours and the agent's changes alike; what does not change is not told."""
    road, session = await opened(monkeypatch)
    told: list[tuple[str, Any]] = []
    session.state.on(lambda key, value: told.append((key, value)))
    road.tell(StateShared("topping", "ham"))
    road.tell(StateShared("topping", "ham"))
    await session.state.set("size", 3)
    assert dict(session.state) == {"topping": "ham", "size": 3}
    assert road.calls == [("set_state", "size", 3)]
    road.tell(StateShared("topping", None))
    assert "topping" not in session.state
    assert len(session.state) == 1
    assert told == [("topping", "ham"), ("size", 3), ("topping", None)]
    with pytest.raises(TypeError, match="not JSON serializable"):
        await session.state.set("bad", {1, 2})
    await session.end()


async def test_a_file_is_sent_by_its_path_or_its_bytes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Name and type come from the path, or from whoever sends it."""
    road, session = await opened(monkeypatch)
    path = tmp_path / "cat.png"
    path.write_bytes(b"meow")
    sent = await session.send_file(path, attributes={"of": "cat"})
    assert (sent.name, sent.mime_type, sent.content) == ("cat.png", "image/png", b"meow")
    assert sent.attributes == {"of": "cat"}
    assert road.calls[-1][:2] == ("send_file", sent)
    other = await session.send_file(b"x", name="x.bin", mime_type="a/b", topic="photos")
    assert (other.name, other.mime_type, other.topic) == ("x.bin", "a/b", "photos")
    with pytest.raises(MediaError, match="No such file"):
        await session.send_file(tmp_path / "dog.png")
    await session.end()


async def test_files_come_by_their_topic_with_their_progress(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever wants photos is not given the rest."""
    road, session = await opened(monkeypatch)
    whole: list[str] = []
    parts: list[int] = []
    off = session.on_file(
        lambda file: whole.append(file.name),
        topic="photos",
        progress=lambda coming: parts.append(coming.received),
    )
    assert ("take_files", "photos") in road.calls
    for topic in ("photos", "files"):
        road.tell(FileComing("f", "cat", topic, 2, 4))
        road.tell(ReceivedFile("f", f"cat of {topic}", "a/b", topic, b"meow"))
    assert (whole, parts) == (["cat of photos"], [2])
    off()
    road.tell(ReceivedFile("f", "late", "a/b", "photos", b""))
    assert len(whole) == 1
    await session.end()


async def test_data_is_sent_as_it_is_or_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes and text stay, everything else becomes JSON; what comes is given with its sender."""
    road, session = await opened(monkeypatch)
    for content in (b"\x00", "text", {"a": 1}):
        await session.send_data(content, topic="t", reliable=False)
    assert [call[1] for call in road.calls] == [b"\x00", b"text", b'{"a": 1}']
    assert road.calls[0][2:] == ("t", False)
    got: list[DataReceived] = []
    session.on_data(got.append)
    road.tell(DataReceived(b"x", "t", "agent-1"))
    assert got == [DataReceived(b"x", "t", "agent-1")]
    await session.end()


async def test_a_message_takes_its_attachments_along(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Files are read before the message leaves, and are in the message that is returned."""
    road, session = await opened(monkeypatch)
    path = tmp_path / "cat.txt"
    path.write_text("meow")
    message = await session.messages.send("look", attachments=[path])
    assert road.calls[-1] == ("chat", "look", {}, ["cat.txt"])
    assert [file.content for file in message.files] == [b"meow"]
    assert message.files[0].topic == "lk.chat"
    await session.end()


async def test_raw_text_streams_are_asked_of_the_road(monkeypatch: pytest.MonkeyPatch) -> None:
    """By topic, until the reader is taken away."""
    road, session = await opened(monkeypatch)

    async def read(stream: Any) -> None:
        """Reads nothing."""

    off = session.on_text("news", read)
    off()
    off()
    assert road.calls == [("on_text", "news", read), ("on_text", "news", None)]
    await session.end()


async def test_interrupting_marks_what_is_being_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The road is told, and the unfinished answer is known to be cut."""
    from duologue.client.road import TranscriptChanged

    road, session = await opened(monkeypatch)
    road.tell(TranscriptChanged("S1", "agent", "As I", final=False))
    await session.interrupt()
    assert road.calls == [("interrupt",)]
    assert session.messages[0].interrupted
    await session.end()


async def test_messages_are_streamed_until_the_session_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A loop over them ends by itself."""
    from duologue.client.road import TranscriptChanged

    road, session = await opened(monkeypatch)
    texts: list[str] = []

    async def read(messages: AsyncIterator[Any]) -> None:
        async for message in messages:
            texts.append(message.text)  # noqa: PERF401  # seen one by one

    reader = asyncio.create_task(read(session.messages.stream()))
    await asyncio.sleep(0)
    road.tell(TranscriptChanged("S1", "agent", "Hello", final=True))
    await asyncio.sleep(0.01)
    await session.end()
    await asyncio.wait_for(reader, 10)
    assert texts == ["Hello"]

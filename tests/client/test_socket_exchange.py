"""Requests, state, attributes and files from the client's end, message by message."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from duologue.client.errors import RpcError, SessionConnectError
from duologue.client.road import FileComing, ReceivedFile, RoadEvent, StateShared
from duologue.client.socket_exchange import BUSY, COMING, Exchange
from duologue.errors import NotOnThisTransport
from duologue.wire import exchange as wire


class Desk:
    """An exchange, what it told here, and what it sent."""

    def __init__(self) -> None:
        self.events: list[RoadEvent] = []
        self.sent: list[Any] = []
        self.open = True
        self.drains = 0
        self.exchange = Exchange(self.events.append, self._send, self._drained)

    def _send(self, message: Any) -> bool:
        if self.open:
            self.sent.append(message)
        return self.open

    async def _drained(self) -> None:
        self.drains += 1
        await asyncio.sleep(0)

    async def next(self) -> Any:
        """The next message that was sent."""
        async with asyncio.timeout(10):
            while not self.sent:  # noqa: ASYNC110  # a test's own short wait
                await asyncio.sleep(0)
        return self.sent.pop(0)


async def test_a_request_is_answered() -> None:
    """By the one response that bears its id."""
    desk = Desk()
    asking = asyncio.create_task(desk.exchange.rpc("weather", "Rome", within=10))
    request = await desk.next()
    assert (request.method, request.payload, request.timeout_ms) == ("weather", "Rome", 10_000)
    assert desk.exchange.take(wire.RpcResponse("another", "rain"))
    assert desk.exchange.take(wire.RpcResponse(request.id, "sun"))
    assert desk.exchange.take(wire.RpcResponse(request.id, "twice"))
    assert await asking == "sun"


async def test_an_answer_may_be_empty_or_an_error() -> None:
    """The error has the agent's number, words and data."""
    desk = Desk()
    asking = asyncio.create_task(desk.exchange.rpc("a", "", within=10))
    desk.exchange.take(wire.RpcResponse((await desk.next()).id))
    assert await asking == ""
    asking = asyncio.create_task(desk.exchange.rpc("a", "", within=10))
    refused = wire.RpcError(2001, "no such table", "7")
    desk.exchange.take(wire.RpcResponse((await desk.next()).id, error=refused))
    with pytest.raises(RpcError, match="no such table") as caught:
        await asking
    assert (caught.value.code, caught.value.data) == (2001, "7")


async def test_a_request_that_nobody_answers_ends() -> None:
    """In the time that was given, with LiveKit's number."""
    desk = Desk()
    with pytest.raises(RpcError, match=r"'weather' within 0.01 s") as caught:
        await desk.exchange.rpc("weather", "", within=0.01)
    assert caught.value.code == 1502


async def test_a_request_that_is_too_large_is_not_sent() -> None:
    """Every client of LiveKit's takes 15 KB."""
    desk = Desk()
    with pytest.raises(RpcError, match="15360 bytes, not 15361") as caught:
        await desk.exchange.rpc("a", "x" * 15361, within=1)
    assert (caught.value.code, desk.sent) == (1402, [])


async def test_a_request_whose_line_breaks_is_told_at_once() -> None:
    """Its answer would go to a line that is gone."""
    desk = Desk()
    asking = asyncio.create_task(desk.exchange.rpc("a", "", within=60))
    await desk.next()
    desk.exchange.broke()
    with pytest.raises(RpcError, match="The line broke"):
        await asking
    desk.open = False
    with pytest.raises(RpcError, match="The line is down"):
        await desk.exchange.rpc("a", "", within=60)


async def test_the_agent_is_answered_by_functions_and_coroutines() -> None:
    """And told of methods that there are none, of failures, and of answers that are no text."""
    desk = Desk()

    async def slow(payload: str) -> str:
        await asyncio.sleep(0)
        return payload.upper()

    def fails(payload: str) -> str:
        raise ValueError("broken")

    def refuses(payload: str) -> str:
        raise RpcError(2002, "not today", "x")

    async def hangs(payload: str) -> str:
        await asyncio.sleep(60)
        return ""

    handlers: dict[str, Any] = {
        "slow": slow, "quick": lambda p: p * 2, "fails": fails, "refuses": refuses,
        "hangs": hangs, "odd": lambda p: 3, "gone": slow,
    }  # fmt: skip
    for name, handler in handlers.items():
        desk.exchange.on_rpc(name, handler)
    desk.exchange.on_rpc("gone", None)
    expected = {
        "slow": ("AB", None), "quick": ("abab", None), "fails": (None, 1500),
        "refuses": (None, 2002), "hangs": (None, 1502), "odd": (None, 1500),
        "gone": (None, 1400), "never": (None, 1400),
    }  # fmt: skip
    for name, (payload, code) in expected.items():
        desk.exchange.take(wire.RpcRequest(name, name, "ab", 50))
        answer = await desk.next()
        assert (answer.id, answer.payload, answer.error and answer.error.code) == (
            name, payload, code,
        )  # fmt: skip
    await desk.exchange.close()


async def test_so_many_requests_are_answered_at_once_and_closing_ends_them() -> None:
    """One more is refused; none is left behind."""
    desk = Desk()
    ended = 0

    async def waits(payload: str) -> str:
        nonlocal ended
        try:
            await asyncio.sleep(60)
        finally:
            ended += 1
        return ""

    desk.exchange.on_rpc("waits", waits)
    for number in range(BUSY + 1):
        desk.exchange.take(wire.RpcRequest(str(number), "waits", "", 60_000))
    refused = await desk.next()
    assert (refused.id, refused.error.code) == (str(BUSY), 1500)
    await asyncio.sleep(0)
    await desk.exchange.close()
    assert ended == BUSY


async def test_the_shared_state_is_told_value_by_value() -> None:
    """A snapshot takes away what is gone; both ways."""
    desk = Desk()
    desk.exchange.take(wire.StateSnapshot({"a": 1, "b": [2]}))
    desk.exchange.take(wire.StateSet("c", {"d": None}))
    desk.exchange.take(wire.StateSet("a"))
    desk.exchange.take(wire.StateSnapshot({"c": 3}))
    assert desk.events == [
        StateShared("a", 1), StateShared("b", [2]), StateShared("c", {"d": None}),
        StateShared("a", None), StateShared("b", None), StateShared("c", 3),
    ]  # fmt: skip
    desk.exchange.set_state("e", 5)
    assert desk.sent == [wire.StateSet("e", 5)]
    desk.open = False
    with pytest.raises(SessionConnectError, match="'e' was not set"):
        desk.exchange.set_state("e", 6)


async def test_attributes_are_said_again_on_a_new_line() -> None:
    """All of them, for the agent may be a new one."""
    desk = Desk()
    desk.exchange.opened()
    desk.exchange.set_attributes({"mood": "good", "seat": "3"})
    desk.open = False
    desk.exchange.set_attributes({"seat": ""})
    desk.open = True
    desk.exchange.opened()
    assert desk.sent == [
        wire.AttributesSet({"mood": "good", "seat": "3"}),
        wire.AttributesSet({"mood": "good", "seat": ""}),
    ]


async def test_a_file_goes_out_in_chunks() -> None:
    """Progress is told as they leave, up to the whole."""
    desk = Desk()
    content = bytes(range(256)) * 600
    shares: list[float] = []
    file = ReceivedFile("f1", "a.bin", "image/png", "pictures", content, {"k": "v"})
    await desk.exchange.send_file(file, shares.append)
    begin, *chunks = desk.sent
    assert begin == wire.FileBegin("f1", "a.bin", len(content), "image/png", "pictures", {"k": "v"})
    assert b"".join(base64.b64decode(chunk.content) for chunk in chunks) == content
    assert shares == sorted(shares)
    assert (shares[-1], len(shares), desk.drains) == (1.0, 3, 3)


async def test_an_empty_file_is_a_file() -> None:
    """It is whole as soon as it begins; it gets an id where it has none."""
    desk = Desk()
    shares: list[float] = []
    await desk.exchange.send_file(ReceivedFile("", "e", "text/plain", "files", b""), shares.append)
    assert (desk.sent[0].size, bool(desk.sent[0].id), shares) == (0, True, [1.0])
    desk.exchange.take(wire.FileBegin("in", "e", 0))
    assert isinstance(desk.events[-1], ReceivedFile)


async def test_a_file_over_a_megabyte_needs_a_room() -> None:
    """The error names the file, its size and the limit."""
    desk = Desk()
    large = ReceivedFile("f", "film.mp4", "video/mp4", "files", bytes(1024 * 1024 + 1))
    with pytest.raises(NotOnThisTransport, match=r"'film.mp4', with 1048577 bytes"):
        await desk.exchange.send_file(large)
    assert desk.sent == []


async def test_a_line_that_breaks_under_a_file_is_told() -> None:
    """Before its first chunk, between two, or after the last."""
    file = ReceivedFile("f", "a.bin", "x/y", "files", bytes(100_000))
    desk = Desk()
    desk.open = False
    with pytest.raises(SessionConnectError, match=r"'a.bin'; send it again"):
        await desk.exchange.send_file(file)
    for at in (1, 2):
        desk = Desk()

        def progress(share: float, desk: Desk = desk, at: int = at) -> None:
            if desk.drains == at:
                desk.exchange.broke()

        with pytest.raises(SessionConnectError, match="the line broke under file"):
            await desk.exchange.send_file(file, progress)


async def test_a_file_of_the_agent_comes_together() -> None:
    """Its beginning and every chunk are told, then the whole."""
    desk = Desk()
    desk.exchange.take(wire.FileBegin("f", "n.txt", 6, "text/plain", "notes", {"k": "v"}))
    for piece in (b"abc", b"defXX"):
        desk.exchange.take(wire.FileChunk("f", base64.b64encode(piece).decode()))
    assert desk.events == [
        FileComing("f", "n.txt", "notes", 0, 6),
        FileComing("f", "n.txt", "notes", 3, 6),
        FileComing("f", "n.txt", "notes", 6, 6),
        ReceivedFile("f", "n.txt", "text/plain", "notes", b"abcdef", {"k": "v"}, "agent"),
    ]


async def test_files_that_are_no_files_are_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    """Too large, of nobody, not base64, or so many that the oldest can hardly end."""
    desk = Desk()
    desk.exchange.take(wire.FileBegin("big", "b", 2 * 1024 * 1024))
    desk.exchange.take(wire.FileChunk("nobody", "AAAA"))
    desk.exchange.take(wire.FileBegin("odd", "o", 3))
    desk.exchange.take(wire.FileChunk("odd", "A"))
    desk.exchange.take(wire.FileChunk("odd", "AAAA"))
    assert "too large" in caplog.text
    assert "not base64" in caplog.text
    for number in range(COMING + 1):
        desk.exchange.take(wire.FileBegin(str(number), "n", 3))
    desk.exchange.take(wire.FileChunk("0", "AAAA"))
    desk.exchange.take(wire.FileChunk("1", "AAAA"))
    whole = [event.id for event in desk.events if isinstance(event, ReceivedFile)]
    assert whole == ["1"]


async def test_other_messages_are_not_taken() -> None:
    """What is about words or sound is somebody else's."""
    assert not Desk().exchange.take(wire.AttributesSet({}))

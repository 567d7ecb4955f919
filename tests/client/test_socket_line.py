"""The line that comes back, against small servers that do what a network does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from duologue.client import socket_line
from duologue.client.road import Ticket
from duologue.client.socket_dial import Refusal, dial
from duologue.client.socket_line import KEPT, Line
from duologue.core import line as rules

Handler = Callable[[ServerConnection], Awaitable[None]]


class Ears:
    """A listener that notes everything, and lets a test wait for it."""

    def __init__(self) -> None:
        self.happened: list[Any] = []
        self.first = "ready"
        self.line: Line

    def opened(self, ticket: Ticket) -> None:
        """The line is open."""
        self.line.send(self.first)
        self._note(("opened", ticket.token))

    def frame(self, frame: str | bytes) -> None:
        """Something came."""
        if frame == "trip":
            raise RuntimeError("over my own feet")
        self._note(frame)

    def broke(self) -> None:
        """The line broke."""
        self._note("broke")

    def down(self, code: str, message: str) -> None:
        """The line is down."""
        self._note(("down", code, message))

    def _note(self, what: Any) -> None:
        self.happened.append(what)

    async def until(self, what: Any) -> None:
        """Waits until something happened."""
        await until(lambda: what in self.happened)

    async def more(self, count: int) -> None:
        """Waits until so much happened."""
        await until(lambda: len(self.happened) >= count)


async def until(true: Callable[[], bool]) -> None:
    """Waits until something is true."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110  # nothing tells when
            await asyncio.sleep(0.01)


class Place:
    """A server, the keys that came and what was said on each of its sockets."""

    def __init__(self) -> None:
        self.handlers: list[Handler] = []
        self.refusals: list[tuple[int, str]] = []
        self.keys: list[str] = []
        self.heard: list[list[str | bytes]] = []
        self.url = ""

    async def serve(self, socket: ServerConnection) -> None:
        """Notes what comes, and does what the test says."""
        assert socket.request is not None
        self.keys.append(socket.request.headers["Sec-WebSocket-Protocol"].split(", ")[1])
        said: list[str | bytes] = []
        self.heard.append(said)
        handler = self.handlers.pop(0) if self.handlers else _stay

        async def listen() -> None:
            async for frame in socket:
                said.append(frame)  # noqa: PERF401  # each is seen as it comes

        listening = asyncio.create_task(listen())
        try:
            await handler(socket)
            await asyncio.wait([listening])
        finally:
            listening.cancel()
            await asyncio.wait([listening])

    def refuse(self, socket: ServerConnection, request: Request) -> Response | None:
        """Refuses an upgrade where the test says so."""
        if not self.refusals:
            return None
        status, code = self.refusals.pop(0)
        body = json.dumps({"error": f"It is {code}.", "code": code})
        return socket.respond(HTTPStatus(status), body)


async def _stay(socket: ServerConnection) -> None:
    pass


async def _cut(socket: ServerConnection) -> None:
    await asyncio.sleep(0.05)
    socket.transport.abort()


def closing(code: int, *before: str) -> Handler:
    """A server that says something and closes."""

    async def close(socket: ServerConnection) -> None:
        for frame in before:
            await socket.send(frame)
        await socket.close(code)

    return close


@asynccontextmanager
async def placed() -> AsyncIterator[Place]:
    """A running server."""
    place = Place()

    def choose(socket: ServerConnection, offered: Any) -> Subprotocol:
        return Subprotocol("duologue")

    server: Server
    async with serve(
        place.serve, "127.0.0.1", 0, process_request=place.refuse, select_subprotocol=choose
    ) as server:
        port = server.sockets[0].getsockname()[1]
        place.url = f"http://127.0.0.1:{port}"
        yield place


@asynccontextmanager
async def lined(place: Place, renew: Any = None, **options: Any) -> AsyncIterator[Ears]:
    """An open line to a place."""
    ears = Ears()
    ears.line = Line(ears, renew, chance=lambda: 0.0, **options)
    await ears.line.open(ticket(place))
    try:
        yield ears
    finally:
        await ears.line.leave()


def ticket(place: Place, key: str = "dk_session_1", *, beats: bool = False) -> Ticket:
    """A ticket for a place."""
    config = {"capabilities": ["resume"]} if beats else {}
    return Ticket(place.url, key, conversation_id="conv_1", config=config)


async def test_frames_go_both_ways_and_leaving_is_told() -> None:
    """What waits is sent before the line closes, with 1000; a second leave is no error."""

    async def greets(socket: ServerConnection) -> None:
        await socket.send("hello")
        await socket.send(b"\1\2")

    async with placed() as place:
        place.handlers = [greets]
        async with lined(place) as ears:
            await ears.until(b"\1\2")
            ears.line.send("a")
            ears.line.sound(b"\3\4")
            ears.line.send("last")
            await ears.line.leave()
            assert ears.line.state == "disconnected"
            await ears.line.leave()
            assert not ears.line.send("late")
    assert ears.happened == [("opened", "dk_session_1"), "hello", b"\1\2"]
    assert place.heard == [["ready", "a", b"\3\4", "last"]]


async def test_a_line_that_breaks_comes_back_with_the_same_key() -> None:
    """The agent still waits; what is kept goes out after the first words of the new line."""
    async with placed() as place:
        place.handlers = [_cut]
        async with lined(place) as ears:
            await ears.until("broke")
            assert ears.line.state == "reconnecting"
            assert ears.line.send("kept", keep=True)
            assert not ears.line.send("passing")
            ears.line.sound(b"\0\0")
            await ears.more(3)
            await ears.line.drained()
            await until(lambda: len(place.heard[1]) == 2)
    assert place.keys == ["dk_session_1"] * 2
    assert place.heard[1] == ["ready", "kept"]


async def test_so_much_may_wait_for_a_line_and_no_more() -> None:
    """Whoever sends on learns that it was not taken."""
    async with placed() as place:
        place.handlers = [_cut]
        place.refusals = []
        async with lined(place) as ears:
            await ears.until("broke")
            taken = [ears.line.send(str(number), keep=True) for number in range(KEPT + 1)]
    assert taken == [True] * KEPT + [False]


async def test_a_key_that_opens_nothing_any_more_is_exchanged_for_a_fresh_ticket() -> None:
    """Asked for with the old one, so that it is for the same conversation."""
    asked: list[Ticket] = []

    async def renew(old: Ticket) -> Ticket:
        asked.append(old)
        return ticket(place, "dk_session_2")

    async with placed() as place:
        place.handlers = [_cut]
        async with lined(place, renew) as ears:
            place.refusals = [(401, "session_key_expired")]
            await ears.until(("opened", "dk_session_2"))
            assert ears.line.ticket == ticket(place, "dk_session_2")
    assert [old.conversation_id for old in asked] == ["conv_1"]
    assert place.keys == ["dk_session_1", "dk_session_2"]


async def test_without_a_source_of_tickets_such_a_key_is_the_end() -> None:
    """And the server's own words say why."""
    async with placed() as place:
        place.handlers = [_cut]
        async with lined(place) as ears:
            place.refusals = [(401, "session_key_expired")]
            await ears.until(("down", "session_key_expired", "It is session_key_expired."))
            assert ears.line.state == "failed"


@pytest.mark.parametrize("status", [503, 429, 500])
async def test_a_server_that_is_busy_is_asked_again(status: int) -> None:
    """As often as it takes."""
    async with placed() as place:
        place.handlers = [_cut]
        async with lined(place) as ears:
            place.refusals = [(status, "overloaded")] * 2
            await ears.until("broke")
            await ears.more(3)
    assert ears.happened[-1] == ("opened", "dk_session_1")


async def test_a_conversation_that_was_ended_meanwhile_is_over() -> None:
    """No fresh ticket is asked for what is over."""

    async def renew(old: Ticket) -> Ticket:
        raise AssertionError("nobody asks")

    async with placed() as place:
        place.handlers = [_cut]
        async with lined(place, renew) as ears:
            place.refusals = [(410, "conversation_ended")]
            await ears.until(("down", "conversation_ended", "It is conversation_ended."))
            assert ears.line.state == "disconnected"


async def test_a_source_that_fails_is_asked_again_and_given_up_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever it raises; the line does not try for ever."""
    calls = 0

    async def renew(old: Ticket) -> Ticket:
        nonlocal calls
        calls += 1
        raise ConnectionError("no network")

    monkeypatch.setattr(rules, "GIVE_UP", 1.0)
    async with placed() as place:
        place.handlers = [_cut]
        async with lined(place, renew) as ears:
            place.refusals = [(401, "session_key_unknown")]
            await ears.until("broke")
            await ears.more(3)
    assert calls >= 2
    kind, code, words = ears.happened[-1]
    assert (kind, code) == ("down", "line_lost")
    assert "could not be reached again" in words


@pytest.mark.parametrize(
    ("code", "name", "state"),
    [
        (1000, "ended", "disconnected"),
        (4001, "replaced", "disconnected"),
        (4002, "ended", "disconnected"),
        (4003, "insufficient_balance", "failed"),
        (4004, "revoked", "failed"),
        (1009, "too_large", "failed"),
    ],
)
async def test_a_close_that_is_meant_is_the_end(code: int, name: str, state: str) -> None:
    """Each by its own name, and without coming back."""
    async with placed() as place:
        place.handlers = [closing(code)]
        async with lined(place) as ears:
            await ears.more(2)
            assert ears.happened[1][:2] == ("down", name)
            assert ears.line.state == state
    assert len(place.keys) == 1


async def test_the_server_says_why_before_it_closes() -> None:
    """Its notice is more exact than a number."""
    async with placed() as place:
        place.handlers = [closing(4002, "why")]
        async with lined(place) as ears:
            ears.line.why = ("timed_out", "The session reached its limit.")
            await ears.until(("down", "timed_out", "The session reached its limit."))


async def test_a_server_that_falls_silent_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """It promised to beat; the socket itself would notice only minutes later."""
    monkeypatch.setattr(socket_line, "SILENT", 0.2)
    async with placed() as place:
        ears = Ears()
        ears.line = Line(ears, chance=lambda: 0.0)
        await ears.line.open(ticket(place, beats=True))
        await ears.until("broke")
        await ears.line.leave()
    assert ears.happened[:2] == [("opened", "dk_session_1"), "broke"]


async def test_a_listener_that_trips_does_not_break_the_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its fault is logged, and the next frame comes."""

    async def greets(socket: ServerConnection) -> None:
        await socket.send("trip")
        await socket.send("after")

    async with placed() as place:
        place.handlers = [greets]
        async with lined(place) as ears:
            await ears.until("after")
    assert "over my own feet" in caplog.text


async def test_leaving_while_the_line_is_down_ends_the_trying() -> None:
    """At once, and nothing more is told."""
    async with placed() as place:
        place.handlers = [_cut]
        async with lined(place) as ears:
            place.refusals = [(503, "overloaded")] * 100
            await ears.until("broke")
            await ears.line.leave()
            assert ears.line.state == "disconnected"
    assert ears.happened == [("opened", "dk_session_1"), "broke"]


async def test_every_way_not_to_open_is_one_refusal() -> None:
    """The server's no, nobody there, no duologue, and no address at all."""
    async with placed() as place:
        place.refusals = [(401, "session_key_unknown"), (429, "rate_limited")]
        with pytest.raises(Refusal, match=r"It is session_key_unknown\.") as caught:
            await dial(ticket(place))
        assert (caught.value.status, caught.value.code) == (401, "session_key_unknown")
        ears = Ears()
        ears.line = Line(ears)
        with pytest.raises(Refusal, match=r"It is rate_limited\."):
            await ears.line.open(ticket(place))
        assert (ears.line.state, ears.happened) == ("failed", [])
        await ears.line.leave()
        nowhere = ticket(place)
    with pytest.raises(Refusal, match="cannot be reached") as caught:
        await dial(nowhere)
    assert (caught.value.status, caught.value.code) == (0, "unreachable")
    with pytest.raises(Refusal, match="begins with http") as caught:
        await dial(Ticket("ftp://host", "dk_session_1"))
    assert caught.value.code == "bad_address"
    async with serve(place.serve, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        with pytest.raises(Refusal, match="no duologue") as caught:
            await dial(Ticket(f"ws://127.0.0.1:{port}", "dk_session_1"))
        assert caught.value.code == "bad_answer"

"""A socket that is carried to another process: a real line, and a client of queues."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from duologue.errors import DuologueError
from duologue.pipeline.drain import let_go
from duologue.store.records import Run
from duologue.transports import relay as relays
from duologue.transports.relay import relay, relayed

Serve = Callable[[ServerConnection], Awaitable[None]]
PATH = "/v1/agents/web/websocket"
SCOPE = {
    "path": PATH,
    "query_string": b"client_session_key=dk%20x",
    "headers": [(b"host", b"here"), (b"origin", b"https://shop.example")],
    "subprotocols": ["duologue", "dk_x"],
    "extensions": {"websocket.http.response": {}},
}


class Client:
    """One side of a socket, as uvicorn hands it to an application."""

    def __init__(self) -> None:
        self.coming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sent: list[Any] = []
        self.news = asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()
        self.gone = False

    async def receive(self) -> Any:
        """What it sends."""
        return await self.coming.get()

    async def send(self, message: Any) -> None:
        """What it is sent, as far as it reads."""
        if message["type"] == "websocket.send":
            await self.reads.wait()
            if self.gone:
                raise OSError("it is gone")
        self.sent.append(message)
        self.news.set()

    async def frames(self, count: int) -> list[Any]:
        """The frames that it was sent, as soon as there are so many."""
        async with asyncio.timeout(30):
            while (
                len(found := [one for one in self.sent if one["type"] == "websocket.send"]) < count
            ):
                self.news.clear()
                await self.news.wait()
        return [one.get("text", one.get("bytes")) for one in found]

    @property
    def closed(self) -> tuple[int, str]:
        """With what it was closed."""
        (last,) = [one for one in self.sent if one["type"] == "websocket.close"]
        return last["code"], last["reason"]

    def says(self, **message: Any) -> None:
        """Sends something."""
        self.coming.put_nowait({"type": "websocket.receive", **message})

    def goes(self, **how: Any) -> None:
        """Is closed."""
        self.coming.put_nowait({"type": "websocket.disconnect", **how})


def run_at(peer: str | None) -> Run:
    """A run that lives in the process at that address."""
    return Run("run_1", "org_1", "conv_1", "agt_1", "proc_1", 0, None, None, None, peer)


async def carried(
    client: Client, at: Serve, *, carrying: set[Any] | None = None, **more: Any
) -> tuple[bool, list[Request]]:
    """Whether a process that serves so took the client, and what it was asked."""
    asked: list[Request] = []

    def note(line: ServerConnection, request: Request) -> Response | None:
        asked.append(request)
        return None

    chosen: dict[str, Any] = {"process_request": note, **more}
    async with serve(
        at, "127.0.0.1", 0, subprotocols=[Subprotocol("duologue")], close_timeout=5, **chosen
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with asyncio.timeout(30):
            ways = set() if carrying is None else carrying
            run = run_at(f"127.0.0.1:{port}")
            taken = await relay(run, SCOPE, client.receive, client.send, ways)
    return taken, asked


async def echo(line: ServerConnection) -> None:
    """Says everything back."""
    async for frame in line:
        await line.send(frame)


async def test_the_upgrade_comes_along_and_frames_go_both_ways_in_order() -> None:
    """Key, origin and subprotocol as they were; text is text, and bytes are bytes."""
    client = Client()
    for number in range(50):
        client.says(text=f"{number}") if number % 2 else client.says(
            bytes=bytes([number]), text=None
        )
    going = asyncio.create_task(carried(client, echo))
    frames = await client.frames(50)
    client.goes(code=1000, reason="bye")
    taken, (asked,) = await going
    assert taken
    assert frames == [str(n) if n % 2 else bytes([n]) for n in range(50)]
    assert client.sent[0] == {"type": "websocket.accept", "subprotocol": "duologue"}
    assert asked.path == f"{PATH}?client_session_key=dk%20x"
    assert asked.headers["origin"] == "https://shop.example"
    assert asked.headers["sec-websocket-protocol"] == "duologue, dk_x"
    assert "sec-websocket-extensions" not in asked.headers
    headers = [(name.lower().encode(), value.encode()) for name, value in asked.headers.raw_items()]
    assert relayed({"headers": headers})
    assert not relayed(SCOPE)


@pytest.mark.parametrize(
    ("how", "seen"),
    [
        ({"code": 1000, "reason": "bye"}, (1000, "bye")),
        ({"code": 1001, "reason": ""}, (1001, "")),
        ({"code": 1005, "reason": ""}, (1000, "")),
        ({"code": 1005}, (None, None)),
        ({"code": 1006}, (None, None)),
    ],
)
async def test_how_a_client_goes_is_seen_there(how: dict[str, Any], seen: Any) -> None:
    """With its code and reason; one that was lost without a word is lost there, too."""
    client = Client()
    found: list[Any] = []

    async def listen(line: ServerConnection) -> None:
        client.goes(**how)
        await line.wait_closed()
        said = line.protocol.close_rcvd
        found.append((None, None) if said is None else (said.code, said.reason))

    taken, _ = await carried(client, listen)
    assert taken
    assert found == [seen]


@pytest.mark.parametrize(("code", "reason"), [(4001, "in another place"), (4002, ""), (1000, "")])
async def test_how_a_process_closes_is_seen_by_the_client(code: int, reason: str) -> None:
    """Behind all that was said before."""
    client = Client()

    async def close(line: ServerConnection) -> None:
        for number in range(20):
            await line.send(str(number))
        await line.close(code, reason)

    await carried(client, close)
    assert await client.frames(20) == [str(number) for number in range(20)]
    assert client.closed == (code, reason)


async def test_a_process_that_dies_sends_its_clients_back() -> None:
    """With 1012, after which they come again, to whoever is there then."""
    client = Client()

    async def die(line: ServerConnection) -> None:
        await line.send("one")
        line.transport.abort()

    taken, _ = await carried(client, die)
    assert taken
    assert client.closed == (1012, "This server is closing. Connect again.")


@pytest.mark.parametrize("seconds", [60.0, 0.0])
async def test_a_process_that_goes_lets_go_whom_it_carries_once_nothing_is_said(
    seconds: float,
) -> None:
    """What the agent says passes whole, unless it lasts too long; it stays where it is."""
    client = Client()
    found: list[Any] = []
    carrying: set[Any] = set()

    async def speak(line: ServerConnection) -> None:
        for number in range(20):
            await line.send(str(number))
            await asyncio.sleep(0.05)
        await line.wait_closed()
        found.append(line.protocol.close_rcvd)

    going = asyncio.create_task(carried(client, speak, carrying=carrying))
    await client.frames(1)
    await let_go(carrying, seconds)
    assert await going
    assert client.closed == (1012, "This server is closing. Connect again.")
    said = [str(number) for number in range(20)]
    if seconds:
        assert await client.frames(20) == said
        assert found == [None]
    else:
        assert (await client.frames(1))[-1] != said[-1]
    assert not carrying


async def test_a_client_that_reads_nothing_is_closed_in_bounded_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What waits for it is bounded: the process is held up long before."""
    monkeypatch.setattr(relays, "STUCK", 0.3)
    client = Client()
    client.reads.clear()
    sent = 0

    async def flood(line: ServerConnection) -> None:
        nonlocal sent
        while True:
            await line.send(bytes(100_000))
            sent += 1

    taken, _ = await carried(client, flood)
    assert taken
    assert client.closed[0] == 4029
    assert sent < 500


async def test_a_client_that_goes_while_it_is_sent_something_has_gone() -> None:
    """Its code is waited for a moment, and none means that it was lost."""
    client = Client()
    found: list[Any] = []

    async def tell(line: ServerConnection) -> None:
        client.gone = True
        await line.send("one")
        await line.wait_closed()
        found.append(line.protocol.close_rcvd)

    taken, _ = await carried(client, tell)
    assert taken
    assert found == [None]


async def test_a_refusal_is_handed_on_and_a_process_that_goes_is_no_way_out() -> None:
    """401 is an answer; after 503 the client is served in another way, and was sent nothing."""

    def answering(status: int) -> Any:
        def answer(line: ServerConnection, request: Request) -> Response:
            return line.respond(status, '{"code": "x"}')

        return answer

    client = Client()
    taken, _ = await carried(client, echo, process_request=answering(401))
    assert taken
    start, body = client.sent
    assert (start["status"], body["body"]) == (401, b'{"code": "x"}')
    assert [name for name, _ in start["headers"]] == [b"content-type"]
    plain, other = Client(), {**SCOPE, "extensions": {}}
    async with serve(echo, "127.0.0.1", 0, process_request=answering(401)) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        assert await relay(run_at(f"127.0.0.1:{port}"), other, plain.receive, plain.send, set())
    assert plain.sent == [{"type": "websocket.close", "code": 1008}]
    client = Client()
    taken, _ = await carried(client, echo, process_request=answering(503))
    assert not taken
    assert client.sent == []


async def test_nobody_at_the_address_is_no_way_out() -> None:
    """Neither where none is known, nor where nobody listens."""
    client = Client()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for peer in (None, f"127.0.0.1:{port}", f"[::1]:{port}"):
        assert not await relay(run_at(peer), SCOPE, client.receive, client.send, set())
    assert client.sent == []


async def test_a_process_that_hangs_keeps_its_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    """It lives, as far as anybody knows: the client is to try again."""
    monkeypatch.setattr(relays, "ANSWER", 0.3)
    client = Client()
    with socket.create_server(("127.0.0.1", 0)) as hung:
        peer = f"127.0.0.1:{hung.getsockname()[1]}"
        with pytest.raises(DuologueError) as refused:
            await relay(run_at(peer), SCOPE, client.receive, client.send, set())
    assert (refused.value.code, refused.value.status) == ("conversation_moving", 503)
    assert client.sent == []

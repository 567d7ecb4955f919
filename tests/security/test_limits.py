"""How often, how much and how slowly: what a client may not do, whoever it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from tests.security.estate import OURS, Estate, estate
from tests.security.sockets import upgrade
from tests.server.console import OWN
from tests.server.manor import URL
from uvicorn.server import ServerState

from duologue.access import console
from duologue.server import arriving, beginnings, console_entry
from duologue.server.beginnings import LONGEST, BoundedBeginning
from duologue.server.serve import now_ms

# Litestar 2.25 warns of names that 2.20, which we also run on, has no others for.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
HEAD = b"GET / HTTP/1.1\r\nHost: test\r\n"
ANSWER = b"HTTP/1.1 200 OK"
PER_MINUTE = 60
Send = Callable[[dict[str, Any]], Awaitable[None]]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """Two organizations on one server."""
    with estate(tmp_path_factory.mktemp("limits"), authorize_per_minute=PER_MINUTE) as made:
        yield made


@pytest.fixture
def still(house: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that stands still, so that nothing flows back however slow the machine is."""
    now = now_ms()
    monkeypatch.setattr(house.house.host, "clock", lambda: now)


@asynccontextmanager
async def caller(house: Estate, address: str) -> AsyncIterator[httpx.AsyncClient]:
    """A program at that address."""
    transport = httpx.ASGITransport(house.house.house, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url=URL, headers=OWN) as client:
        yield client


def tried(
    house: Estate, address: str, ask: Callable[[httpx.AsyncClient], Coroutine[Any, Any, Any]]
) -> tuple[int, httpx.Response]:
    """How often one address was let through before it was told to wait, and that answer."""

    async def trying() -> tuple[int, httpx.Response]:
        async with caller(house, address) as client:
            for count in range(5 * PER_MINUTE):
                answer: httpx.Response = await ask(client)
                if answer.status_code == 429:
                    return count, answer
        raise AssertionError("nobody told it to wait")

    return house.house.run(trying())


@pytest.mark.usefixtures("still")
def test_links_into_the_console_are_tried_so_often(house: Estate) -> None:
    """By one address; another one signs in meanwhile, and the answer says when to try again."""

    def guess(client: httpx.AsyncClient) -> Coroutine[Any, Any, httpx.Response]:
        return client.post("/console/enter", data={"token": "dk_enter_guessed"})

    count, answer = tried(house, "203.0.113.7", guess)
    assert count == console_entry.TRIES
    assert int(answer.headers["retry-after"]) >= 1
    assert "this address" in answer.text

    async def enter() -> httpx.Response:
        async with caller(house, "203.0.113.8") as client:
            link = await house.house.host.db.write(
                console.invite, house.org, "viewer", "", now_ms()
            )
            return await client.post("/console/enter", data={"token": link})

    assert house.house.run(enter()).status_code == 303


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("/v1/conversations", "198.51.100.1"),
        ("/metrics", "198.51.100.2"),
        ("/api/v1/ping", "198.51.100.3"),
        ("/api/widget/agent", "198.51.100.4"),
    ],
)
def test_keys_are_guessed_so_often(house: Estate, path: str, address: str) -> None:
    """By one address, however many it makes up; a good key is answered all the same from there."""
    good = {"authorization": f"Bearer {house.key()}"}

    async def first() -> int:
        async with caller(house, address) as client:
            return (await client.get("/v1/conversations", headers=good)).status_code

    assert house.house.run(first()) == 200
    numbers = iter(range(10**6))

    def guess(client: httpx.AsyncClient) -> Coroutine[Any, Any, httpx.Response]:
        made_up = {"authorization": f"Bearer dk_secret_{next(numbers)}"}
        return client.get(path, headers=made_up)

    count, answer = tried(house, address, guess)
    assert count in (PER_MINUTE - 1, PER_MINUTE)
    assert int(answer.headers["retry-after"]) >= 1
    assert house.house.run(first()) == 200


@pytest.mark.usefixtures("still")
def test_session_keys_are_guessed_so_often(house: Estate) -> None:
    """By one address; keys that were given open all the same from there, and are not counted."""

    def given() -> str:
        body = {"agent_id": OURS}
        answer = house.ask("POST", "/v1/agents/web/authorize_session", house.key(), body)
        return str(answer.json()["client_session_key"])

    address, key = "198.51.100.5", given()
    for _ in range(2 * PER_MINUTE):
        # As far as the agent, of which nobody can be made here.
        assert b"agent_failed" in upgrade(house, key, address=address).body
    found = [upgrade(house, f"dk_session_{each}", address=address) for each in range(PER_MINUTE)]
    assert {each.status for each in found} == {401}
    for key_of_a_stranger in ("dk_session_another", house.key()):
        assert upgrade(house, key_of_a_stranger, address=address).status == 429
    for one, where in ((key, address), (given(), address), ("dk_session_x", "198.51.100.6")):
        assert upgrade(house, one, address=where).status not in (0, 429)


def test_a_body_that_trickles_is_refused(house: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for no longer than a minute; here less."""
    monkeypatch.setattr(arriving, "PATIENCE", 0.2)

    async def trickle() -> AsyncIterator[bytes]:
        yield b'{"agent_id": '
        await asyncio.Event().wait()

    async def send(path: str) -> httpx.Response:
        async with caller(house, "203.0.113.9") as client:
            return await client.post(path, content=trickle())

    for path in (
        "/v1/agents/web/authorize_session",
        "/api/token",
        "/api/widget/session",
        "/api/visits",
    ):
        answer = house.house.run(send(path))
        assert (answer.status_code, answer.json()["code"]) == (408, "body_slow")


@asynccontextmanager
async def served() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a server of the same protocol as ours, with an application that says yes."""

    async def application(scope: dict[str, Any], receive: Any, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    config = uvicorn.Config(application, lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    listener = await asyncio.get_running_loop().create_server(
        lambda: BoundedBeginning(config, state, {}), "127.0.0.1", 0
    )
    port = listener.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        listener.close()
        await listener.wait_closed()


@pytest.mark.parametrize(
    "said", [b"", b"G", HEAD, b"\r\n", b"\r\n\r\n", HEAD + b"X-Slow: ", HEAD + b"X: 1\r\n"]
)
@pytest.mark.parametrize("again", [False, True])
async def test_who_does_not_say_what_they_want_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, said: bytes, again: bool
) -> None:
    """Before the first request and after it, whichever piece of a head they hold back."""
    monkeypatch.setattr(beginnings, "PATIENCE", 0.2)
    async with asyncio.timeout(60), served() as (reader, writer):
        if again:
            writer.write(HEAD + b"\r\n")
            assert (await reader.readuntil(b"\r\n")).startswith(ANSWER)
            await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        try:
            rest = await reader.read()
        except ConnectionResetError:
            rest = b""
        assert ANSWER not in rest


async def test_who_says_it_is_answered_as_often_as_they_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In pieces, and one request after the other on one connection."""
    monkeypatch.setattr(beginnings, "PATIENCE", 30.0)
    async with asyncio.timeout(60), served() as (reader, writer):
        for _ in range(3):
            for piece in (HEAD[:10], HEAD[10:], b"\r", b"\n"):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.01)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(ANSWER)


@pytest.mark.parametrize("line", [b"X-Long: " + b"x" * LONGEST, b"X: 1\r\n" * (LONGEST // 6)])
async def test_a_head_has_so_many_bytes(line: bytes) -> None:
    """In one header or in many; no more of it is kept."""
    async with asyncio.timeout(60), served() as (reader, writer):
        writer.write(HEAD + line)
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"65536 bytes" in answer


async def test_a_body_that_nobody_read_is_no_head() -> None:
    """What was refused before its end had come is passed over, and the next request answered."""
    body = b" " * (4 * LONGEST)
    head = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with asyncio.timeout(60), served() as (reader, writer):
        for _ in range(3):
            writer.write(head)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(ANSWER)
            for begin in range(0, len(body), LONGEST // 2):
                writer.write(body[begin : begin + LONGEST // 2])
                await writer.drain()
                await asyncio.sleep(0.01)
        writer.write(HEAD + b"X-Long: " + b"x" * LONGEST)
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")

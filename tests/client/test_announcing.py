"""A client on its way: whom it tells, how safely, and that it waits for nobody for long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from duologue.client import announcing
from duologue.client.announcing import announced
from duologue.client.road import Ticket
from duologue.client.tasks import Tasks

TOKEN = "a.b.c"  # nobody's


class Door:
    """Takes requests, and answers once it may."""

    def __init__(self) -> None:
        self.url = ""
        self.heard: list[str] = []
        self.answers = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hears one request."""
        self.heard.append((await reader.readuntil(b"\r\n\r\n")).decode())
        await self.answers.wait()
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()


@asynccontextmanager
async def door() -> AsyncIterator[Door]:
    """A door on a port of its own."""
    made = Door()
    server = await asyncio.start_server(made, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    made.url = f"http://{host}:{port}/api/token/announce"
    try:
        yield made
    finally:
        made.answers.set()
        server.close()
        await server.wait_closed()


async def test_it_shows_its_token_once() -> None:
    """As a bearer, at the address that the answer named."""
    tasks = Tasks()
    async with door() as there:
        there.answers.set()
        await announced(Ticket("ws://127.0.0.1:1", TOKEN, announce=there.url), tasks)
        async with asyncio.timeout(30):
            while not there.heard:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.01)
        assert there.heard[0].startswith("POST /api/token/announce HTTP/1.1")
        assert f"authorization: bearer {TOKEN}" in there.heard[0].lower()
        await tasks.close()
    assert len(there.heard) == 1


async def test_a_door_that_does_not_answer_holds_up_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The way into the room begins all the same, and the word is heard beside it."""
    monkeypatch.setattr(announcing, "PATIENCE", 1000.0)
    tasks = Tasks()
    async with door() as there:
        async with asyncio.timeout(60):
            await announced(Ticket("ws://127.0.0.1:1", TOKEN, announce=there.url), tasks)
        async with asyncio.timeout(30):
            while not there.heard:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.01)
        await tasks.close()


@pytest.mark.parametrize("announce", ["http://127.0.0.1:9/x", "http://no such host/", "nonsense"])
async def test_a_door_that_is_not_there_is_no_error(announce: str) -> None:
    """It was for speed alone."""
    tasks = Tasks()
    await announced(Ticket("ws://127.0.0.1:1", TOKEN, announce=announce), tasks)
    await tasks.close()


async def test_a_token_never_travels_less_safely_than_into_the_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Behind a proxy that the server does not know of, the address may have lost its TLS."""
    monkeypatch.setattr(announcing, "LEAD", 30.0)
    tasks = Tasks()
    async with door() as there:
        there.answers.set()
        await announced(Ticket("wss://rooms.example", TOKEN, announce=there.url), tasks)
        await announced(Ticket("ws://127.0.0.1:1", TOKEN), tasks)
        await tasks.close()
    assert not there.heard

"""Where other processes reach this one."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx
import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from duologue.errors import DuologueError
from duologue.server import peers
from duologue.server.openings import SOCKET_PATH
from duologue.settings import Settings
from duologue.transports.relay import RELAYED


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_free_port_is_told_as_others_dial_it(host: str) -> None:
    """Also in IPv6, whose addresses are written in brackets."""
    with peers.listening(Settings(peer_host=host)) as (made, address):
        assert made.getsockname()[0] == host
        name, _, port = address.rpartition(":")
        assert name.strip("[]") == host
        assert (":" in host) == name.startswith("[")
        socket.create_connection((host, int(port))).close()


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("0.0.0.0", "every address"),
        ("::", "every address"),
        ("192.0.2.1", "cannot listen"),
    ],  # refused
)
def test_an_address_at_which_nobody_finds_this_machine_is_refused(host: str, why: str) -> None:
    """By the name of the setting."""
    with (
        pytest.raises(DuologueError, match=why) as refused,
        peers.listening(Settings(peer_host=host)),
    ):
        pass
    assert refused.value.values["name"] == "peer_host"


async def house(scope: Any, receive: Any, send: Any) -> None:
    """Answers whatever comes, and says what it was."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": scope["path"]})
        await send({"type": "websocket.close", "code": 1000})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"the console"})


async def test_other_processes_find_nothing_but_the_road_of_sockets() -> None:
    """No console, no owners' doors, and no socket that no process carries: it is plain HTTP."""
    with (
        socket.create_server(("127.0.0.1", 0)) as front,
        peers.listening(Settings(peer_host="127.0.0.1")) as (peer, address),
    ):
        config = uvicorn.Config(
            peers.sockets_only(house, peer), lifespan="off", log_config=None, ws="websockets-sansio"
        )
        server = uvicorn.Server(config)
        running = asyncio.create_task(server._serve(sockets=[front, peer]))
        public = f"127.0.0.1:{front.getsockname()[1]}"
        try:
            async with httpx.AsyncClient() as http:
                assert (await http.get(f"http://{public}/console")).text == "the console"
                for path in ("/console", "/v1/conversations", "/health", SOCKET_PATH):
                    found = await http.get(f"http://{address}{path}", headers={RELAYED: "1"})
                    assert (found.status_code, found.json()["code"]) == (404, "not_found")
            assert await said(public, "/anywhere") == "/anywhere"
            assert await said(address, SOCKET_PATH, **{RELAYED: "1"}) == SOCKET_PATH
            for path, more in ((SOCKET_PATH, {}), ("/v1/live", {RELAYED: "1"})):
                with pytest.raises(InvalidStatus) as refused:
                    await said(address, path, **more)
                assert refused.value.response.status_code == 404
        finally:
            server.should_exit = True
            await running


async def said(address: str, path: str, **headers: str) -> str | bytes:
    """What a socket says first."""
    async with connect(f"ws://{address}{path}", additional_headers=headers, proxy=None) as line:
        return await line.recv()

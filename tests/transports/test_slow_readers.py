"""Clients that stop reading, over bare sockets: they are closed, and nothing of them is kept."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.server.conftest import Desk
from tests.serving import House
from websockets.client import ClientProtocol
from websockets.frames import Frame
from websockets.protocol import State
from websockets.sync.client import connect
from websockets.uri import parse_uri

AGENT = """
from livekit.agents import Agent

import duologue
from duologue.server import sockets
from duologue.transports import websocket

websocket.STUCK = sockets.LINGER = 1.0  # ten times as soon as in life


@duologue.agent("talker")
class Talker(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")
        here = duologue.current()

        def talk(count: int) -> None:
            for _ in range(count):
                here.send("x" * 100_000)

        here.on_data(talk)
"""
NOT_TOO_MUCH = 30
"""Messages of 100 kB that may wait together."""
TOO_MUCH = 50
"""As many of them as may not."""


@pytest.fixture(scope="module")
def talker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A server whose agent sends as much as it is asked for."""
    folder: Path = tmp_path_factory.mktemp("talker")
    file = folder / "talker.py"
    file.write_text(AGENT)
    with House(folder / "data", file) as house:
        house.publish("talker")
        found = Desk(house)
        yield found
        found.http.close()


class Stubborn:
    """A client that reads when it is told to, with a buffer that is soon full."""

    def __init__(self, desk: Desk) -> None:
        self.ticket = desk.authorize("talker").json()
        url = desk.socket_url(self.ticket["client_session_key"])
        self._protocol = ClientProtocol(parse_uri(url), max_size=None)
        self._socket = socket.socket()
        self._socket.settimeout(60)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        # Or the server's side would hold megabytes for a peer that is so near.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        parts = urlsplit(url)
        self._socket.connect((parts.hostname, parts.port))
        self._protocol.send_request(self._protocol.connect())
        self._flush()
        while self._protocol.state is State.CONNECTING:
            self._protocol.receive_data(self._socket.recv(4096))
        assert self._protocol.handshake_exc is None

    def asks(self, count: int) -> None:
        """Says that it hears, and asks the agent for so many messages."""
        for message in ({"type": "client.ready"}, {"type": "client.response.data", "data": count}):
            self._protocol.send_text(json.dumps(message).encode())
        self._flush()

    def reads_on(self) -> list[Any]:
        """Reads until the server closes, and gives the messages that came."""
        while data := self._socket.recv(65536):
            self._protocol.receive_data(data)
            self._flush()
        self._protocol.receive_eof()
        frames = [one for one in self._protocol.events_received() if isinstance(one, Frame)]
        return [json.loads(bytes(one.data)) for one in frames if one.data[:1] == b"{"]

    @property
    def close_code(self) -> int | None:
        """The code that the server closed with."""
        return self._protocol.close_code

    @property
    def ports(self) -> tuple[int, int]:
        """Its own port, and the server's."""
        return int(self._socket.getsockname()[1]), int(self._socket.getpeername()[1])

    def close(self) -> None:
        """Lets the connection go."""
        self._socket.close()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._socket.sendall(data)


@pytest.fixture
def stubborn(talker: Desk) -> Iterator[Stubborn]:
    """A client on the line."""
    client = Stubborn(talker)
    yield client
    client.close()


def held(client: Stubborn) -> bool:
    """Whether a process still holds the server's end of a client's connection."""
    port, peer = (f":{number:04X}" for number in client.ports)
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, *more = line.split()
        if local.endswith(peer) and remote.endswith(port):
            return more[6] != "0"  # the inode; a socket that only the kernel knows has none
    return False


def until(true: Callable[[], bool], what: str) -> None:
    """Waits until something is so."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, f"waited for {what}"
        time.sleep(0.1)


def test_a_client_that_stops_reading_is_let_go_and_may_come_back(
    talker: Desk, stubborn: Stubborn
) -> None:
    """Its place, its words and its connection are freed while it still holds its own end open."""
    stubborn.asks(NOT_TOO_MUCH)
    assert held(stubborn)
    session = f"/v1/sessions/{stubborn.ticket['session_id']}"
    until(lambda: bool(talker.ask("GET", session).json()["state"] == "detached"), "a departure")
    until(lambda: not held(stubborn), "the end of the connection")
    with connect(talker.socket_url(stubborn.ticket["client_session_key"])) as socket:
        socket.send(json.dumps({"type": "client.response.text", "content": "back again"}))
        while json.loads(socket.recv(timeout=60)).get("content") != "back again":
            pass


def test_a_client_for_whom_too_many_words_wait_is_told_so(stubborn: Stubborn) -> None:
    """What waited is thrown away, and the close says why: 4029."""
    stubborn.asks(TOO_MUCH)
    came = stubborn.reads_on()
    assert stubborn.close_code == 4029
    assert len(came) < TOO_MUCH

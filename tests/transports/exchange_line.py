"""A client of the socket that asks for requests, state and files, message by message."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.server.conftest import Desk
from websockets.sync.client import ClientConnection, connect

from duologue.wire.exchange import FILE_CHUNK

ALL = ["rpc", "state", "files"]


class Line:
    """An open socket, ready, and what came over it that nobody asked for yet."""

    def __init__(self, socket: ClientConnection, ticket: dict[str, Any]) -> None:
        self.socket = socket
        self.conversation = ticket["conversation_id"]
        self.resume_token = ticket.get("resume_token")
        self.heard: list[dict[str, Any]] = []

    def say(self, kind: str, **fields: Any) -> None:
        """Sends a message."""
        self.socket.send(json.dumps({"type": kind, **fields}))

    def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The next message of a type that has these fields."""
        while True:
            message = dict(json.loads(self.socket.recv(timeout=60)))
            self.heard.append(message)
            if message["type"] == kind and message.items() >= fields.items():
                return message

    def told(self) -> Any:
        """The next data of the agent, or notice of the server."""
        return self.until("response.data")["content"]

    def send_file(self, content: bytes, name: str = "notes.txt", size: int | None = None) -> None:
        """Sends a file in chunks."""
        size = len(content) if size is None else size
        self.say("file.begin", id="f", name=name, size=size, attributes={"a": "b"})
        for start in range(0, len(content), FILE_CHUNK):
            piece = base64.b64encode(content[start : start + FILE_CHUNK]).decode()
            self.say("file.chunk", id="f", content=piece)

    def file(self) -> tuple[dict[str, Any], bytes]:
        """The next file of the agent."""
        begun = self.until("file.begin")
        content = b""
        while len(content) < begun["size"]:
            content += base64.b64decode(self.until("file.chunk", id=begun["id"])["content"])
        return begun, content


@contextmanager
def line(desk: Desk, agent: str = "desk", asks: list[str] = ALL, **fields: Any) -> Iterator[Line]:
    """A client that asked for these capabilities and is ready."""
    ticket = desk.authorize(agent, capabilities=asks, **fields).json()
    with connect(desk.socket_url(ticket["client_session_key"]), close_timeout=5) as socket:
        opened = Line(socket, ticket)
        opened.say("client.ready")
        yield opened

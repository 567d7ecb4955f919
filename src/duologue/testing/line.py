"""The way to a session as a Layercode back end and browser go it: authorize, then the socket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

PATIENCE: Final = 60.0
"""Seconds that waiting takes before it fails; generous, because test machines are slow."""
OURS: Final = Subprotocol("duologue")
"""The subprotocol that our own clients offer before their key."""


class Refused(Exception):
    """The server said no; `status`, `code` and `error` are its answer."""

    def __init__(self, status: int, body: str) -> None:
        try:
            answer = json.loads(body)
        except ValueError:
            answer = {}
        self.status = status
        self.code = str(answer.get("code", ""))
        self.error = str(answer.get("error", body))
        super().__init__(f"{status} {self.code}: {self.error}")


@dataclass(frozen=True, slots=True)
class Ticket:
    """The answer to an authorize request."""

    session_key: str
    conversation_id: str
    answer: dict[str, Any]

    @property
    def push_to_talk(self) -> bool:
        """Whether the microphone waits for a button."""
        return bool(self.answer["config"]["transcription"]["trigger"] == "push_to_talk")


async def authorize(
    url: str, agent: str, key: str, conversation_id: str | None = None, **fields: Any
) -> Ticket:
    """Asks for a session as a Layercode back end does; `Refused` when there is none."""
    body = {"agent_id": agent, "metadata": {}, "sdk_version": "2.7.0", **fields}
    if conversation_id is not None:
        body["conversation_id"] = conversation_id
    async with httpx.AsyncClient(timeout=PATIENCE) as http:
        response = await http.post(
            f"{url}/v1/agents/web/authorize_session",
            json=body,
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )
    if response.status_code != 200:
        raise Refused(response.status_code, response.text)
    answer = response.json()
    return Ticket(answer["client_session_key"], answer["conversation_id"], answer)


async def open_socket(url: str, session_key: str, *, subprotocol: bool = False) -> ClientConnection:
    """Opens the socket of a session; `Refused` when the key does not open it.

    The key goes into the address as the stock SDK has it, or beside our own subprotocol.
    """
    address = url.replace("http", "ws", 1) + "/v1/agents/web/websocket"
    if not subprotocol:
        address += f"?client_session_key={session_key}"
    try:
        socket = await connect(
            address,
            subprotocols=[OURS, Subprotocol(session_key)] if subprotocol else None,
            compression=None, proxy=None, open_timeout=PATIENCE, max_size=None,
        )  # fmt: skip
    except InvalidStatus as error:
        body = (error.response.body or b"").decode(errors="replace")
        raise Refused(error.response.status_code, body) from None
    if subprotocol and socket.subprotocol != OURS:
        await socket.close()
        raise Refused(101, f"the server agreed to {socket.subprotocol}; a browser would hang up")
    return socket

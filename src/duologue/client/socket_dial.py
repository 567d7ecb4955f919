"""Opens a socket with a ticket, and puts every way in which that can fail into one form."""

from __future__ import annotations

import json
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from duologue.client.road import Ticket
from duologue.client.socket_wire import socket_of

OURS: Final = Subprotocol("duologue")
"""Offered before the key, which goes no other way: addresses end up in the logs of proxies."""
HANDSHAKE: Final = 10.0
LARGEST: Final = 16 * 1024 * 1024
"""Bytes of one message; a long conversation's history comes whole."""


class Refusal(Exception):
    """No line, or no ticket for one; status 0 is a server that could not be reached."""

    def __init__(self, status: int, code: str, message: str, retry_after: float = 0.0) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after
        super().__init__(message)


async def dial(ticket: Ticket) -> ClientConnection:
    """An open socket, or the `Refusal`."""
    try:
        address = socket_of(ticket.url)
        socket = await connect(
            address,
            subprotocols=[OURS, Subprotocol(ticket.token)],
            compression=None, open_timeout=HANDSHAKE, close_timeout=2, max_size=LARGEST,
        )  # fmt: skip
    except (InvalidStatus, WebSocketException, OSError, ValueError) as error:
        raise understood(error, ticket.url) from None
    if socket.subprotocol != OURS:
        await socket.close()
        words = f"What answers at {address} is no duologue: it agreed to {socket.subprotocol}."
        raise Refusal(400, "bad_answer", words)
    return socket


def understood(error: Exception, url: str = "") -> Refusal:
    """What went wrong, whoever noticed it: the socket, or somebody's token source."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, InvalidStatus):
        response = error.response
        body = (response.body or b"").decode(errors="replace")
        return refusal(response.status_code, body, response.headers.get("Retry-After"))
    if isinstance(error, ValueError) and url:
        return Refusal(400, "bad_address", str(error))
    status = getattr(error, "status", None)
    if isinstance(status, int) and status:
        return refusal(status, str(getattr(error, "body", "")), None, str(error))
    words = str(error) or type(error).__name__
    where = f"The server at {url} cannot be reached" if url else "The server cannot be reached"
    return Refusal(0, "unreachable", f"{where}: {words}")


def refusal(
    status: int, body: str, retry_after: str | None, otherwise: str | None = None
) -> Refusal:
    """The refusal that an HTTP answer means, in the server's own words where it has any."""
    try:
        said: Any = json.loads(body)
    except ValueError:
        said = None
    found = said if isinstance(said, dict) else {}
    code = str(found.get("code") or f"http_{status}")
    message = str(found.get("error") or otherwise or f"The server answered {status}.")
    return Refusal(status, code, message, _seconds(retry_after))


def _seconds(header: str | None) -> float:
    """Seconds of a Retry-After; a date, which our server never sends, counts as none."""
    try:
        return min(60.0, max(0.0, float(header or 0)))
    except ValueError:
        return 0.0

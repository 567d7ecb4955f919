"""Before a socket is open and when it closes: the key it came with, a refusal, a close code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qs

from duologue.errors import DuologueError
from duologue.wire import layercode as wire

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PROTOCOL: Final = "duologue"
"""The subprotocol of our own clients; beside it they offer their session key."""


def presented(scope: Scope) -> tuple[str | None, str | None]:
    """The session key, and the subprotocol to answer with if the key came as one.

    Our own clients send it there: addresses end up in the logs of proxies.
    """
    offered = scope.get("subprotocols") or []
    if PROTOCOL in offered:
        return next((one for one in offered if one != PROTOCOL), None), PROTOCOL
    query = parse_qs(scope["query_string"].decode("latin-1"))
    return query.get("client_session_key", [None])[0], None


def close_code(event: MutableMapping[str, Any]) -> int:
    """The client's close code; 1006 for a connection that was lost without a word.

    uvicorn reports a lost connection as 1005, as it does a close frame without a code; but only
    what came in a close frame has a reason, if an empty one.
    """
    code = int(event.get("code") or 1005)
    return 1006 if code == 1005 and "reason" not in event else code


async def refuse(error: DuologueError, scope: Scope, send: Send) -> None:
    """Answers the upgrade with an HTTP error, or closes where the server cannot do that."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": error.fault.close or 1008})
        return
    body = wire.encode_error(error.code, error.message)
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    if error.status in (429, 503):
        headers.append((b"retry-after", str(error.values.get("seconds", 5)).encode()))
    await send(
        {"type": "websocket.http.response.start", "status": error.status, "headers": headers}
    )
    await send({"type": "websocket.http.response.body", "body": body})

"""Where other serving processes reach this one: they carry sockets whose conversation is here.

They find nothing but the socket's road there, and must show on it what everybody must.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from duologue.errors import DuologueError
from duologue.server.openings import SOCKET_PATH
from duologue.settings import Settings
from duologue.transports.relay import relayed
from duologue.transports.upgrade import Receive, Scope, Send, refuse
from duologue.wire.layercode import encode_error

Application = Callable[[Scope, Receive, Send], Awaitable[None]]


@contextmanager
def listening(settings: Settings) -> Iterator[tuple[socket.socket, str]]:
    """A socket at a free port, and the `host:port` that is told to the others."""
    try:
        found = socket.getaddrinfo(settings.peer_host, 0, type=socket.SOCK_STREAM)[0]
        if ipaddress.ip_address(found[4][0]).is_unspecified:
            raise _invalid(f"{settings.peer_host} is every address; name the one of this machine")
        made = socket.create_server(found[4][:2], family=found[0], backlog=2048)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise _invalid(f"cannot listen on {settings.peer_host} ({why})") from None
    with made:
        host, port = made.getsockname()[:2]
        yield made, f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def sockets_only(house: Application, peer: socket.socket) -> Application:
    """The application, of which at that address there is nothing but sockets of other processes."""
    address = tuple(peer.getsockname()[:2])

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if tuple(scope.get("server") or ()) != address:
            await house(scope, receive, send)
        elif scope["type"] != "websocket":
            await _lost(scope, send)
        elif scope["path"] != SOCKET_PATH or not relayed(scope):
            await receive()  # websocket.connect
            await refuse(DuologueError("not_found", path=scope["path"]), scope, send)
        else:
            await house(scope, receive, send)

    return serve


async def _lost(scope: Scope, send: Send) -> None:
    error = DuologueError("not_found", path=scope["path"])
    body = encode_error(error.code, error.message)
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _invalid(reason: str) -> DuologueError:
    return DuologueError("setting_invalid", name="peer_host", reason=reason)

"""Where other serving processes reach this one: they carry sockets whose conversation is here.

They find the same application as everybody, and must show what everybody must.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from duologue.errors import DuologueError
from duologue.settings import Settings


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


def _invalid(reason: str) -> DuologueError:
    return DuologueError("setting_invalid", name="peer_host", reason=reason)

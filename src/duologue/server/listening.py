"""The socket that a server is reached by, and its address in words."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from duologue.errors import DuologueError
from duologue.server.nearby import as_page
from duologue.settings import Settings


@contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """A bound socket, or an error that names the address."""
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server(
            (settings.host, settings.port), family=family, backlog=2048, reuse_port=False
        )
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise DuologueError(
            "setting_invalid",
            name="port",
            reason=f"cannot listen on {settings.host}:{settings.port} ({why})",
        ) from None
    try:
        yield listener
    finally:
        listener.close()


def bound_to(listener: socket.socket) -> str:
    """The address of a socket, as a page on this machine has it."""
    host_name, port = listener.getsockname()[:2]
    return f"{as_page(host_name)}:{port}"

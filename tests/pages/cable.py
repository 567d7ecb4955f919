"""A cable between a browser and the server that can stay pulled out for a while."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self

from tests.conformance.site import Wire


class Cable(Wire):
    """A wire that a test unplugs: what comes meanwhile is turned away, as by a dead network."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        super().__init__(host, int(port))
        self._plugged = threading.Event()
        self._plugged.set()

    @property
    def url(self) -> str:
        """Where the server is for who comes through the cable."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def unplug(self) -> None:
        """Breaks every connection, and lets none in."""
        self._plugged.clear()
        self.cut()

    def plug(self) -> None:
        """Lets connections through again."""
        self._plugged.set()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        if not self._plugged.is_set():
            for end in (source, sink):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        super()._pump(source, sink)

"""A cable between a browser and the server that a test pulls out, or lets carry nothing."""

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
        self._plugged = True
        self._flows = threading.Event()
        self._flows.set()

    @property
    def url(self) -> str:
        """Where the server is for who comes through the cable."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.thaw()
        super().__exit__(*error)

    def unplug(self) -> None:
        """Breaks every connection, and lets none in."""
        self._plugged = False
        self.cut()

    def plug(self) -> None:
        """Lets connections through again."""
        self._plugged = True

    def freeze(self) -> None:
        """Carries nothing any more, and says so to nobody."""
        self._flows.clear()

    def thaw(self) -> None:
        """Carries again, and first what was held."""
        self._flows.set()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        if not self._plugged:
            for end in (source, sink):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        super()._pump(_Held(source, self._flows), sink)  # type: ignore[arg-type] # it has recv


class _Held:
    """The end of a cable from which nothing comes while the cable is frozen."""

    def __init__(self, end: socket.socket, flows: threading.Event) -> None:
        self._end = end
        self._flows = flows

    def __getattr__(self, name: str) -> object:
        return getattr(self._end, name)

    def recv(self, most: int) -> bytes:
        """What came, once it may go on."""
        data = self._end.recv(most)
        self._flows.wait()
        return data

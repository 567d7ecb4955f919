"""A site of an origin of its own on this machine, for pages that a test opens."""

from __future__ import annotations

import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Final, Self

NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


class Asked(BaseHTTPRequestHandler):
    """A request; it says nothing in the log, for a test's own failure says what matters."""

    def body(self) -> bytes:
        """What came with it."""
        return self.rfile.read(int(self.headers["content-length"]))

    def answer(
        self, kind: str, body: bytes, status: int = 200, headers: Mapping[str, str] = NO_HEADERS
    ) -> None:
        """Answers it whole."""
        self.send_response(status)
        told = {"content-type": kind, "content-length": str(len(body))} | dict(headers)
        for name, value in told.items():
            self.send_header(name, value)
        with contextlib.suppress(ConnectionError):  # a closed page wants no answer
            self.end_headers()
            self.wfile.write(body)

    def get(self) -> None:
        """Answers one for a page."""
        self.send_error(501)

    def post(self) -> None:
        """Answers one that brings something."""
        self.send_error(501)

    def options(self) -> None:
        """Answers a browser that asks what a page may."""
        self.send_error(501)

    def do_GET(self) -> None:
        """As the standard library calls it."""
        self.get()

    def do_POST(self) -> None:
        """Likewise."""
        self.post()

    def do_OPTIONS(self) -> None:
        """Likewise."""
        self.options()

    def log_message(self, format: str, *values: object) -> None:  # noqa: A002
        """Says nothing."""


class Origin(ABC):
    """Serves from entering to leaving."""

    def __init__(self) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever)

    @property
    def url(self) -> str:
        """Its origin."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @abstractmethod
    def _handler(self) -> type[Asked]:
        """What answers its requests."""

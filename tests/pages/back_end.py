"""A site's own server that opens sessions for its pages: what it answers is up to the test."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class BackEnd:
    """Answers each request of a page, of any origin, with what `answer` makes of it."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[dict[str, Any]] = []
        """The bodies of its requests, oldest first."""
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever)

    @property
    def url(self) -> str:
        """Where pages ask it."""
        return f"http://127.0.0.1:{self._http.server_port}/voice-session"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_OPTIONS(self) -> None:
                self._reply(b"")

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                site.asked.append(asked)
                self._reply(json.dumps(site._answer(asked)).encode())

            def _reply(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("access-control-allow-origin", "*")
                self.send_header("access-control-allow-headers", "content-type")
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *values: object) -> None:  # noqa: A002
                """Says nothing: a test's own failure says what matters."""

        return Handler

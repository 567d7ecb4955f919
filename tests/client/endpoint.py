"""A token endpoint in a thread of its own: it answers what a test says, and notes what it got."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def jwt(**claims: Any) -> str:
    """A token that nobody signed, valid for ten minutes unless said otherwise."""
    said = {"exp": int(time.time()) + 600, **claims}
    parts = [{"alg": "none"}, {name: value for name, value in said.items() if value is not None}]
    texts = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode() for each in parts]
    return ".".join([*(text.rstrip("=") for text in texts), "signature"])


@dataclass
class Endpoint:
    """What the endpoint answers, and what it was asked."""

    url: str = ""
    status: int = 201
    body: Any = None
    """Said instead of a fresh token."""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    lives: int = 600
    asked: list[dict[str, Any]] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    seen: list[dict[str, str]] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def answer(self) -> bytes:
        """The next answer: each token is another one."""
        if isinstance(self.body, bytes):
            return self.body
        if self.body is not None:
            return json.dumps(self.body).encode()
        token = jwt(exp=int(time.time()) + self.lives, jti=len(self.asked))
        return json.dumps({"server_url": "ws://room", "participant_token": token}).encode()


@contextmanager
def endpoint(**given: Any) -> Iterator[Endpoint]:
    """Runs one on a port of its own."""
    said = Endpoint(**given)

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            said.asked.append(json.loads(self.rfile.read(length) or b"{}"))
            said.methods.append(self.command)
            said.seen.append({name.lower(): value for name, value in self.headers.items()})
            said.closing.wait(said.delay)
            answer = said.answer()
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            with suppress(OSError):  # the asker may have given up
                self.wfile.write(answer)

        do_POST = do_GET = do_PUT = _any  # noqa: N815  # http.server's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = False

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that gave up is no error."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    said.url = f"http://127.0.0.1:{server.server_port}/token"
    try:
        yield said
    finally:
        said.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()

"""The application of a Layercode user: its pages, and its back end that adds the secret key."""

from __future__ import annotations

import json
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import httpx
from tests.origin import Asked, Origin

PAGE = """<!doctype html><meta charset="utf-8"><title>{name}</title>
<link rel="icon" href="data:,"><body><script type="module" src="/build/{name}.js"></script>"""

DOORS = {
    "/api/authorize": "/v1/agents/web/authorize_session",
    "/api/token": "/api/token",
}
"""Where the pages ask for their sessions, and which door of ours that is."""


@dataclass
class Site(Origin):
    """Serves the pages, and forwards what they ask unchanged but for the key that it adds."""

    build: Path
    server_url: str
    key: str
    asked: list[dict[str, object]] = field(default_factory=list)
    """The bodies that an SDK posted."""
    granted: list[dict[str, object]] = field(default_factory=list)
    """What the server answered to them, when it granted."""

    def __post_init__(self) -> None:
        super().__init__()

    def _handler(self) -> type[Asked]:
        site = self

        class Handler(Asked):
            def get(self) -> None:
                name = Path(urlsplit(self.path).path).name
                if self.path.startswith("/build/"):
                    self.answer("text/javascript", (site.build / name).read_bytes())
                elif name in ("vanilla", "hook", "room"):
                    self.answer("text/html", PAGE.format(name=name).encode())
                else:
                    self.answer("text/plain", b"", 404)

            def post(self) -> None:
                body = self.body()
                response = httpx.post(
                    f"{site.server_url}{DOORS[self.path]}",
                    content=body,
                    headers={
                        "content-type": "application/json",
                        "authorization": f"Bearer {site.key}",
                    },
                    timeout=60,
                )
                site.asked.append(json.loads(body))
                if response.is_success:
                    site.granted.append(response.json())
                self.answer("application/json", response.content, response.status_code)

        return Handler


class Wire:
    """A cable between the browser and the server that a test can pull out."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]

    @property
    def port(self) -> int:
        """Where the browser connects to."""
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the accepting thread
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join()

    def cut(self) -> None:
        """Breaks every connection at once, without a closing frame."""
        for end in self._open:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # gone already
        self._open.clear()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(self._target)
            self._open += [near, far]
            for source, sink in ((near, far), (far, near)):
                thread = threading.Thread(target=self._pump, args=(source, sink))
                self._threads.append(thread)
                thread.start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass  # the other side is gone; so is this one
        finally:
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
            source.close()


class Hanging:
    """A TCP server that accepts and says nothing until it is released."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._held: list[socket.socket] = []
        self._released = False
        self._thread = threading.Thread(target=self._accept)

    @property
    def port(self) -> int:
        """Where it hangs."""
        return int(self._listener.getsockname()[1])

    @property
    def callers(self) -> int:
        """How many connections it left hanging."""
        return len(self._held)

    def release(self) -> None:
        """Lets go of everyone who hangs, and refuses who comes later."""
        self._released = True
        for held in self._held:
            held.close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the accepting thread
        self._listener.close()
        self._thread.join()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self._held.append(near)
            if self._released:
                near.close()

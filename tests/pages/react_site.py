"""A site made with React: its pages from a folder, and a server's doors on the same origin."""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

import httpx

import duologue.console

ASSETS: Final = Path(duologue.console.__file__).parent / "assets"
TYPES: Final = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html; charset=utf-8",
    ".svg": "image/svg+xml",
}
PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><link rel="stylesheet" href="/{name}.css">
<body><script type="module" src="/{name}.js"></script>"""
KEPT: Final = ("content-type", "x-api-key", "origin", "referer")
"""What is handed on of a request."""


class ReactSite:
    """Every path that is no file is the same page, as a router in the page expects it."""

    def __init__(self, folder: Path, server: str, page: str = "", key: str = "") -> None:
        """With a `key` its own server speaks for its pages, as a LiveKit user's back end does."""
        self.folder, self.server, self.page, self.key = folder, server, page, key
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

    def _file(self, path: str) -> tuple[str, bytes]:
        """What lies at a path: a file of the site, a script of the house, else the page."""
        name = path.lstrip("/")
        for found in (self.folder / name, ASSETS / Path(name).name):
            if name and found.is_file():
                return TYPES.get(found.suffix, "application/octet-stream"), found.read_bytes()
        if name.endswith(".css"):
            return TYPES[".css"], b""
        if (made := self.folder / f"{self.page}.html").is_file():  # rendered by a server
            return TYPES[".html"], PAGE.format(name=self.page).encode() + made.read_bytes()
        if self.page:
            return TYPES[".html"], PAGE.format(name=self.page).encode()
        return TYPES[".html"], (self.folder / "index.html").read_bytes()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/api/"):
                    return self._forward("GET", b"")
                return self._answer(200, *site._file(urlsplit(self.path).path))

            def do_POST(self) -> None:
                self._forward("POST", self.rfile.read(int(self.headers["content-length"])))

            def _forward(self, method: str, body: bytes) -> None:
                headers = {k: v for k, v in self.headers.items() if k.lower() in KEPT}
                if site.key:
                    headers = {"content-type": "application/json"}
                    headers["authorization"] = f"Bearer {site.key}"
                url = f"{site.server}{self.path}"
                got = httpx.request(method, url, content=body, headers=headers, timeout=60)
                self._answer(got.status_code, got.headers.get("content-type", ""), got.content)

            def _answer(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(ConnectionError):  # a closed page wants no answer
                    self.wfile.write(body)

            def log_message(self, format: str, *values: object) -> None:  # noqa: A002
                """Says nothing: a test's own failure says what matters."""

        return Handler

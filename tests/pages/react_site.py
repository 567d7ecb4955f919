"""A site made with React: its pages from a folder, and a server's doors on the same origin."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
from tests.origin import Asked, Origin

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


class ReactSite(Origin):
    """Every path that is no file is the same page, as a router in the page expects it."""

    def __init__(self, folder: Path, server: str, page: str = "", key: str = "") -> None:
        """With a `key` its own server speaks for its pages, as a LiveKit user's back end does."""
        self.folder, self.server, self.page, self.key = folder, server, page, key
        super().__init__()

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

    def _handler(self) -> type[Asked]:
        site = self

        class Handler(Asked):
            def get(self) -> None:
                if self.path.startswith("/api/"):
                    return self._forward("GET", b"")
                return self.answer(*site._file(urlsplit(self.path).path))

            def post(self) -> None:
                self._forward("POST", self.body())

            def _forward(self, method: str, body: bytes) -> None:
                headers = {k: v for k, v in self.headers.items() if k.lower() in KEPT}
                if site.key:
                    headers = {"content-type": "application/json"}
                    headers["authorization"] = f"Bearer {site.key}"
                url = f"{site.server}{self.path}"
                got = httpx.request(method, url, content=body, headers=headers, timeout=60)
                self.answer(got.headers.get("content-type", ""), got.content, got.status_code)

        return Handler

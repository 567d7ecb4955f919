"""Sites with a widget in their corner: ours as a server serves it, the peers' as they ship.

The page comes from one address and the widget from another, as it does in life, and everything is
packed as the browser asks for it, as small as that can be. A peer's own servers cannot be reached
from here: its widget is given the settings that it would ask them for, and what it would load from
them is named, not counted.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from bench.machine import ROOT

MODULES: Final = ROOT / ".bench" / "web" / "node_modules"
ELEVENLABS: Final = "@elevenlabs/convai-widget-embed"
VAPI: Final = "@vapi-ai/client-sdk-react"
ASSETS: Final = {
    "/elevenlabs.js": MODULES / ELEVENLABS / "dist" / "index.js",
    # The file that its README tells sites to load.
    "/vapi.js": MODULES / VAPI / "dist" / "embed" / "widget.umd.js",
}
# What its server answers for a new agent, as the package's own tests have it.
CONFIG: Final = {
    "variant": "full",
    "placement": "bottom-right",
    "avatar": {"type": "orb", "color_1": "#000000", "color_2": "#ffffff"},
    "feedback_mode": "end",
    "language": "en",
    "mic_muting_enabled": False,
    "transcript_enabled": False,
    "text_input_enabled": False,
    "default_expanded": False,
    "always_expanded": False,
    "text_contents": {"start_chat": "Start a call"},
    "terms_html": None,
    "language_presets": {},
    "disable_banner": False,
    "text_only": False,
    "supports_text_only": True,
    "first_message": "Hello.",
    "use_rtc": False,
}


@dataclass(frozen=True)
class Embed:
    """A widget in a page: its script, its tag, and what a visitor sees and presses."""

    name: str
    script: str
    tag: str
    launcher: str
    """What is shown first; a selector within the widget."""
    presses: tuple[str, ...]
    """What is pressed, one after the other, until a call begins: selectors within the widget."""


def peers(address: str) -> list[Embed]:
    """The two peers, from the address that serves their files."""
    if not all(file.exists() for file in ASSETS.values()):
        raise SystemExit("the peers are not installed: make .bench/.web")
    return [
        Embed(
            ELEVENLABS,
            f"{address}/elevenlabs.js",
            f"<elevenlabs-convai agent-id='bench' override-config='{json.dumps(CONFIG)}'>"
            "</elevenlabs-convai>",
            "button",
            ("button",),
        ),
        Embed(
            VAPI,
            f"{address}/vapi.js",
            '<vapi-widget public-key="bench" assistant-id="bench" mode="voice"></vapi-widget>',
            ".vapi-widget-wrapper svg",
            (".vapi-widget-wrapper svg", "button:has-text(Start)"),
        ),
    ]


def ours(name: str, address: str, key: str) -> Embed:
    """Our own widget, from its server."""
    return Embed(
        name,
        f"{address}/duologue.js",
        f'<duologue-widget agent="bench" key="{key}"></duologue-widget>',
        "button",
        ("button", "button:has-text(Talk)"),
    )


class Site:
    """A page for each embed under `/0`, `/1`, …, and the peers' files at another address."""

    def __init__(self) -> None:
        self.embeds: list[Embed] = []
        self._servers = [ThreadingHTTPServer(("127.0.0.1", 0), self._handler()) for _ in range(2)]

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self._servers[0].server_port}"

    @property
    def files(self) -> str:
        """Where the peers' files are."""
        return f"http://127.0.0.1:{self._servers[1].server_port}"

    @contextmanager
    def open(self) -> Iterator[Site]:
        """Answers until the block ends."""
        threads = [threading.Thread(target=each.serve_forever) for each in self._servers]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            for server, thread in zip(self._servers, threads, strict=True):
                server.shutdown()
                thread.join()
                server.server_close()

    def _page(self, path: str) -> bytes | None:
        number = path.removeprefix("/")
        if not number.isdigit() or int(number) >= len(self.embeds):
            return None
        embed = self.embeds[int(number)]
        return (
            "<!doctype html><html lang=en><meta charset=utf-8><title>A site</title>"
            '<link rel="icon" href="data:,"><h1>A site</h1>'
            f'<script async src="{embed.script}"></script>{embed.tag}'
        ).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Keeps quiet."""

            def do_GET(self) -> None:
                page = site._page(self.path)
                if page is not None:
                    self._answer("text/html; charset=utf-8", gzip.compress(page, 9), "gzip")
                elif self.path in ASSETS:
                    packing = "br" if "br" in self.headers["Accept-Encoding"] else "gzip"
                    self._answer("text/javascript", packed(ASSETS[self.path], packing), packing)
                else:
                    self.send_error(404)

            def _answer(self, kind: str, content: bytes, packing: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Encoding", packing)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Access-Control-Allow-Origin", "*")
                self.end_headers()
                self.wfile.write(content)

        return Handler


@cache
def packed(file: Path, packing: str) -> bytes:
    """A file as it goes over the line."""
    if packing == "gzip":
        return gzip.compress(file.read_bytes(), 9)
    program = (
        "process.stdout.write(require('node:zlib').brotliCompressSync("
        "require('node:fs').readFileSync(process.argv[1])))"
    )
    done = subprocess.run(["node", "-e", program, str(file)], check=True, capture_output=True)
    return done.stdout


@cache
def versions() -> str:
    """The peers' packages, as they were installed."""
    found = []
    for name in (ELEVENLABS, VAPI):
        described = json.loads((MODULES / name / "package.json").read_text())
        found.append(f"{name} {described['version']}")
    return ", ".join(found)

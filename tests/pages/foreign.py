"""Somebody else's site with our client on it, as strict as sites can be."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final, Self

import duologue.console

ASSETS: Final = Path(duologue.console.__file__).parent / "assets"
PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A shop</title>
<link rel="icon" href="data:,"><button id="talk">Talk</button>
<script type="module" src="/shop.js"></script>"""
SCRIPT: Final = """import { Session } from "/duologue.js";
const options = JSON.parse(decodeURIComponent(location.hash.slice(1)));
window.session = new Session(options);
document.getElementById("talk").onclick = () =>
  session.connect().catch((error) => (window.refused = error.code));
"""


class Shop:
    """A site that runs nothing but its own script and talks to one server besides."""

    def __init__(self) -> None:
        self.server = ""
        """The only other origin that its pages may reach."""
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

    @property
    def policy(self) -> str:
        """What its pages may do: no inline script, no eval, no blob, no foreign file."""
        reach = f"{self.server} {self.server.replace('http', 'ws', 1)}"
        return f"default-src 'none'; script-src 'self'; img-src data:; connect-src {reach}"

    def file(self, name: str) -> bytes:
        """The page's own script, or one of our files."""
        return SCRIPT.encode() if name == "shop.js" else (ASSETS / name).read_bytes()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.lstrip("/")
                if name == "":
                    kind, body = "text/html", PAGE.encode()
                else:
                    kind, body = "text/javascript", shop.file(Path(name).name)
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.send_header("content-security-policy", shop.policy)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *values: object) -> None:  # noqa: A002
                """Says nothing: a test's own failure says what matters."""

        return Handler

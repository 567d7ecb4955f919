"""Somebody else's site with our client on it, as strict as sites can be."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.origin import Asked, Origin

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


class Shop(Origin):
    """A site that runs nothing but its own script and talks to one server besides."""

    def __init__(self) -> None:
        self.server = ""
        """The only other origin that its pages may reach."""
        super().__init__()

    @property
    def policy(self) -> str:
        """What its pages may do: no inline script, no eval, no blob, no foreign file."""
        reach = f"{self.server} {self.server.replace('http', 'ws', 1)}"
        return f"default-src 'none'; script-src 'self'; img-src data:; connect-src {reach}"

    def file(self, name: str) -> bytes:
        """The page's own script, or one of our files."""
        return SCRIPT.encode() if name == "shop.js" else (ASSETS / name).read_bytes()

    def _handler(self) -> type[Asked]:
        shop = self

        class Handler(Asked):
            def get(self) -> None:
                name = self.path.lstrip("/")
                if name == "":
                    kind, body = "text/html", PAGE.encode()
                else:
                    kind, body = "text/javascript", shop.file(Path(name).name)
                self.answer(kind, body, headers={"content-security-policy": shop.policy})

        return Handler

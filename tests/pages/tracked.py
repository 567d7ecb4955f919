"""Somebody's site with our tracker on it; its documents become other pages by script."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from tests.origin import Asked, Origin

PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<link rel="icon" href="data:,"><h1>{title}</h1>
<button id="book" data-duologue-track="book">Book</button>
<button id="menu" data-ll-track="menu"><span id="inner">Menu</span></button>
<button id="plain">Plain</button>
<script type="module">
import {{ LiveLayerTracker, Tracker }} from "{server}/assets/tracker.js";
import {{ Session }} from "{server}/assets/duologue.js";
const {{ tracker, session }} = JSON.parse(decodeURIComponent(location.hash.slice(1) || "%7B%7D"));
window.tracker = new LiveLayerTracker(tracker);
window.same = Tracker === LiveLayerTracker;
window.tracker.start();
window.goes = (path, title) => {{
  history.pushState(null, "", path);
  document.title = title;
}};
window.talks = () => {{
  const visitor = () => window.tracker.visitorId;
  window.session = new Session({{ ...session, visitor, microphone: false, memory: null }});
  return window.session.connect();
}};
window.ready = true;
</script>"""
ICON: Final = '<link rel="icon" href="data:,">'
DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "tracker.md"
TITLES: Final = {"/": "Home", "/rooms": "Rooms", "/far": "Far"}


class Site(Origin):
    """A site of an origin of its own."""

    def __init__(self, server: str) -> None:
        self._server = server
        self.key = ""
        super().__init__()

    def page(self, path: str, **options: Any) -> str:
        """The address of a page whose tracker and session have these options."""
        return f"{self.url}{path}#{quote(json.dumps(options))}"

    def text(self, path: str) -> str:
        """What a path shows; `/documented` is the page of docs/tracker.md, with its own key."""
        if path != "/documented":
            return PAGE.format(title=TITLES.get(path, "Elsewhere"), server=self._server)
        shown = DOCUMENT.read_text(encoding="utf-8").partition("```html\n")[2].partition("```")[0]
        own = shown.replace("https://voice.example.com", self._server)
        ready = '<script type="module">window.ready = true;</script></html>'
        return own.replace("dk_public_…", self.key).replace("</html>", f"{ICON}{ready}")

    def _handler(self) -> type[Asked]:
        site = self

        class Handler(Asked):
            def get(self) -> None:
                self.answer("text/html", site.text(self.path.partition("?")[0]).encode())

        return Handler

"""A tab with a page made with React: what its surfaces show, and what the server knows of it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any, Final

from tests.conformance.browser import Browser
from tests.pages.tab import Tab
from tests.serving import House

LOUD: Final = """
window.loud = { devices: new Set(), media: new Set(), elements: () =>
  [...loud.media].filter((one) => !muted.get.call(one) && !one.paused && one.srcObject) };
// The element that a socket's session shows says of itself what holds for the loudspeaker.
const muted = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "muted");
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...rest) {
  if (to instanceof AudioDestinationNode) loud.devices.add(to.context);
  return connect.call(this, to, ...rest);
};
const media = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "srcObject");
Object.defineProperty(HTMLMediaElement.prototype, "srcObject", {
  ...media,
  set(stream) {
    loud.media.add(this);
    media.set.call(this, stream);
  },
});
"""
"""Counts all ways by which a page can be heard, before it has any."""


class ReactTab(Tab):
    """What the tests of React's pages ask of a tab."""

    def __init__(self, browser: Browser, url: str, **given: object) -> None:
        profile = {"reducedMotion": "reduce", "locale": "en-GB"}
        profile |= given.pop("profile", {})  # type: ignore[call-overload]  # it is a dict
        before = f"{LOUD};{given.pop('before', '')}"
        super().__init__(browser, url, before=before, profile=profile, **given)
        self.expected.append("info: %cDownload the React DevTools.*")

    def widgets(self, count: int = 1) -> None:
        """Waits until so many widgets are there and drawn."""
        self.wait(
            "[...document.querySelectorAll('duologue-widget')]"
            f".filter(one => one.shadowRoot?.querySelector('.root')).length === {count}"
        )

    def within(self, selector: str, which: int = 0) -> str:
        """An expression for an element of one of the widgets."""
        found = f"document.querySelectorAll('duologue-widget')[{which}]?.shadowRoot"
        return f"{found}?.querySelector({json.dumps(selector)})"

    def mood(self, which: int = 0) -> str | None:
        """What a widget shows."""
        found: str | None = self.run(f"{self.within('.root', which)}?.dataset.mood ?? null")
        return found

    def is_open(self, which: int = 0) -> bool:
        """Whether a widget's panel is open."""
        return bool(self.run(f"{self.within('.root', which)}?.dataset.open === 'true'"))

    def talks(self, which: int = 0) -> None:
        """Presses a widget's button, and waits until the line is there."""
        self.run(f"{self.within('.actions button:not([hidden])', which)}.click()")
        self.connected(which)

    def connected(self, which: int = 0) -> None:
        """Waits until a widget shows a line that is open."""
        widget = f"document.querySelectorAll('duologue-widget')[{which}]"
        self.wait(f"{widget}?.session?.snapshot.connectionState === 'connected'")

    def writes(self, text: str, which: int = 0) -> None:
        """Types into a widget."""
        self.run(
            f"(box => {{ box.value = {json.dumps(text)}; box.form.requestSubmit(); }})"
            f"({self.within('.box', which)})"
        )

    def shows_said(self, words: str, which: int = 0) -> None:
        """Waits until a widget's transcript has these words."""
        shown = f"{self.within('.side', which)}?.textContent ?? ''"
        self.wait(f"({shown}).includes({json.dumps(words)})")

    def _shown(self) -> str:
        text = self.run("document.body.innerText")
        return f"the page says {text!r}\nconsole: {self.ask('console')}"


class Ledger:
    """The sessions that a server has had since now, as its store has them."""

    def __init__(self, house: House) -> None:
        self._file = house.data / "duologue.db"
        self._before = {one["id"] for one in self._all()}

    @property
    def sessions(self) -> list[dict[str, Any]]:
        """They, oldest first."""
        return [one for one in self._all() if one["id"] not in self._before]

    @property
    def conversations(self) -> set[str]:
        """What they belong to."""
        return {one["conversation_id"] for one in self.sessions}

    def _all(self) -> list[dict[str, Any]]:
        # Read where it lies: a command takes seconds, and a test asks often.
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as store:
            store.row_factory = sqlite3.Row
            rows = store.execute("SELECT * FROM sessions ORDER BY created_at").fetchall()
        return [dict(row) for row in rows]

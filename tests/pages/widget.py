"""The widget as a person has it before them, on somebody's page."""

from __future__ import annotations

import json
from typing import Any

from tests.conformance.browser import PATIENCE, Browser
from tests.pages.tab import Said, Tab

ROOT = "document.querySelector('duologue-widget').shadowRoot"
RECORD = """
globalThis.heard = [];
const names = ["open", "close", "consent", "connect", "disconnect", "state", "transcript",
  "message", "navigate", "error", "feedback"];
for (const name of names) addEventListener(`duologue-${name}`, (event) => {
  heard.push([name, JSON.parse(JSON.stringify(event.detail ?? null))]);
});
"""
"""Keeps every event of every widget, as the page hears it."""


class WidgetTab(Tab):
    """One tab with a page that has the widget's tag."""

    def __init__(self, browser: Browser, url: str, **given: object) -> None:
        before = f"{RECORD};{given.pop('before', None) or ''}"
        super().__init__(browser, url, before=before, **given)
        there = "customElements.get('duologue-widget') !== undefined"
        self.wait(f"{there} || document.querySelector('iframe') !== null")

    # ---------------------------------------------------------------- what it shows

    @property
    def state(self) -> str:
        """The line that says what is going on."""
        return self.inside(".state")

    @property
    def buttons(self) -> list[str]:
        """The words of the buttons of the call that can be seen, in their order."""
        script = f"""[...{ROOT}.querySelectorAll('.stage .actions button, .rounds button')]
            .filter(one => one.checkVisibility()).map(one => one.textContent.trim())"""
        return list(self.run(script))

    @property
    def transcript(self) -> list[Said]:
        """What was said, from the top."""
        rows = self.run(
            f"""[...({ROOT}?.querySelectorAll('.said') ?? [])].map(one => [one.dataset.role,
            one.querySelector('.words').textContent, 'moving' in one.dataset,
            'interrupted' in one.dataset])"""
        )
        return [Said(*row) for row in rows]

    @property
    def notices(self) -> list[str]:
        """The short words that it shows for a while."""
        return list(self.run(f"[...{ROOT}.querySelectorAll('.notice p')].map(n => n.textContent)"))

    @property
    def focused(self) -> str:
        """The words or the class of what has the focus within."""
        script = f"(one => one && (one.textContent.trim() || one.className))({ROOT}.activeElement)"
        return str(self.run(script) or "")

    @property
    def is_open(self) -> bool:
        """Whether the panel can be seen."""
        return bool(
            self.run(f"getComputedStyle({ROOT}.querySelector('.panel')).visibility === 'visible'")
        )

    def inside(self, selector: str) -> str:
        """The text of an element of the widget; of a hidden one nothing."""
        script = "(one => one?.checkVisibility() ? one.textContent.trim() : '')"
        return str(self.run(f"({script})({ROOT}.querySelector({selector!r}))"))

    def sees(self, selector: str) -> bool:
        """Whether an element of the widget can be seen."""
        found = f"{ROOT}.querySelector({selector!r})?.checkVisibility({{visibilityProperty: true}})"
        return bool(self.run(f"{found} ?? false"))

    def events(self, name: str) -> list[Any]:
        """The details of every event of this name that the page heard."""
        return [detail for one, detail in self.run("heard") if one == name]

    # ---------------------------------------------------------------- what a person does

    def launch(self) -> None:
        """Opens the panel by its button."""
        self.ask("click", selector="duologue-widget .launcher")
        self.until(lambda: self.is_open, "the open panel")

    def click(self, name: str) -> None:
        """Clicks the button of the widget that says this, or of this class."""
        selector = (
            f"duologue-widget {name}"
            if name.startswith(".")
            else (f"duologue-widget button:visible:has-text({json.dumps(name)})")
        )
        self.ask("click", selector=selector)

    def type(self, text: str) -> None:
        """Types a message and sends it."""
        self.ask("fill", selector="duologue-widget .box", text=text)
        self.press("Enter")

    def reaches(self, state: str, timeout: float = PATIENCE) -> None:
        """Waits until the widget says this of itself."""
        script = f"{ROOT}.querySelector('.state').textContent === {json.dumps(state)}"
        self.wait(script, timeout)

    def _shown(self) -> str:
        said = "\n".join(f"  {one}" for one in self.transcript)
        state = f"{self.state!r}, {self.inside('.detail')!r}, {self.buttons}, {self.notices}"
        return f"the widget says {state}\n{said}\nconsole: {self.ask('console')}"

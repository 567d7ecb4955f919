"""`python -m tests.pages.gallery`: pictures of the talk page, and the page that shows them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.conformance.browser import E2E, FLAGS, Browser
from tests.groups import say
from tests.pages.cable import Cable
from tests.pages.tab import Tab
from tests.serving import House

from duologue.testing.speech import noise

DOCS: Final = Path(__file__).parents[2] / "docs"
SCREENS: Final = DOCS / "screens"
PAGE: Final = DOCS / "talk-page.md"
LARGEST: Final = 150_000
"""Bytes of a picture that is kept."""
DESK: Final[dict[str, Any]] = {"viewport": {"width": 1180, "height": 760}}
PHONE: Final[dict[str, Any]] = {
    "viewport": {"width": 390, "height": 780},
    "isMobile": True,
    "hasTouch": True,
}
DARK: Final[dict[str, Any]] = {"colorScheme": "dark"}
ONE_MICROPHONE: Final = "navigator.mediaDevices.enumerateDevices = async () => [];"
"""The browser's made-up microphones would stand in the pictures, by names that nobody has."""


class Studio:
    """A server, its cable and two browsers; each picture is taken in a profile of its own."""

    def __init__(self, house: House, cable: Cable, kind: Browser, strict: Browser) -> None:
        self.house, self.cable = house, cable
        self.kind, self.strict = kind, strict
        self._open: list[Tab] = []

    def tab(self, use: Browser | None = None, **profile: Any) -> Tab:
        """A new tab with the page, seen through the cable."""
        known = {"locale": "en-GB", "reducedMotion": "reduce"} | DESK | profile
        url = f"{self.cable.url}/"
        self._open.append(Tab(use or self.kind, url, profile=known, before=ONE_MICROPHONE))
        return self._open[-1]

    def tidy(self) -> None:
        """Closes what a picture left open, and mends the cable."""
        self.cable.thaw()
        self.cable.plug()
        for tab in self._open:
            tab.close()
        self._open.clear()


def idle(at: Studio) -> Tab:
    """Before the call."""
    tab = at.tab()
    tab.reaches("Ready when you are")
    return tab


def connecting(at: Studio) -> Tab:
    """While the server is asked."""
    tab = at.tab()
    at.cable.freeze()
    tab.tap("start")
    tab.reaches("Connecting…")
    return tab


def listening(at: Studio, **profile: Any) -> Tab:
    """After the greeting."""
    tab = at.tab(**profile)
    tab.tap("start")
    tab.hears_out()
    tab.reaches("Listening")
    return tab


def speaking(at: Studio, **profile: Any) -> Tab:
    """In the middle of a joke."""
    tab = listening(at, **profile)
    joke = tab.asks("Tell me a joke please.")
    tab.until(lambda: max(tab.heard_of(joke), default=0) > 1200, "some sound")
    return tab


def transcript(at: Studio, **profile: Any) -> Tab:
    """Some turns later, one of them interrupted."""
    tab = listening(at, **profile)
    tab.asks("When are you open?")
    tab.hears_out()
    count = tab.asks("Please count slowly from one to twenty.")
    tab.until(lambda: max(tab.heard_of(count), default=0) > 2500, "some numbers")
    tab.asks("I would like to book a table for four people please.")
    tab.hears_out()
    tab.asks("On Friday please.")
    tab.hears_out()
    tab.reaches("Listening")
    return tab


def typed(at: Studio) -> Tab:
    """Without a microphone, by choice."""
    tab = at.tab()
    tab.type("What can you do?")
    tab.until(lambda: bool(tab.turns), "an answer")
    tab.hears_out()
    tab.ask("fill", selector="#widget .box", text="And what time is it?")
    return tab


def muted(at: Studio) -> Tab:
    """The microphone is held shut."""
    tab = listening(at)
    tab.tap("mute")
    tab.reaches("Muted")
    return tab


def refused(at: Studio) -> Tab:
    """The browser was told not to let the page hear."""
    tab = at.tab(at.strict, permissions=[])
    tab.tap("start")
    tab.until(lambda: tab.sees(".mend"), "what is wrong")
    tab.hears_out()
    tab.reaches("Your turn")
    return tab


def reconnecting(at: Studio) -> Tab:
    """The line broke in mid-answer."""
    tab = speaking(at)
    at.cable.unplug()
    tab.until(lambda: "3 s ago" in tab.inside(".detail"), "three seconds")
    return tab


def resumed(at: Studio) -> Tab:
    """The line is back, and so is the rest of the answer."""
    tab = speaking(at)
    before = len(tab.turns)
    at.cable.unplug()
    tab.until(lambda: "2 s ago" in tab.inside(".detail"), "two seconds")
    at.cable.plug()
    tab.until(lambda: len(tab.turns) > before, "the rest")
    rest = tab.turns[-1]
    tab.until(lambda: max(tab.heard_of(rest), default=0) > 400, "some sound")
    return tab


def ended(at: Studio) -> Tab:
    """The user left, and may come back."""
    tab = speaking(at)
    tab.tap("end")
    tab.reaches("You left")
    tab.run("new Promise((done) => setTimeout(done, 2000))")  # the two voices come to rest
    return tab


def phone(at: Studio) -> Tab:
    """On a phone."""
    return transcript(at, **PHONE)


def phone_idle(at: Studio) -> Tab:
    """On a phone, before the call."""
    tab = at.tab(**PHONE)
    tab.reaches("Ready when you are")
    return tab


def dark(at: Studio) -> Tab:
    """Where the system is dark."""
    return speaking(at, **DARK)


def site(at: Studio) -> Tab:
    """Further down: the tag for a site of one's own."""
    tab = at.tab()
    tab.wait("document.querySelector('#site-tag').textContent !== ''")
    tab.ask("fill", selector="#site-title", text="Ask the kitchen")
    tab.ask("fill", selector="#accent", text="#1a7f5a")
    tab.ask("click", selector="#preview-widget .launcher")
    tab.run("document.querySelector('#site').scrollIntoView()")
    return tab


class Picture(NamedTuple):
    """A picture and what is to be seen in it."""

    name: str
    pose: Callable[[Studio], Tab]
    words: str


PICTURES: Final = (
    Picture("idle", idle, "Ready: press Talk, type, or tap a sentence to begin with."),
    Picture("connecting", connecting, "Connecting, and Cancel."),
    Picture("listening", listening, "Listening. The inner ring moves with your voice."),
    Picture(
        "speaking", speaking, "Speaking. Speak, press Escape or Interrupt, and it falls silent."
    ),
    Picture("transcript", transcript, "What was said. A dash ends what was interrupted."),
    Picture("typed", typed, "Typed: no microphone was opened; Speak opens it."),
    Picture("muted", muted, "Muted: nothing of the room leaves the page."),
    Picture("mic-refused", refused, "The microphone was refused: how to mend it; typing goes on."),
    Picture("reconnecting", reconnecting, "The line broke. What is typed meanwhile is sent later."),
    Picture("resumed", resumed, "The line is back, and the agent ends its sentence."),
    Picture("ended", ended, "You left, and can pick it up within five minutes."),
    Picture("site", site, "On your own site: the tag, and the widget as it will look there."),
    Picture("phone-idle", phone_idle, "On a phone, before the call."),
    Picture("phone", phone, "On a phone, in conversation."),
    Picture("dark", dark, "In the dark."),
)

HEAD: Final = """# The talk page

What the page at `/` shows, state by state: the [widget](../web/packages/widget/README.md) of any
other site, embedded, and below it the tag for a site of your own. `python -m tests.pages.gallery`
takes the pictures of a running `duologue dev` and writes this page; `tests/pages` walks through
every state, by mouse, by keys and by a spoken recording, and holds each one to axe-core in light
and in dark.
"""


def written() -> str:
    """The page of all pictures."""
    each = (
        f"## {one.name.replace('-', ' ').capitalize()}\n\n{one.words}\n\n"
        f"![{one.words}](screens/{one.name}.png)\n"
        for one in PICTURES
    )
    return "\n".join((HEAD, *each))


def main(names: list[str]) -> int:
    """Takes all pictures, or those that are named."""
    chosen = [one for one in PICTURES if not names or one.name in names]
    build = ["npm", "--prefix", str(E2E.parent), "run", "build", "--workspaces", "--if-present"]
    subprocess.run(build, check=True, timeout=180, capture_output=True)
    executable = str(shutil.which("chromium"))
    SCREENS.mkdir(exist_ok=True)
    with ExitStack() as open_now:
        folder = Path(open_now.enter_context(tempfile.TemporaryDirectory()))
        hears = noise(120.0, 0.0002, rate=16000).save(folder / "microphone.wav")
        house = open_now.enter_context(House(folder / "data", mode="dev"))
        cable = open_now.enter_context(Cable(house.url))
        asks = [flag for flag in FLAGS if flag != "--use-fake-ui-for-media-stream"]
        kind = open_now.enter_context(Browser(executable, hears, "~NOTFOUND"))
        strict = open_now.enter_context(Browser(executable, hears, "~NOTFOUND", asks))
        studio = Studio(house, cable, kind, strict)
        for one in chosen:
            file = SCREENS / f"{one.name}.png"
            one.pose(studio).shoot(file)
            studio.tidy()
            size = file.stat().st_size
            say(f"{file.name}: {size // 1000} kB{' IS TOO LARGE' if size > LARGEST else ''}\n")
    PAGE.write_text(written())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

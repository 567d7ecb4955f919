"""`python -m tests.pages.widget_gallery`: pictures of the widget, and the page that shows them."""

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
from tests.pages.gallery import DARK, DESK, DOCS, LARGEST, ONE_MICROPHONE, PHONE, SCREENS
from tests.pages.widget import WidgetTab
from tests.pages.widget_site import WidgetSite
from tests.serving import House

from duologue.testing.speech import noise

PAGE: Final = DOCS / "widget-gallery.md"
OPEN: Final[dict[str, Any]] = {"default_open": ""}
TERMS: Final = """We keep a recording of this conversation for thirty days.

Nobody outside of the Corner Table hears it. You may ask us to delete it at any time."""


class Studio:
    """A server, its cable and two browsers; each picture is taken in a profile of its own."""

    def __init__(self, site: WidgetSite, cable: Cable, kind: Browser, strict: Browser) -> None:
        self.site, self.cable = site, cable
        self.kind, self.strict = kind, strict
        self.profile: dict[str, Any] = DESK
        self._open: list[WidgetTab] = []

    def tab(self, name: str = "plain", use: Browser | None = None, **given: Any) -> WidgetTab:
        """A new tab with the tag, seen through the cable."""
        known = {"locale": "en-GB", "reducedMotion": "reduce"} | self.profile
        known |= {key: given.pop(key) for key in ("permissions",) if key in given}
        url = self.site.page(name, **{"agent": "demo", "greeting": "false"} | given)
        self._open.append(WidgetTab(use or self.kind, url, profile=known, before=ONE_MICROPHONE))
        return self._open[-1]

    def tidy(self) -> None:
        """Closes what a picture left open, and mends the cable."""
        self.cable.thaw()
        self.cable.plug()
        for tab in self._open:
            tab.close()
        self._open.clear()


def closed(at: Studio) -> WidgetTab:
    """In its corner, with the greeting."""
    tab = at.tab(greeting="")
    tab.until(lambda: "Corner" in tab.inside(".bubble .words"), "the bubble")
    return tab


def idle(at: Studio, **given: Any) -> WidgetTab:
    """Open, before the call."""
    tab = at.tab(**OPEN | given)
    tab.until(lambda: "Corner" in tab.inside(".greeting"), "the face")
    tab.wait("document.querySelector('duologue-widget').session !== null")
    return tab


def connecting(at: Studio) -> WidgetTab:
    """While the server is asked."""
    tab = idle(at)
    at.cable.freeze()
    tab.click("Talk")
    tab.reaches("Connecting…")
    return tab


def listening(at: Studio, **given: Any) -> WidgetTab:
    """After the greeting."""
    tab = idle(at, **given)
    tab.click(".big >> nth=0")
    tab.hears_out()
    tab.until(lambda: tab.run(MOOD) == "listening", "the turn")
    return tab


def speaking(at: Studio, **given: Any) -> WidgetTab:
    """In the middle of a joke."""
    tab = listening(at, **given)
    joke = tab.asks("Tell me a joke please.")
    tab.until(lambda: max(tab.heard_of(joke), default=0) > 1200, "some sound")
    return tab


def talk(at: Studio, **given: Any) -> WidgetTab:
    """Some turns later, one of them interrupted."""
    tab = listening(at, **given)
    count = tab.asks("Please count slowly from one to twenty.")
    tab.until(lambda: max(tab.heard_of(count), default=0) > 2500, "some numbers")
    tab.asks("I would like to book a table for four people please.")
    tab.hears_out()
    return tab


def muted(at: Studio) -> WidgetTab:
    """The microphone is held shut."""
    tab = listening(at)
    tab.click(".mute")
    tab.reaches("Muted")
    return tab


def refused(at: Studio) -> WidgetTab:
    """The browser was told not to let the page hear."""
    tab = at.tab(use=at.strict, permissions=[], **OPEN)
    tab.click("Talk")
    tab.until(lambda: tab.inside(".mend strong") != "", "what is wrong")
    tab.hears_out()
    tab.reaches("Your turn")
    return tab


def reconnecting(at: Studio) -> WidgetTab:
    """The line broke in mid-answer."""
    tab = speaking(at)
    at.cable.unplug()
    tab.until(lambda: "3 s ago" in tab.inside(".detail"), "three seconds")
    return tab


def ended(at: Studio) -> WidgetTab:
    """The visitor left, and may come back."""
    tab = talk(at, feedback="text")
    tab.click(".end")
    tab.reaches("You left")
    tab.run("new Promise((done) => setTimeout(done, 2000))")  # the two voices come to rest
    return tab


def unreachable(at: Studio) -> WidgetTab:
    """Nobody is there."""
    tab = idle(at)
    tab.offline(is_so=True)
    tab.click("Talk")
    tab.reaches("You are offline")
    tab.run("new Promise((done) => setTimeout(done, 1500))")
    return tab


def captions(at: Studio) -> WidgetTab:
    """By voice alone, the words of the moment large."""
    tab = idle(at, mode="voice", captions="", transcript="false")
    tab.click("Talk")
    tab.reaches("Speaking")
    tab.until(lambda: "Corner" in tab.inside(".caption"), "the words")
    return tab


def consent(at: Studio) -> WidgetTab:
    """The terms come first."""
    tab = idle(at, consent=TERMS)
    tab.click("Talk")
    return tab


def behind(at: Studio) -> WidgetTab:
    """Closed while the agent speaks."""
    tab = speaking(at)
    tab.click(".shut")
    return tab


def picture(at: Studio) -> WidgetTab:
    """A picture stands for the agent, in a colour of the page's."""
    return speaking(at, avatar="/face.svg", accent="#7a4fbf", record_notice="")


def push(at: Studio) -> WidgetTab:
    """The button is held while one speaks."""
    tab = at.tab(agent="demo-ptt", **OPEN)
    tab.click("Talk")
    tab.reaches("Your turn")
    return tab


def arabic(at: Studio) -> WidgetTab:
    """From right to left."""
    return listening(at, language="ar", position="bottom-left")


def hall(at: Studio) -> WidgetTab:
    """The whole of a place."""
    tab = at.tab("hall", experience_mode="EMBEDDED")
    tab.click("Talk")
    tab.hears_out()
    joke = tab.asks("Tell me a joke please.")
    tab.until(lambda: max(tab.heard_of(joke), default=0) > 1200, "some sound")
    return tab


MOOD: Final = (
    "document.querySelector('duologue-widget').shadowRoot.querySelector('.root').dataset.mood"
)


class Picture(NamedTuple):
    """A picture and what is to be seen in it."""

    name: str
    pose: Callable[[Studio], WidgetTab]
    words: str
    looks: tuple[str, ...] = ("desk", "phone")


BOTH: Final = ("desk", "phone", "dark")
PICTURES: Final = (
    Picture("closed", closed, "Closed: two small circles, and the greeting once.", BOTH),
    Picture("idle", idle, "Open: press Talk, type, or tap a sentence to begin with.", BOTH),
    Picture("connecting", connecting, "Connecting, and Cancel."),
    Picture("listening", listening, "Listening. The rings move with your voice."),
    Picture("speaking", speaking, "Speaking. Speak, or press the square, and it is silent.", BOTH),
    Picture("talk", talk, "What was said. A dash ends what was interrupted."),
    Picture("behind", behind, "Closed in mid-call: the circles live on, and say what goes on."),
    Picture("muted", muted, "Muted: nothing of the room leaves the page."),
    Picture("push", push, "Push-to-talk: held by finger, mouse or key."),
    Picture("refused", refused, "The microphone was refused: how to mend it.", BOTH),
    Picture("reconnecting", reconnecting, "The line broke; the place is kept."),
    Picture("offline", unreachable, "Offline."),
    Picture("ended", ended, "Left: it can be picked up for five minutes, and judged."),
    Picture(
        "text",
        lambda at: idle(at, mode="text", title="Ask the kitchen"),
        "Typed only, under a title of the page's.",
    ),
    Picture("captions", captions, "By voice only, with captions."),
    Picture("consent", consent, "Terms that come first."),
    Picture("picture", picture, "A picture for the agent, a colour of the page's, and a notice."),
    Picture("arabic", arabic, "In Arabic, from right to left."),
    Picture("embedded", hall, "EMBEDDED: voice beside words where there is room.", BOTH),
)
LOOKS: Final[dict[str, dict[str, Any]]] = {"desk": DESK, "phone": PHONE, "dark": DESK | DARK}

HEAD: Final = """# The widget, state by state

`python -m tests.pages.widget_gallery` takes these pictures of `<duologue-widget>` on a page of
another site, against a running `duologue dev`, and writes this page. `tests/pages/test_widget_*.py`
walks through every state, and holds each one to axe-core in light and in dark. What the tag may say
is in [the package's README](../web/packages/widget/README.md).
"""


def files(one: Picture) -> list[str]:
    """The files of a picture, one for each look."""
    return [f"widget-{one.name}{'' if look == 'desk' else f'-{look}'}.png" for look in one.looks]


def written() -> str:
    """The page of all pictures."""
    each = (
        f"## {one.name.capitalize()}\n\n{one.words}\n\n"
        + "\n".join(f"![{one.words}](screens/{file})" for file in files(one))
        + "\n"
        for one in PICTURES
    )
    return "\n".join((HEAD, *each))


def main(names: list[str]) -> int:
    """Takes all pictures, or those that are named."""
    chosen = [one for one in PICTURES if not names or one.name in names]
    build = ["npm", "--prefix", str(E2E.parent), "run", "build", "--workspaces", "--if-present"]
    subprocess.run(build, check=True, timeout=180, capture_output=True)
    executable = str(shutil.which("chromium"))
    with ExitStack() as open_now:
        folder = Path(open_now.enter_context(tempfile.TemporaryDirectory()))
        hears = noise(120.0, 0.0002, rate=16000).save(folder / "microphone.wav")
        house = open_now.enter_context(House(folder / "data", mode="dev"))
        cable = open_now.enter_context(Cable(house.url))
        site = open_now.enter_context(WidgetSite(cable.url))
        asks = [flag for flag in FLAGS if flag != "--use-fake-ui-for-media-stream"]
        kind = open_now.enter_context(Browser(executable, hears, "~NOTFOUND"))
        strict = open_now.enter_context(Browser(executable, hears, "~NOTFOUND", asks))
        studio = Studio(site, cable, kind, strict)
        for one in chosen:
            for look, name in zip(one.looks, files(one), strict=True):
                studio.profile = LOOKS[look]
                file = SCREENS / name
                one.pose(studio).shoot(file)
                studio.tidy()
                size = file.stat().st_size
                say(f"{name}: {size // 1000} kB{' IS TOO LARGE' if size > LARGEST else ''}\n")
    PAGE.write_text(written())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Every state of the widget, brought about for a picture."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory
from typing import Any, Final

from tests.conformance.browser import Browser
from tests.pages.cable import Cable
from tests.pages.gallery import DESK, ONE_MICROPHONE
from tests.pages.microphones import PLUGGED
from tests.pages.widget import WidgetTab
from tests.pages.widget_site import WidgetSite
from tests.serving import House

HOST: Final = Path(__file__).with_name("host_agents.py")
RESTS: Final = "new Promise((done) => setTimeout(done, 2000))"
"""Until the two voices come to rest."""
OPEN: Final[dict[str, Any]] = {"default_open": ""}
MOOD: Final = (
    "document.querySelector('duologue-widget').shadowRoot.querySelector('.root').dataset.mood"
)
TERMS: Final = """We keep a recording of this conversation for thirty days.

Nobody outside of the Corner Table hears it. You may ask us to delete it at any time."""


class Studio:
    """A server, its cable and three browsers; each picture is taken in a profile of its own."""

    def __init__(self, site: WidgetSite, cable: Cable, browsers: dict[str, Browser]) -> None:
        self.site, self.cable, self.browsers = site, cable, browsers
        self.profile: dict[str, Any] = DESK
        self._open: list[WidgetTab] = []
        self._standing = ExitStack()

    def tab(
        self, name: str = "plain", use: str = "kind", before: str = "", **given: Any
    ) -> WidgetTab:
        """A new tab with the tag, seen through the cable."""
        known = {"locale": "en-GB", "reducedMotion": "reduce"} | self.profile
        known |= {key: given.pop(key) for key in ("permissions",) if key in given}
        site = given.pop("site", self.site)
        url = site.page(name, **{"agent": "demo", "greeting": "false"} | given)
        before = before or ONE_MICROPHONE
        self._open.append(WidgetTab(self.browsers[use], url, profile=known, before=before))
        return self._open[-1]

    def elsewhere(
        self, *files: Path, mode: str = "dev", **settings: Any
    ) -> tuple[House, WidgetSite]:
        """A server of its own for this picture, and a site of its own on it."""
        folder = Path(self._standing.enter_context(TemporaryDirectory()))
        # `dev` starts anew whenever a file beside the agents' is saved, as somebody here may do.
        alone = [Path(copy(file, folder)) for file in files]
        house = self._standing.enter_context(House(folder / "data", *alone, mode=mode, **settings))
        return house, self._standing.enter_context(WidgetSite(house.url))

    def tidy(self) -> None:
        """Closes what a picture left open, and mends the cable."""
        self.cable.thaw()
        self.cable.plug()
        for tab in self._open:
            tab.close()
        self._open.clear()
        self._standing.close()


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
    tab = at.tab(use="strict", permissions=[], **OPEN)
    tab.click("Talk")
    tab.until(lambda: tab.inside(".mend strong") != "", "what is wrong")
    tab.hears_out()
    tab.reaches("Your turn")
    return tab


def missing(at: Studio) -> WidgetTab:
    """The machine has no microphone."""
    tab = at.tab(use="bare", **OPEN)
    tab.click("Talk")
    tab.until(lambda: tab.inside(".mend strong") != "", "what is wrong")
    tab.hears_out()
    tab.reaches("Your turn")
    tab.run(RESTS)
    return tab


def gone(at: Studio) -> WidgetTab:
    """The only microphone was unplugged in the call."""
    tab = listening(at, before=f"{PLUGGED};unplug('Headset')")
    tab.run("unplug('Desk')")
    tab.until(lambda: tab.inside(".mend strong") != "", "what is wrong")
    tab.reaches("Your turn")
    tab.run(RESTS)
    return tab


def thinking(at: Studio) -> WidgetTab:
    """The answer takes a while."""
    _, site = at.elsewhere(HOST)
    tab = listening(at, site=site)
    tab.type("Is there a table by the window for nine of us tonight?")
    tab.reaches("Thinking…")
    tab.run(RESTS)
    return tab


def balance(at: Studio) -> WidgetTab:
    """The owner's balance is used up."""
    house, site = at.elsewhere(price_per_minute=60.0)
    house.command("orgs", "credit", "default", "8")
    return fails(idle(at, site=site), "Out of service for now")


def forbidden(at: Studio) -> WidgetTab:
    """The key is for the pages of somebody else."""
    house, site = at.elsewhere(mode="serve")
    house.publish("demo")
    public = ("--kind", "public", "--agent", "demo", "--origin", "https://elsewhere.example")
    key = house.command("keys", "create", *public)["key"]
    tab = at.tab(site=site, key=key, title="Corner Table", **OPEN)
    return fails(tab, "This page may not talk here")


def unanswered(at: Studio) -> WidgetTab:
    """The server is gone."""
    tab = idle(at)
    at.cable.unplug()
    return fails(tab, "The server does not answer")


def fails(tab: WidgetTab, state: str) -> WidgetTab:
    """Presses the button, and nobody can be talked with."""
    tab.click(".big >> nth=0")
    tab.reaches(state)
    tab.run(RESTS)
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
    tab.run(RESTS)
    return tab


def resumable(at: Studio) -> WidgetTab:
    """The page is opened anew after the visitor left."""
    tab = listening(at)
    tab.click(".end")
    tab.reaches("You left")
    tab.reload()
    tab.until(lambda: "Resume" in tab.buttons, "the choice")
    tab.run(RESTS)
    return tab


def unreachable(at: Studio) -> WidgetTab:
    """Nobody is there."""
    tab = idle(at)
    tab.offline(is_so=True)
    tab.click("Talk")
    tab.reaches("You are offline")
    tab.run(RESTS)
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

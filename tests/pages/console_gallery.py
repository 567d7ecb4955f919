"""`python -m tests.pages.console_gallery`: pictures of the console, and their page."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from tests.conformance.browser import E2E, Browser
from tests.groups import say
from tests.pages.gallery import DARK, DOCS, LARGEST, PHONE, SCREENS
from tests.pages.hotel import AGENTS, Hotel, furnish
from tests.pages.tab import Tab
from tests.serving import House

from duologue import BlockingSession, TokenSource
from duologue.access import links
from duologue.store import organizations, traces
from duologue.store.database import unit
from duologue.store.trace_records import TraceRow, TurnRow
from duologue.testing.speech import noise

PAGE: Final = DOCS / "console-gallery.md"
LOOKS: Final[dict[str, dict[str, Any]]] = {
    "desk": {"viewport": {"width": 1280, "height": 860}},
    "phone": PHONE,
    "dark": {"viewport": {"width": 1280, "height": 860}} | DARK,
    "phone-dark": PHONE | DARK,
}
FAR: Final = (
    ("night-porter", "insights", 140, 6, "Is the bar still open?"),
    ("wake-up-calls", "otlp", 35, 2, "Wake me at six, please."),
)
"""Runs of other programs: agent, who tells of it, since how many seconds, turns, and words."""
NAMES: Final = {
    "desk": "Ada",
    "phone": "Ada's phone",
    "dark": "Ada at night",
    "phone-dark": "Ada in bed",
}
BOTH: Final = ("desk", "phone")
ALL: Final = ("desk", "phone", "dark")
EVERY: Final = (*ALL, "phone-dark")


class Studio:
    """A hotel's server, somebody who talks to it just now, and a browser that is signed in."""

    def __init__(self, house: House, hotel: Hotel, browser: Browser, live: str) -> None:
        self.house, self.hotel, self.live = house, hotel, live
        self._browser = browser
        self._tabs: dict[str, Tab] = {}

    def tab(self, look: str) -> Tab:
        """A tab of that look, signed in once."""
        if look not in self._tabs:
            known = {"locale": "en-GB", "reducedMotion": "reduce", **LOOKS[look]}
            made = self._tabs[look] = Tab(self._browser, f"{self.house.url}/", profile=known)
            login = ("console", "login", "--url", self.house.url, "--name", NAMES[look])
            go(made, self.house.command(*login)["url"])
            made.ask("click", selector="main button")
            made.wait("document.querySelector('.list') !== null")
        return self._tabs[look]

    def close(self) -> None:
        """Closes the tabs."""
        for tab in self._tabs.values():
            tab.close()


def elsewhere(house: House) -> None:
    """Lets other programs tell of what goes on there; whoever is silent for a minute is lost."""
    now = time.time_ns()
    with unit(f"sqlite:///{house.data}/duologue.db") as conn:
        own = organizations.get(conn, "default")
        assert own is not None
        for place, (agent, source, seconds, turns, words) in enumerate(FAR):
            trace, began = f"{0xFA4:016x}{place:016x}", now - seconds * 10**9
            facts = TraceRow(
                trace=trace, source=source, agent=agent, status="active", started_ns=began
            )
            said = [
                TurnRow(trace=trace, index=index, started_ns=began + index, user_text=words)
                for index in range(turns)
            ]
            traces.put(conn, own.id, [facts, *said], now // 10**6)


def shared(house: House, run: str) -> str:
    """Where whoever has the link sees a conversation."""
    with unit(f"sqlite:///{house.data}/duologue.db") as conn:
        own = organizations.get(conn, "default")
        assert own is not None
        return f"/console/shared/{links.share(conn, own.id, run, 'week', time.time_ns() // 10**6)}"


def go(tab: Tab, path: str) -> None:
    """Leads a tab to a page, and waits until it is there."""
    tab.run(f"window.before = true; location.assign({path!r})")
    there = "document.readyState === 'complete' && document.querySelector('footer') !== null"
    tab.wait(f"window.before === undefined && location.href.endsWith({path!r}) && {there}")


def plain(_: Tab) -> None:
    """As it comes."""


def listened(tab: Tab) -> None:
    """In the middle of the recording."""
    tab.wait("document.querySelector('[data-moves]') !== null")
    tab.wait("[...document.querySelectorAll('audio')].every(one => one.readyState > 0)")
    tab.ask("click", selector="#turn-3 .agent bdi")
    tab.run("scrollTo(0, 0)")


def made(tab: Tab) -> None:
    """A key that was just made."""
    tab.run("document.querySelector('#public-origins').value = 'https://hotel.example'")
    tab.run("document.querySelector('#public-name').value = 'the booking page'")
    tab.ask("click", selector="form[action$='/keys/public'] button")
    tab.wait("document.querySelector('.once') !== null")


def refused(tab: Tab) -> None:
    """A form that was not taken."""
    tab.run("document.querySelector('#public-origins').value = 'hotel.example'")
    tab.ask("click", selector="form[action$='/keys/public'] button")
    tab.wait("document.querySelector('.mistake') !== null")
    tab.run("document.querySelector('.sheets').scrollIntoView()")


def invited(tab: Tab) -> None:
    """A link that was just made."""
    tab.run("document.querySelector('#invite-name').value = 'Edith'")
    tab.ask("click", selector="form[action$='/people/invite'] button")
    tab.wait("document.querySelector('.once') !== null")


class Picture(NamedTuple):
    """A picture: of which page, what is done on it, and what is to be seen."""

    name: str
    path: str
    words: str
    looks: tuple[str, ...] = BOTH
    pose: Callable[[Tab], None] = plain


PICTURES: Final = (
    Picture("sign-in", "/console/enter?token={token}", "A link that works once lets somebody in."),
    Picture("conversations", "/console", "Every conversation, with filters and search.", EVERY),
    Picture(
        "conversation",
        "/console/traces/{run}",
        "A conversation drawn to scale: press play, or click anywhere to hear that moment.",
        EVERY,
        listened,
    ),
    Picture("shared", "{link}", "The same for whoever has the link.", BOTH, listened),
    Picture("live", "/console/live", "What goes on now, here and elsewhere.", EVERY),
    Picture("live-one", "/console/live/{live}", "One of them: say, interrupt, take over.", BOTH),
    Picture("overview", "/console/overview?days=7", "How agents did over a time.", ALL),
    Picture("agents", "/console/agents", "Who answers, with what, and how much.", ALL),
    Picture(
        "agent", "/console/agents/front-desk", "One agent: its conversations, its tag, its keys."
    ),
    Picture("transcript", "/console/transcripts/{conversation}", "What was said, word by word."),
    Picture("visitors", "/console/visitors", "Who was there, as far as browsers told."),
    Picture("visitor", "/console/visitors/{visitor}", "One visitor, from page to page."),
    Picture("keys", "/console/keys", "What opens the doors, and when it did last.", ALL),
    Picture(
        "key-refused",
        "/console/keys?kind=public&agent=front-desk",
        "A form that is not taken says what is wrong, and keeps what was filled in.",
        BOTH,
        refused,
    ),
    Picture(
        "key-made",
        "/console/keys?kind=public&agent=front-desk",
        "A new key is shown once, with the tag for a page.",
        BOTH,
        made,
    ),
    Picture("key", "/console/keys/{key}", "A key: what it opens, and how to be rid of it.", ALL),
    Picture("balance", "/console/balance", "What there is, and who used it, day by day.", ALL),
    Picture(
        "people", "/console/people", "Who is signed in; a link lets somebody in.", BOTH, invited
    ),
    Picture("kept", "/console/kept", "What is kept, for how long, and away with it."),
)

HEAD: Final = """# The console, page by page

`python -m tests.pages.console_gallery` takes these pictures of a running `duologue dev` and writes
this page; the hotel and its month are made up. `tests/pages/test_console_*.py` walks through every
page, and holds each one to axe-core in light and in dark. What the pages do is in
[console.md](console.md).
"""


def files(one: Picture) -> list[str]:
    """The files of a picture, one for each look."""
    return [f"console-{one.name}{'' if look == 'desk' else f'-{look}'}.png" for look in one.looks]


def written() -> str:
    """The page of all pictures."""
    each = (
        f"## {one.name.capitalize().replace('-', ' ')}\n\n{one.words}\n\n"
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
    with ExitStack() as open_now:
        folder = Path(open_now.enter_context(tempfile.TemporaryDirectory()))
        hears = noise(10.0, 0.0002, rate=16000).save(folder / "microphone.wav")
        alone = Path(shutil.copy(AGENTS, folder))
        house = open_now.enter_context(House(folder / "data", alone, mode="dev"))
        hotel = furnish(house)
        talk = open_now.enter_context(
            BlockingSession(
                TokenSource.duologue(house.url), agent_name="front-desk", transport="websocket"
            )
        )
        talk.wait_for_reply()
        talk.send("I would like to book a table.")
        talk.wait_for_reply()
        browser = open_now.enter_context(Browser(str(shutil.which("chromium")), hears, "~NOTFOUND"))
        studio = Studio(house, hotel, browser, talk.session.conversation_id)
        open_now.callback(studio.close)
        invited_to = house.command("console", "login", "--url", house.url)["url"]
        known = {
            "live": studio.live,
            "token": invited_to.rpartition("token=")[2],
            "link": shared(house, hotel.run),
            **msgspec.structs.asdict(hotel),
        }
        for one in chosen:
            for look, name in zip(one.looks, files(one), strict=True):
                tab = studio.tab(look)
                elsewhere(house)
                go(tab, one.path.format_map(known))
                one.pose(tab)
                file = SCREENS / name
                tab.shoot(file)
                size = file.stat().st_size
                say(f"{name}: {size // 1000} kB{' IS TOO LARGE' if size > LARGEST else ''}\n")
    PAGE.write_text(written())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The site of several pages, built with Vite: one conversation, page to page and over a reload."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.pages.react_fixtures import ReactOpener, ledger, shop, visit
from tests.pages.react_tab import Ledger, ReactTab
from tests.pages.test_voice import BOOKING, said_of
from tests.serving import House

from duologue.testing.speech import Recording, words

__all__ = ["ledger", "shop", "visit"]

pytestmark = pytest.mark.browser


def goes(tab: ReactTab, page: str) -> None:
    """Follows a link of the site's head."""
    tab.ask("click", selector=f"nav a:text('{page}')")
    tab.wait(f"location.pathname === '/{page.lower().removesuffix('home')}'")


def test_one_conversation_on_every_page(visit: ReactOpener, shop: House, ledger: Ledger) -> None:
    """Talk on one page, type on the next, read on the third: one session, and one voice."""
    tab = visit("example", server=shop.url, agent="parrot")
    tab.widgets(2)
    tab.talks(0)
    for which in (0, 1):
        tab.shows_said("Hello from the corner.", which)
    goes(tab, "Menu")
    tab.widgets(1)
    tab.run("document.querySelector('duologue-widget').open()")
    tab.writes("Hello, can you hear me?")
    tab.shows_said("loud and clear")
    goes(tab, "Contact")
    tab.wait("document.querySelector('.duologue-log')?.innerText.includes('loud and clear')")
    goes(tab, "Home")
    tab.widgets(2)
    for which in (0, 1):
        tab.shows_said("loud and clear", which)
    assert [one["state"] for one in ledger.sessions] == ["live"]
    assert len({frame.socket for frame in tab.frames}) == 1
    assert tab.run("loud.devices.size") == 1, "one way to the loudspeaker"
    assert tab.run("loud.elements().length") == 0, "and no element beside it"


def test_a_table_is_booked_across_the_pages(
    visit: ReactOpener, house: House, microphone: Callable[[Recording], None]
) -> None:
    """Who books aloud may look at the menu meanwhile: one microphone, one line, one table."""
    microphone(said_of(BOOKING))
    ledger = Ledger(house)
    tab = visit("example", server=house.url, agent="demo")
    tab.widgets(2)
    tab.talks(0)
    tab.shows_said("time")
    goes(tab, "Menu")
    tab.widgets(1)
    tab.run("document.querySelector('duologue-widget').open()")
    tab.shows_said("is booked")
    tab.wait(f"{tab.within('.log')}.lastElementChild?.textContent.includes('is booked')")
    roles = f"[...{tab.within('.log')}.querySelectorAll('.said')].map(one => one.dataset.role)"
    assert tab.run(roles) == ["agent"] + ["user", "agent"] * 5
    booked = tab.run(f"{tab.within('.log > :last-child .words')}.textContent")
    assert {"4", "friday", "seven", "barbara", "booked"} <= set(words(booked))
    assert [one["state"] for one in ledger.sessions] == ["live"]
    assert len({frame.socket for frame in tab.frames}) == 1


def test_a_reload_goes_on_with_it(visit: ReactOpener, shop: House, ledger: Ledger) -> None:
    """The page comes back to its conversation by itself, with all that was said."""
    tab = visit("example", path="/menu", server=shop.url, agent="parrot")
    tab.widgets()
    tab.run("document.querySelector('duologue-widget').open()")
    tab.talks()
    tab.shows_said("Hello from the corner.")
    tab.hears_out()
    tab.reload()
    tab.widgets()
    tab.connected()
    tab.shows_said("Hello from the corner.")
    assert tab.is_open(), "persistKey remembers"
    tab.writes("Hello, can you hear me?")
    tab.shows_said("loud and clear")
    assert len(ledger.conversations) == 1
    assert [one["state"] for one in ledger.sessions].count("live") == 1


def test_a_visitor_who_left_stays_out(visit: ReactOpener, shop: House, ledger: Ledger) -> None:
    """After the visitor hung up, a reload opens no line by itself."""
    tab = visit("example", path="/menu", server=shop.url, agent="parrot")
    tab.widgets()
    tab.run("document.querySelector('duologue-widget').open()")
    tab.talks()
    tab.shows_said("Hello from the corner.")
    tab.run(f"{tab.within('.end')}.click()")
    tab.until(lambda: ledger.sessions[0]["state"] == "ended", "the end of the session")
    tab.reload()
    tab.widgets()
    tab.wait("document.querySelector('duologue-widget').session !== null")
    assert tab.run("document.querySelector('duologue-widget').session.snapshot.line") == "idle"
    assert len(ledger.sessions) == 1


def test_the_agent_leads_through_the_site(visit: ReactOpener, shop: House, ledger: Ledger) -> None:
    """Where the agent leads, the site's own router goes, and the conversation with it."""
    tab = visit("example", server=shop.url, agent="guide")
    tab.widgets(2)
    tab.talks(0)
    tab.connected(1)
    tab.run("document.querySelector('duologue-widget').session.sendData({ go: '/menu' })")
    tab.wait(
        "location.pathname === '/menu' && document.querySelector('h1').innerText === 'The menu'"
    )
    tab.widgets(1)
    tab.connected()
    assert [one["state"] for one in ledger.sessions] == ["live"]

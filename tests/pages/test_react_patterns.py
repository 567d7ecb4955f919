"""The document's two patterns, as they are written there: across pages, and on two surfaces."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from tests.pages.react_fixtures import ReactOpener, ledger, shop, visit
from tests.pages.react_tab import Ledger

__all__ = ["ledger", "shop", "visit"]

pytestmark = pytest.mark.browser

VERSIONS = pytest.mark.parametrize("react", ["18", "19"])


@VERSIONS
def test_one_session_outlives_the_pages(visit: ReactOpener, ledger: Ledger, react: str) -> None:
    """The first pattern: a route changes, and the same line carries the next sentence."""
    tab = visit("react-cross", react=react)
    tab.widgets()
    tab.run("document.querySelector('duologue-widget').open()")
    tab.talks()
    tab.shows_said("Hello from the corner.")
    tab.ask("click", selector="#go")
    tab.wait("document.querySelector('#where').textContent === '/about'")
    tab.writes("Hello, can you hear me?")
    tab.shows_said("loud and clear")
    assert len(ledger.sessions) == 1
    assert len({frame.socket for frame in tab.frames}) == 1
    assert tab.run("document.querySelector('duologue-widget').getAttribute('pathname')") == "/about"


@VERSIONS
def test_one_agent_is_on_two_surfaces(visit: ReactOpener, ledger: Ledger, react: str) -> None:
    """The second pattern: both show the same words, and the agent is heard once."""
    tab = visit("react-two", react=react)
    tab.widgets(2)
    tab.talks(0)
    tab.connected(1)
    for which in (0, 1):
        tab.shows_said("Hello from the corner.", which)
    tab.writes("Hello, can you hear me?", 0)
    for which in (0, 1):
        tab.shows_said("loud and clear", which)
    assert len(ledger.sessions) == 1
    assert tab.run("loud.devices.size") == 1, "one way to the loudspeaker"
    assert tab.run("loud.elements().length") == 0, "and no element beside it"
    tab.until(lambda: len(tab.turns) >= 2, "the sound of the answer")
    assert len(tab.turns) == len(set(tab.turns)) == 2


def test_each_surface_remembers_its_own_state(visit: ReactOpener) -> None:
    """`persistKey` keeps the corner open over a reload; the panel in the page needs none."""
    tab = visit("react-two")
    tab.widgets(2)
    assert (tab.is_open(0), tab.is_open(1)) == (True, False)
    tab.run(f"{tab.within('.launcher', 1)}.click()")
    tab.wait(f"{tab.within('.root', 1)}.dataset.open === 'true'")
    tab.reload()
    tab.widgets(2)
    assert (tab.is_open(0), tab.is_open(1)) == (True, True)
    tab.run(f"{tab.within('.shut', 1)}.click()")
    tab.reload()
    tab.widgets(2)
    assert (tab.is_open(0), tab.is_open(1)) == (True, False)


def test_either_surface_ends_the_one_conversation(visit: ReactOpener, ledger: Ledger) -> None:
    """What is done on one is seen on the other."""
    tab = visit("react-two")
    tab.widgets(2)
    tab.talks(0)
    tab.connected(1)
    tab.run(f"{tab.within('.launcher', 1)}.click()")
    tab.run(f"{tab.within('.end', 1)}.click()")
    for which in (0, 1):
        widget = f"document.querySelectorAll('duologue-widget')[{which}]"
        tab.wait(f"{widget}.session.snapshot.connectionState === 'disconnected'")
    tab.until(lambda: ledger.sessions[0]["state"] == "ended", "the end of the session")


@VERSIONS
def test_a_widget_that_only_shows_a_session_never_ends_it(
    visit: ReactOpener, ledger: Ledger, react: str
) -> None:
    """A controlled widget is taken away and put back, and the line does not notice."""
    tab = visit("react-parts", react=react, shows="controlled")
    tab.widgets()
    tab.talks()
    tab.shows_said("Hello from the corner.")
    tab.ask("click", selector="#toggle")
    tab.widgets(0)
    tab.run("shown.session.sendText('Hello, can you hear me?').then(() => null)")
    tab.wait("shown.session.transcript.some(one => one.text.includes('loud and clear'))")
    tab.ask("click", selector="#toggle")
    tab.widgets()
    tab.shows_said("loud and clear")
    assert [one["state"] for one in ledger.sessions] == ["live"]


@VERSIONS
def test_a_widget_with_a_session_of_its_own_ends_it(
    visit: ReactOpener, ledger: Ledger, react: str
) -> None:
    """An uncontrolled widget that is taken away hangs up."""
    tab = visit("react-parts", react=react, shows="widget")
    tab.widgets()
    tab.talks()
    tab.shows_said("Hello from the corner.")
    tab.run("shown.set({ shows: 'nothing' })")
    tab.widgets(0)
    tab.until(lambda: ledger.sessions[0]["state"] == "ended", "the end of the session")


def test_the_agent_leads_to_another_page(visit: ReactOpener) -> None:
    """`onNavigate` is called with the address, and the browser stays where it is."""
    tab = visit("react-parts", shows="controlled", agent="guide")
    tab.widgets()
    tab.talks()
    tab.shows_said("Where to?")
    tab.run("shown.session.sendData({ go: '/menu' }).then(() => null)")
    tab.wait("shown.navigated.length === 1")
    assert tab.run("shown.navigated") == ["/menu"]
    assert tab.run("location.pathname") == "/"


def test_the_surface_with_a_router_leads(visit: ReactOpener) -> None:
    """Also where another one, which would go there by itself, was there before it."""
    tab = visit("react-parts", shows="controlled", agent="guide", beside="1")
    tab.widgets(2)
    tab.talks(1)
    tab.shows_said("Where to?", 1)
    tab.run("shown.session.sendData({ go: '/menu' }).then(() => null)")
    tab.wait("globalThis.shown?.navigated.length === 1")
    assert tab.run("shown.navigated") == ["/menu"]
    assert tab.run("location.pathname") == "/"
    tab.run("document.querySelector('#toggle').click()")
    tab.widgets(1)
    tab.run("shown.session.sendData({ go: '/desk' }).then(() => null)")
    tab.wait("location.pathname === '/desk'")


def test_a_site_hands_out_sessions_itself(visit: ReactOpener, ledger: Ledger) -> None:
    """`sessionEndpoint` is asked instead of the server, and `sessionBody` reaches the record."""
    endpoint = "/api/widget/session?by=the-site"
    tab = visit("react-parts", shows="widget", endpoint=quote(endpoint, safe=""))
    tab.widgets()
    tab.talks()
    tab.shows_said("Hello from the corner.")
    loaded = "performance.getEntriesByType('resource').map(one => one.name)"
    asked = [one for one in tab.run(loaded) if "/api/widget/session" in one]
    assert [one.endswith(endpoint) for one in asked] == [True]
    assert json.loads(ledger.sessions[0]["metadata"]) == {"plan": "gold"}

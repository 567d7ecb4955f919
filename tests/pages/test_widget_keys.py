"""The widget on a customer's site: another origin than the server, which asks for a public key."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import urlencode

import pytest
from tests.conformance.browser import Browser
from tests.pages.react_fixtures import example, made
from tests.pages.react_site import ReactSite
from tests.pages.react_tab import ReactTab
from tests.pages.tab import NETWORK, Tab
from tests.pages.widget import WidgetTab
from tests.pages.widget_site import WidgetSite
from tests.serving import House

from duologue.testing.speech import Recording

pytestmark = pytest.mark.browser

HELLO = "Hello, can you hear me?"
ELSEWHERE = "https://elsewhere.example"
Visit = Callable[..., WidgetTab]


@pytest.fixture(scope="module")
def served(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """`duologue serve`, where strangers need a key."""
    with House(tmp_path_factory.mktemp("keys") / "data") as running:
        running.publish("demo")
        yield running


@pytest.fixture(scope="module")
def customer(served: House) -> Iterator[WidgetSite]:
    """A customer's site, with an origin of its own."""
    with WidgetSite(served.url) as site:
        yield site


@pytest.fixture(scope="module")
def app(served: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReactSite]:
    """A customer's site made with React."""
    with ReactSite(made(tmp_path_factory, "example", example), served.url) as site:
        yield site


class Key(NamedTuple):
    """A public key, and the name by which commands know it."""

    id: str
    key: str


def key_for(served: House, origin: str) -> Key:
    """A public key for pages of this origin."""
    public = ("--kind", "public", "--agent", "demo", "--origin", origin)
    found = served.command("keys", "create", *public)
    assert found["key"].startswith("dk_public_")
    return Key(found["id"], found["key"])


def is_told(tab: Tab, key: Key, origin: str) -> None:
    """The console says which page was refused, and the command that lets it in."""
    tab.until(lambda: any("keys allow" in one for one in tab.ask("console")), "what to do")
    [hint] = [one for one in tab.ask("console") if "keys allow" in one]
    assert f"duologue keys allow {key.id} {origin}" in hint
    assert ELSEWHERE in hint, "what is allowed"
    tab.expected += [*NETWORK, "error: .*duologue keys allow .*"]


@pytest.mark.parametrize("page", ["plain", "strict"])
def test_a_customers_page_talks(
    visit: Visit, served: House, customer: WidgetSite, page: str
) -> None:
    """With its key the tag is the whole of it: sound goes both ways, typed words are answered, and
    a reload goes on with the same conversation.
    """
    key = key_for(served, customer.url).key
    tab = visit(customer, page, agent="demo", key=key, default_open="")
    tab.until(lambda: "Corner Table" in tab.inside(".greeting"), "the face")
    tab.click("Talk")
    tab.reaches("Listening")
    tab.until(lambda: len(tab.sound()) > 6400, "the microphone")
    tab.hears_out()
    assert tab.heard_of(tab.turns[0])[-1] > 0
    tab.type(HELLO)
    tab.hears("loud and clear")
    [before] = {one["conversationId"] for one in tab.events("connect")}
    tab.reload()
    tab.reaches("Listening")
    assert [one["conversationId"] for one in tab.events("connect")] == [before]
    tab.hears("loud and clear")
    tab.type("What did I say first?")
    tab.hears("can you hear me")
    assert [one.role for one in tab.transcript].count("user") == 2


def test_a_customers_page_that_is_not_listed(
    visit: Visit, served: House, customer: WidgetSite
) -> None:
    """A visitor reads that it does not work here; the site's owner, in the console, what to do, and
    done it works by the next press.
    """
    key = key_for(served, ELSEWHERE)
    tab = visit(customer, "plain", agent="demo", key=key.key, default_open="")
    tab.click(".big >> nth=0")
    tab.reaches("This page may not talk here")
    is_told(tab, key, customer.url)
    assert tab.frames == []
    assert tab.violations() == []
    served.command("keys", "allow", key.id, customer.url)
    time.sleep(2)  # what a server knows of a key it knows for a second
    tab.click("Try again")
    tab.reaches("Listening")


def site_of(browser: Browser, app: ReactSite, key: str) -> ReactTab:
    """The page of the menu, with its widget open."""
    asked = urlencode({"server": app.server, "agent": "demo", "key": key})
    tab = ReactTab(browser, f"{app.url}/menu?{asked}")
    tab.widgets()
    tab.run("document.querySelector('duologue-widget').open()")
    return tab


def test_a_customers_react_site_talks(
    browser: Browser,
    served: House,
    app: ReactSite,
    microphone: Callable[[Recording], None],
) -> None:
    """With `apiKey` the same holds for a site made with React."""
    tab = site_of(browser, app, key_for(served, app.url).key)
    tab.talks()
    tab.shows_said("Corner Table")
    tab.writes(HELLO)
    tab.shows_said("loud and clear")
    tab.hears_out()
    tab.reload()
    tab.widgets()
    tab.connected()
    tab.shows_said("loud and clear")
    assert tab.unexpected == []
    tab.close()


def test_a_customers_react_site_that_is_not_listed(
    browser: Browser, served: House, app: ReactSite
) -> None:
    """Its widget says that it may not talk here, and the console what to do."""
    key = key_for(served, ELSEWHERE)
    tab = site_of(browser, app, key.key)
    tab.run(f"{tab.within('.actions button:not([hidden])')}.click()")
    tab.wait(f"{tab.within('.state')}.textContent === 'This page may not talk here'")
    is_told(tab, key, app.url)
    assert tab.frames == []
    assert tab.unexpected == []
    tab.close()

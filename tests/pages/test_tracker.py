"""The tracker in a real page, and what its server knows afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from tests.conformance.browser import Browser
from tests.pages.tab import NETWORK, Tab
from tests.pages.tracked import Site
from tests.serving import House

pytestmark = pytest.mark.browser

AGENTS = """
import re

from livekit.agents import Agent

import duologue
from duologue.testing.models import ScriptedLLM, ToneTTS


class Telling(ScriptedLLM):
    def answer(self, talk, tools):
        told = talk.messages()[0].text_content
        yield "I know " + " ".join(re.findall(r'"(/[a-z]*|gold)"', told)) + "."


@duologue.agent(
    "guide", tts=ToneTTS, llm=Telling, visitor_context="visits", visitor_traits=["plan"]
)
def guide() -> Agent:
    return Agent(instructions="Guide.")
"""
GRANTED = {"consent": "granted"}
NOTHING = "localStorage.length + sessionStorage.length + document.cookie.length"
OBJECTS = "Object.defineProperty(Navigator.prototype, '{name}', {{ get: () => {value} }})"
COUNTS = """const send = navigator.sendBeacon.bind(navigator);
navigator.sendBeacon = (...given) => { localStorage.beacons = 1; return send(...given); };"""
PATIENCE = 60.0


@pytest.fixture(scope="module")
def served(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """`duologue serve` with an agent that says which pages it was told of."""
    folder = tmp_path_factory.mktemp("tracked")
    file = folder / "agents.py"
    file.write_text(AGENTS)
    with House(folder / "data", file) as running:
        running.publish("guide")
        yield running


class Visit(Tab):
    """A page of the shop."""

    def _shown(self) -> str:
        return "\n".join(self.ask("console"))


class Shop:
    """A site with the tracker, its key, and its owner's view of visitors."""

    def __init__(self, site: Site, house: House, browser: Browser) -> None:
        options = ("--kind", "public", "--agent", "guide", "--origin", site.url)
        self.site = site
        self._key = site.key = house.command("keys", "create", *options)["key"]
        self._browser = browser
        self._owner = httpx.Client(
            base_url=house.url, headers={"x-api-key": house.secret_key()}, timeout=30
        )
        self._server = house.url

    def visit(self, path: str = "/", before: str | None = None, **options: Any) -> Tab:
        """A page of the shop, in a browser profile of its own."""
        talk = {"agent": "guide", "baseUrl": self._server, "publicKey": self._key}
        url = self.site.page(path, tracker={"apiKey": self._key, **options}, session=talk)
        tab = Visit(self._browser, url, before=before)
        tab.wait("window.ready")
        return tab

    def known(self, tab_or_id: Tab | str) -> dict[str, Any] | None:
        """What the server has of a visitor."""
        if isinstance(tab_or_id, Tab):
            tab_or_id = str(tab_or_id.run("tracker.visitorId"))
        answer = self._owner.get(f"/api/visitors/{tab_or_id}")
        return None if answer.status_code == 404 else dict(answer.json())

    def until(self, visitor: str, fits: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """What the server has of a visitor, as soon as it is so."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = self.known(visitor)
            if found is not None and fits(found):
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.1)

    def close(self) -> None:
        """Lets go of the owner's connection."""
        self._owner.close()


@pytest.fixture
def shop(served: House, browser: Browser) -> Iterator[Shop]:
    """A shop of another origin than the server."""
    with Site(served.url) as site:
        found = Shop(site, served, browser)
        yield found
        found.close()


def paths(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The pages that a visitor saw, from the first on."""
    return [(one["path"], one["title"]) for one in reversed(found["pages"])]


def over(tab: Tab, *expected: str) -> None:
    """Closes the tab, whose console said nothing but this."""
    tab.expected += expected
    said = tab.unexpected
    tab.close()
    assert said == []


def test_pages_of_a_document_clicks_and_events_arrive(shop: Shop) -> None:
    """By the history API as well; titles are those that came after the address."""
    tab = shop.visit("/?mail=a@b.example", **GRANTED)
    assert tab.run("same") is True
    visitor = str(tab.run("tracker.visitorId"))
    shop.until(visitor, lambda found: found["pages"])
    tab.run("goes('/rooms?sort=price', 'Rooms')")
    shop.until(visitor, lambda found: len(found["pages"]) == 2)
    tab.run("history.replaceState(null, '', '/rooms?sort=name')")
    tab.run("history.back()")
    tab.wait("location.pathname === '/'")
    for name in ("book", "inner", "plain"):
        tab.click(name)
    tab.run("tracker.track('searched', { term: 'sea', nights: 2, filters: ['quiet'] })")
    tab.run("tracker.identify('u1', { plan: 'gold' })")
    found = shop.until(visitor, lambda found: found["user_id"] and len(found["events"]) == 3)
    assert paths(found) == [("/", "Home"), ("/rooms", "Rooms"), ("/", "Rooms")]
    events = [(one["kind"], one["name"]) for one in reversed(found["events"])]
    assert events == [("click", "book"), ("click", "menu"), ("event", "searched")]
    assert found["events"][0]["properties"] == {
        "term": "sea",
        "nights": 2,
        "filters": '["quiet"]',
    }
    assert (found["traits"], found["visits"]) == ({"plan": "gold"}, 1)
    assert not any("b.example" in one["url"] for one in found["pages"])
    over(tab)


def test_a_page_that_is_left_is_told_by_a_beacon(shop: Shop) -> None:
    """With its time, and what happened in its last moment; the next page is the same visitor's."""
    tab = shop.visit(before=COUNTS, **GRANTED)
    visitor = str(tab.run("tracker.visitorId"))
    shop.until(visitor, lambda found: found["pages"])
    assert tab.run("localStorage.beacons ?? null") is None
    tab.run("tracker.track('last words'), location.assign('/far' + location.hash), null")
    found = shop.until(visitor, lambda found: found["events"] and len(found["pages"]) == 2)
    assert found["events"][0]["name"] == "last words"
    assert found["pages"][1]["visible_ms"] > 0
    assert found["pages"][0]["referrer"] == f"{shop.site.url}/"
    assert found["visits"] == 1
    tab.wait("window.ready && localStorage.beacons === '1'")
    assert tab.run("tracker.visitorId") == visitor
    over(tab)


def test_what_happens_without_a_network_is_told_later(shop: Shop) -> None:
    """Each once, and at its own time."""
    tab = shop.visit(**GRANTED)
    visitor = str(tab.run("tracker.visitorId"))
    shop.until(visitor, lambda found: found["pages"])
    tab.offline(is_so=True)
    tab.wait("!navigator.onLine")
    tab.run("tracker.track('in a tunnel')")
    tab.run("goes('/rooms', 'Rooms')")
    assert "in a tunnel" in tab.run("localStorage.getItem('duologue.visits')")
    tab.offline(is_so=False)
    found = shop.until(visitor, lambda found: found["events"] and len(found["pages"]) == 2)
    assert [one["name"] for one in found["events"]] == ["in a tunnel"]
    assert found["events"][0]["at"] < found["pages"][0]["at"] + 1
    tab.wait("localStorage.getItem('duologue.visits') === null")
    over(tab, *NETWORK)


def test_without_consent_nothing_is_kept_or_told(shop: Shop) -> None:
    """Denied or not answered: no storage, no cookie, no request, whatever the visitor does."""
    for consent in ("denied", "ask"):
        tab = shop.visit(consent=consent)
        assert tab.run("tracker.visitorId") is None
        tab.click("book")
        tab.run("tracker.track('x'), tracker.identify('u1'), goes('/rooms', 'Rooms')")
        tab.run("window.dispatchEvent(new Event('pagehide'))")
        assert tab.run(NOTHING) == 0
        asked = "performance.getEntriesByType('resource').filter(one => one.name.includes('/api/'))"
        assert tab.run(f"{asked}.length") == 0
        over(tab)


def test_consent_sends_what_waited_and_denial_forgets_it(shop: Shop) -> None:
    """The banner's two buttons, one after the other; another page remembers the answer."""
    tab = shop.visit()
    tab.click("book")
    assert tab.run(NOTHING) == 0
    tab.run("tracker.setConsent('granted')")
    visitor = str(tab.run("tracker.visitorId"))
    found = shop.until(visitor, lambda found: found["events"])
    assert paths(found) == [("/", "Home")]
    tab.reload()
    tab.wait("window.ready")
    assert (tab.run("tracker.consent"), tab.run("tracker.visitorId")) == ("granted", visitor)
    tab.run("tracker.setConsent('denied')")
    assert tab.run(NOTHING) == 0
    tab.reload()
    tab.wait("window.ready")
    assert (tab.run("tracker.consent"), tab.run(NOTHING)) == ("ask", 0)
    over(tab)


@pytest.mark.parametrize(
    ("name", "value"), [("doNotTrack", "'1'"), ("globalPrivacyControl", "true")]
)
def test_a_browser_that_objects_is_left_alone(shop: Shop, name: str, value: str) -> None:
    """Whatever the site says of its consent; unless the site says that it does not matter."""
    before = OBJECTS.format(name=name, value=value)
    tab = shop.visit(before=before, **GRANTED)
    assert (tab.run("tracker.consent"), tab.run("tracker.visitorId")) == ("denied", None)
    tab.run("tracker.setConsent('granted'), tracker.track('x')")
    assert tab.run(NOTHING) == 0
    over(tab)
    tab = shop.visit(before=before, **GRANTED, respectDoNotTrack=False)
    shop.until(str(tab.run("tracker.visitorId")), lambda found: found["pages"])
    over(tab)


def test_stopping_leaves_the_page_as_it_was(shop: Shop) -> None:
    """The history API is the browser's own again, and nothing is told any more."""
    before = "window.pushed = history.pushState; window.replaced = history.replaceState;"
    tab = shop.visit(before=before, **GRANTED)
    visitor = str(tab.run("tracker.visitorId"))
    shop.until(visitor, lambda found: found["pages"])
    assert tab.run("history.pushState === pushed") is False
    tab.run("tracker.start(), tracker.stop(), tracker.stop()")
    assert tab.run("history.pushState === pushed && history.replaceState === replaced") is True
    tab.run("goes('/rooms', 'Rooms')")
    tab.click("book")
    tab.run("tracker.start()")
    found = shop.until(visitor, lambda found: len(found["pages"]) == 2)
    assert found["events"] == []
    over(tab)


def test_a_page_that_may_not_tell_hears_why(shop: Shop, served: House) -> None:
    """In its console, once, and nowhere else."""
    options = ("--kind", "public", "--agent", "guide", "--origin", "https://elsewhere.example")
    key = served.command("keys", "create", *options)["key"]
    tab = shop.visit(consent="granted", apiKey=key)
    tab.until(lambda: any("origin_refused" in line for line in tab.unexpected), "the reason")
    assert shop.known(tab) is None
    over(tab, *NETWORK, "warning: The tracker was refused: .*origin_refused.*")


def test_the_agent_knows_where_its_visitor_is(shop: Shop, served: House) -> None:
    """The present page, those before it, and what the site allows to be known of them."""
    tab = shop.visit(**GRANTED)
    visitor = str(tab.run("tracker.visitorId"))
    tab.run("tracker.identify('u1', { plan: 'gold', mail: 'a@b.example' })")
    tab.run("goes('/rooms', 'Rooms')")
    shop.until(visitor, lambda found: found["user_id"] and len(found["pages"]) == 2)
    tab.run("talks().then(() => null)")
    tab.wait("session.state === 'connected'")
    tab.run("session.sendText('Where am I?')")
    tab.wait("session.transcript.some(one => one.role === 'agent' && one.final)")
    said = tab.run("session.transcript.find(one => one.role === 'agent').text")
    assert said == "I know /rooms / gold."
    found = shop.until(visitor, lambda found: found["conversations"])
    tab.run("session.disconnect()")
    gone = served.command("visitors", "delete", visitor, "--yes")
    assert (gone["conversations"], shop.known(visitor)) == (1, None)
    assert served.messages(found["conversations"][0])[0]["text"] == "Where am I?"
    over(tab)


def test_the_page_in_the_documents_works_as_it_stands(shop: Shop) -> None:
    """Its banner asks once, a yes is sent and remembered, and a no leaves nothing."""
    tab = shop.visit("/documented")
    assert tab.shows("#banner")
    assert tab.run(NOTHING) == 0
    tab.ask("click", selector="[data-duologue-track]")
    tab.click("yes")
    assert not tab.shows("#banner")
    visitor = str(tab.run("JSON.parse(localStorage.getItem('duologue.visitor')).visitor"))
    found = shop.until(visitor, lambda found: found["events"])
    assert paths(found) == [("/documented", "Corner Table")]
    assert found["events"][0]["name"] == "reserve"
    tab.reload()
    tab.wait("window.ready")
    assert not tab.shows("#banner")
    shop.until(visitor, lambda found: len(found["pages"]) == 2)
    over(tab)
    refusing = shop.visit("/documented")
    refusing.click("no")
    assert not refusing.shows("#banner")
    assert refusing.run(NOTHING) == 0
    over(refusing)

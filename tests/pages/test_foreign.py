"""The client alone, on the page of another site: a public key, a listed origin, a strict policy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from tests.conformance.browser import Browser
from tests.pages.foreign import Shop
from tests.pages.tab import NETWORK, Tab
from tests.serving import House

from duologue.testing.speech import Recording

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """`duologue serve`, where strangers need a key."""
    with House(tmp_path_factory.mktemp("served") / "data") as running:
        running.publish("demo")
        yield running


@pytest.fixture
def shop(served: House) -> Iterator[Shop]:
    """A site of another origin."""
    with Shop() as site:
        site.server = served.url
        yield site


def visit(browser: Browser, shop: Shop, origin: str, served: House) -> Tab:
    """The shop's page, with a key for pages of this origin."""
    public = ("--kind", "public", "--agent", "demo", "--origin", origin)
    key = str(served.command("keys", "create", *public)["key"])
    options = {"agent": "demo", "baseUrl": served.url, "publicKey": key}
    return Tab(browser, f"{shop.url}/#{quote(json.dumps(options))}")


def test_a_foreign_page_talks(
    browser: Browser, shop: Shop, served: House, microphone: Callable[[Recording], None]
) -> None:
    """Sound goes both ways under `script-src 'self'`, and nothing runs against the policy."""
    tab = visit(browser, shop, shop.url, served)
    tab.click("talk")
    tab.wait("session.state === 'connected' && session.microphone === 'on'")
    tab.wait("session.transcript.some(one => one.final && one.text.includes('Corner Table'))")
    tab.hears_out()
    assert tab.heard_of(tab.turns[0])[-1] * 32 == pytest.approx(len(tab.sound(tab.turns[0])), 32)
    tab.until(lambda: len(tab.sound()) > 6400, "the microphone")
    tab.run("session.sendText('Hello, can you hear me?')")
    tab.wait("session.transcript.at(-1).text.includes('loud and clear')")
    assert tab.unexpected == []
    tab.close()


def test_a_page_that_is_not_listed_is_refused(browser: Browser, shop: Shop, served: House) -> None:
    """A key that was copied to another site opens nothing there; the console says what to do."""
    tab = visit(browser, shop, "https://elsewhere.example", served)
    tab.expected += [*NETWORK, "error: .*duologue keys allow .*"]
    tab.click("talk")
    tab.wait("window.refused === 'origin_refused'")
    assert tab.run("session.state") == "failed"
    assert tab.frames == []
    assert tab.unexpected == []
    tab.close()


def test_the_policy_is_in_force(browser: Browser, shop: Shop, served: House) -> None:
    """What a page injects does not run here: the silence of the other tests means something."""
    tab = visit(browser, shop, shop.url, served)
    tab.run(
        "document.head.append(Object.assign(document.createElement('script'),"
        " {textContent: 'window.injected = true'}))"
    )
    assert tab.run("window.injected ?? null") is None
    tab.until(lambda: "Content Security Policy" in "\n".join(tab.unexpected), "the violation")
    tab.close()

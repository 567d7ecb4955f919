"""The page that a visitor is on, as their agent knows it while routes change."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.browser import Browser
from tests.pages.react_fixtures import ReactOpener, opening
from tests.pages.tab import Tab
from tests.pages.widget import WidgetTab
from tests.serving import House

from duologue.testing.speech import Recording

pytestmark = pytest.mark.browser

Visit = Callable[..., WidgetTab]
AGENTS = Path(__file__).with_name("page_agents.py")
TAG = "document.querySelector('duologue-widget')"
LISTENS = f"""void (globalThis.pages = [], {TAG}.session.subscribeToDataMessages(
    message => pages.push(message.page)))"""


@pytest.fixture(scope="module")
def foyer(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server whose agent says where its visitor is."""
    folder = tmp_path_factory.mktemp("foyer")
    alone = Path(shutil.copy(AGENTS, folder))
    with House(folder / "data", alone, mode="dev") as running:
        yield running


@pytest.fixture
def react(
    foyer: House,
    browser: Browser,
    microphone: Callable[[Recording], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ReactOpener]:
    """Opens pages made with React beside that server."""
    with opening(foyer, browser, tmp_path_factory) as opener:
        yield opener


def page(tab: Tab) -> dict[str, Any]:
    """Where the agent believes the visitor to be."""
    asked = tab.run(f"({TAG}.session.sendData({{where: true}}), pages.length)")
    tab.wait(f"pages.length > {asked}")
    found: dict[str, Any] = tab.run("pages.at(-1)")
    return found


def is_on(tab: Tab, path: str, title: str = "") -> None:
    """Waits until the agent knows this page, and it alone."""
    tab.until(lambda: page(tab)["path"] == path, f"the path {path}")
    if title:
        tab.until(lambda: page(tab)["title"] == title, f"the title {title}")


def talks(tab: WidgetTab) -> None:
    """Opens a conversation in writing."""
    tab.type("Hello.")
    tab.hears("Yes.")
    tab.run(LISTENS)


def test_routes_of_a_site(visit: Visit, foyer: House) -> None:
    """The agent knows the page where its visitor came in, each route after it, and the way back."""
    tab = visit(foyer, "plain", agent="usher", default_open="", mode="text")
    talks(tab)
    said = tab.transcript
    came = page(tab)
    here = tab.run("location.origin")
    assert came == {"url": f"{here}/plain", "title": "A shop", "path": "/plain"}
    tab.run("history.pushState(null, '', '/menu?table=4#soup'); document.title = 'The menu'")
    is_on(tab, "/menu", "The menu")
    assert page(tab)["url"] == f"{here}/menu", "what stands behind the path is nobody's business"
    tab.run("history.pushState(null, '', '/contact'); document.title = 'Find us'")
    is_on(tab, "/contact", "Find us")
    tab.run("history.back()")
    is_on(tab, "/menu")
    assert tab.events("message")[-1]["message"]["page"]["path"] == "/menu"
    assert tab.transcript == said, "none of it is words"


def test_the_pages_own_word_for_it(visit: Visit, foyer: House) -> None:
    """`pathname` is what the agent knows: from the start, after each change, and until it goes."""
    tab = visit(foyer, "plain", agent="usher", default_open="", mode="text", pathname="/rooms/4")
    talks(tab)
    is_on(tab, "/rooms/4")
    tab.run(f"{TAG}.pathname = '/rooms/5'")
    is_on(tab, "/rooms/5")
    tab.run(f"{TAG}.pathname = null")
    is_on(tab, "/plain")


def test_a_page_behind_a_closed_line(visit: Visit, foyer: House) -> None:
    """Whoever walks on while nobody is connected is met where they are when they come back."""
    tab = visit(foyer, "plain", agent="usher", default_open="", mode="text")
    talks(tab)
    is_on(tab, "/plain")
    tab.click(".end")
    tab.reaches("You left")
    tab.run("history.pushState(null, '', '/terrace')")
    tab.click("Resume")
    tab.reaches("Your turn")
    is_on(tab, "/terrace")


def test_a_react_site(react: ReactOpener, foyer: House) -> None:
    """In React `pathname` follows the router, from page to page, in one conversation."""
    tab = react("example", server=foyer.url, agent="usher")
    tab.widgets(2)
    tab.talks(0)
    tab.shows_said("Welcome.")
    tab.run(LISTENS)
    is_on(tab, "/")
    for name, path in (("Menu", "/menu"), ("Contact", "/contact"), ("Home", "/")):
        tab.ask("click", selector=f"nav a:text('{name}')")
        tab.wait(f"location.pathname === '{path}'")
        tab.wait(f"{TAG}?.session != null")
        is_on(tab, path)

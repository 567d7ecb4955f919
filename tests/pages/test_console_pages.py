"""The console as a person meets it: in by a link, through the pages by keys, clean to axe-core."""

from __future__ import annotations

import pytest
from tests.pages.conftest import Opener
from tests.pages.console_tabs import THERE
from tests.pages.tab import Tab
from tests.serving import House

from duologue import BlockingSession, TokenSource

pytestmark = pytest.mark.browser
SIZES = ({"width": 1280, "height": 900}, {"width": 390, "height": 844})


def go(tab: Tab, path: str) -> None:
    """Leads the tab to another page, and waits until that is there."""
    tab.ask("goto", path=path)


@pytest.mark.parametrize("size", SIZES, ids=("desktop", "phone"))
def test_from_the_link_to_a_conversation(
    opener: Opener, house: House, size: dict[str, int]
) -> None:
    """The button lets in, the list leads to the conversation; nothing overflows or is wrong."""
    server = TokenSource.duologue(house.url)
    with BlockingSession(server, agent_name="demo", transport="websocket") as talk:
        talk.wait_for_reply()
        talk.send("What can you do?")
        talk.wait_for_reply()
    tab = opener(house, viewport=size)
    go(tab, house.command("console", "login", "--url", house.url)["url"])
    assert tab.violations() == []
    tab.ask("click", selector="main button")
    tab.wait(f"{THERE} && document.querySelector('.list td.words a') !== null")
    assert tab.violations() == []
    tab.run("document.querySelector('.list td.words a').focus()")
    tab.ask("press", key="Enter")
    tab.wait(f"{THERE} && document.querySelector('.lanes rect') !== null")
    assert "What can you do?" in tab.text(".moments")
    assert tab.violations() == []
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not tab.run(wide)
    go(tab, tab.run("document.querySelector('.lane a[href*=\"/spans/\"]').getAttribute('href')"))
    assert tab.run("location.pathname.includes('/spans/')")
    assert tab.violations() == []
    assert not tab.run(wide)

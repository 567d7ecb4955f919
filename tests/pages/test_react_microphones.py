"""Two microphones in a page of React: which one is heard, and what is said of one that is gone."""

from __future__ import annotations

import pytest
from tests.pages.microphones import PLUGGED, hears_tone
from tests.pages.react_fixtures import ReactOpener, shop, visit
from tests.serving import House

__all__ = ["shop", "visit"]

pytestmark = pytest.mark.browser

GONE = "The microphone is gone; Desk is used now."
NOTE = "document.querySelector('.duologue-note')?.innerText"
SELECT = "document.querySelector('.duologue-choice select')"
CHOSEN = f"{SELECT}?.selectedOptions[0]?.label"
USED = "shown.microphone.deviceId"


@pytest.mark.parametrize("react", ["18", "19"])
def test_the_bar_shows_which_one_is_heard(visit: ReactOpener, shop: House, react: str) -> None:
    """The chosen one; the one that took its place, with a word about it; the chosen one again."""
    tab = visit("react-parts", server=shop.url, react=react, before=PLUGGED)
    tab.ask("click", selector=".duologue-talk")
    hears_tone(tab, "Desk")
    tab.wait(f"{CHOSEN} === 'Desk'")
    tab.ask("choose", selector=".duologue-choice select", label="Headset")
    hears_tone(tab, "Headset")
    tab.wait(f"{CHOSEN} === 'Headset'")
    assert tab.run(NOTE) == ""
    tab.run("unplug('Headset')")
    tab.wait(f"{NOTE} === {GONE!r}")
    hears_tone(tab, "Desk")
    tab.wait(f"{SELECT} === null")
    assert tab.violations() == []
    tab.run("plug('Headset')")
    tab.wait(f"{CHOSEN} === 'Desk'")
    tab.ask("choose", selector=".duologue-choice select", label="Headset")
    hears_tone(tab, "Headset")
    tab.wait(f"{CHOSEN} === 'Headset'")
    assert tab.run(NOTE) == ""


def test_the_hook_tells_the_device_in_use(visit: ReactOpener, shop: House) -> None:
    """None before, the chosen one, any for one that is not there, the next one after it went."""
    tab = visit("react-parts", server=shop.url, shows="hooks", speaks="1", before=PLUGGED)
    tab.wait("shown.session?.session != null")
    assert tab.run(USED) is None
    tab.run("shown.session.connect().then(() => null)")
    tab.wait(f"{USED} === 'Desk'")
    tab.run("shown.microphone.selectDevice('Headset').then(() => null)")
    tab.wait(f"{USED} === 'Headset'")
    hears_tone(tab, "Headset")
    tab.run("shown.microphone.selectDevice('Elsewhere').then(() => null)")
    tab.wait(f"{USED} === 'Desk'")
    tab.run("unplug('Desk')")
    tab.wait(f"{USED} === 'Headset' && shown.microphone.notice.includes('Headset is used now')")
    hears_tone(tab, "Headset")
    tab.run("shown.microphone.disable().then(() => null)")
    tab.wait(f"{USED} === null && shown.microphone.notice === null")

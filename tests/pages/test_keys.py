"""The page without a mouse, on a phone and in the dark."""

from __future__ import annotations

from typing import Any

import pytest
from tests.pages.conftest import Opener
from tests.pages.tab import Tab
from tests.serving import House

pytestmark = pytest.mark.browser

COUNT = "Please count slowly from one to twenty."
FINGER = """[...document.querySelectorAll('#talk button, #talk label, #talk select, #type-box')]
  .filter(one => one.checkVisibility() && !one.matches('.unseen'))
  .map(one => [one.id || one.textContent, one.getBoundingClientRect()])
  .filter(([, { width, height }]) => width < 40 || height < 40)
  .map(([name]) => name)"""
"""Everything of the call that can be tapped and is smaller than 40 pixels either way."""


def walk(tab: Tab, steps: int) -> list[str]:
    """What the Tab key leads to, step by step."""
    found = []
    for _ in range(steps):
        tab.press("Tab")
        found.append(tab.focused)
    return found


def test_a_call_by_keys_alone(opener: Opener, stage: House) -> None:
    """Tab reaches everything in the order in which it is read; Enter, M, Escape and Space act."""
    tab = opener(stage)
    reached = walk(tab, 14)
    order = [name for name in reached if name in ("talk-button", "type-button", "type-box")]
    assert order == ["talk-button", "type-button"], reached
    assert reached[0] == "A", "first of all a link past the bar"
    tab.press("Shift+Tab")
    while tab.focused != "talk-button":
        tab.press("Shift+Tab")
    tab.press("Enter")
    tab.hears_out()
    assert tab.focused in ("mute", "interrupt"), "the focus went on to what matters now"
    while tab.focused != "mute":
        tab.press("Shift+Tab")
    tab.press("m")
    tab.reaches("Muted")
    tab.press("m")
    tab.reaches("Listening")
    tab.press("Space")
    tab.reaches("Muted")
    tab.press("Enter")
    tab.reaches("Listening")
    reached = walk(tab, 10)
    assert {"end", "type-box"} <= set(reached), reached
    while tab.focused != "type-box":
        tab.press("Shift+Tab")
    tab.run("document.activeElement.value = ''")
    count = tab.asks(COUNT)
    tab.press("m")
    assert tab.run("document.querySelector('#type-box').value") == "m", "a letter is a letter"
    tab.press("Escape")
    tab.reaches("Listening")
    tab.until(lambda: tab.transcript[-1].interrupted, "the cut")
    assert tab.heard_of(count)[-1] * 32 < len(tab.sound(count)) + 32 * 4000
    while tab.focused != "end":
        tab.press("Shift+Tab")
    tab.press("Enter")
    tab.reaches("You left")
    assert tab.focused == "resume"


def test_space_talks_while_it_is_held(opener: Opener, house: House) -> None:
    """With push-to-talk, sound leaves from when Space goes down until it comes up."""
    tab = opener(house, agent="push to talk")
    tab.run("document.activeElement.blur()")
    tab.tap("start")
    tab.reaches("Your turn")
    tab.run("document.activeElement.blur()")
    tab.ask("down", key="Space")
    tab.reaches("Listening")
    tab.until(lambda: len(tab.sound()) > 32000, "a second of sound")
    tab.ask("up", key="Space")
    tab.until(lambda: tab.sent("trigger.turn.end") == 1, "the end of the turn")
    assert tab.sent("trigger.turn.start") == 1
    assert not tab.run("'down' in document.querySelector('#hold').dataset")


PHONE = {"viewport": {"width": 320, "height": 640}, "isMobile": True, "hasTouch": True}
WIDE = {"viewport": {"width": 1920, "height": 1080}}
DARK = {"colorScheme": "dark"}


@pytest.mark.parametrize(
    "profile", [PHONE, PHONE | DARK, WIDE | DARK], ids=["phone", "both", "dark"]
)
def test_it_fits(opener: Opener, house: House, profile: dict[str, Any]) -> None:
    """Nothing is cut off at the side or too small for a finger, before and in the call."""
    tab = opener(house, **profile)
    for state in ("Ready when you are", "Your turn"):
        tab.reaches(state)
        wide = tab.run("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1]
        assert tab.run(FINGER) == []
        assert tab.violations() == []
        if state == "Ready when you are":
            tab.click("type-button")
    seen = "document.querySelector('#type-box').getBoundingClientRect().bottom <= innerHeight"
    assert tab.run(seen), "the box to type in can be seen without scrolling"

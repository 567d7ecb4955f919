"""The page without a mouse, on a phone and in the dark."""

from __future__ import annotations

from typing import Any

import pytest
from tests.pages.conftest import Opener
from tests.pages.tab import WIDGET, Tab
from tests.serving import House

pytestmark = pytest.mark.browser

COUNT = "Please count slowly from one to twenty."
FINGER = f"""[...{WIDGET}.querySelectorAll('button, select, .box'),
  ...document.querySelectorAll('#talk label')]
  .filter(one => one.checkVisibility({{ visibilityProperty: true }}))
  .map(one => [one.dataset.button || one.className || one.textContent, one.getBoundingClientRect()])
  .filter(([, {{ width, height }}]) => width < 40 || height < 40)
  .map(([name]) => name)"""
"""Everything of the call that can be tapped and is smaller than 40 pixels either way."""
BOX = f"{WIDGET}.querySelector('.box')"
HOLD = f"{WIDGET}.querySelector('[data-button=hold]')"


def walk(tab: Tab, steps: int) -> list[str]:
    """What the Tab key leads to, step by step."""
    found = []
    for _ in range(steps):
        tab.press("Tab")
        found.append(tab.focused)
    return found


def test_a_call_by_keys_alone(opener: Opener, stage: House) -> None:
    """Tab reaches everything in the order in which it is read; Enter, Space and Escape act."""
    tab = opener(stage)
    tab.sees_in_time("start")
    reached = walk(tab, 14)
    order = [name for name in reached if name in ("start", "box", "site-origin")]
    assert order == ["start", "box", "site-origin"], reached
    assert reached[0] == "A", "first of all a link past the bar"
    back_to(tab, "start")
    tab.press("Enter")
    tab.hears_out()
    tab.sees_in_time("mute")
    assert tab.focused in ("mute", "interrupt"), "the focus went on to what matters now"
    back_to(tab, "mute")
    tab.press("Space")
    tab.reaches("Muted")
    tab.press("Enter")
    tab.reaches("Listening")
    back_to(tab, "box")
    count = tab.asks(COUNT)
    tab.press("m")
    assert tab.run(f"{BOX}.value") == "m", "a letter is a letter"
    tab.press("Escape")
    tab.reaches("Listening")
    tab.until(lambda: tab.transcript[-1].interrupted, "the cut")
    assert tab.heard_of(count)[-1] * 32 < len(tab.sound(count)) + 32 * 4000
    while tab.focused != "end":
        tab.press("Tab")
    tab.press("Enter")
    tab.reaches("You left")
    assert tab.focused == "resume"


def back_to(tab: Tab, name: str) -> None:
    """Goes back by the Tab key until something has the focus."""
    for _ in range(40):
        if tab.focused == name:
            return
        tab.press("Shift+Tab")
    raise AssertionError(f"Shift+Tab never came to {name}, last to {tab.focused}")


def test_space_talks_while_it_is_held(opener: Opener, house: House) -> None:
    """With push-to-talk, sound leaves from when Space goes down on the button until it comes up."""
    tab = opener(house, agent="push to talk")
    tab.tap("start")
    tab.reaches("Your turn")
    assert tab.focused == "hold", "the focus went on to what matters now"
    tab.ask("down", key="Space")
    tab.reaches("Listening")
    tab.until(lambda: len(tab.sound()) > 32000, "a second of sound")
    tab.ask("up", key="Space")
    tab.until(lambda: tab.sent("trigger.turn.end") == 1, "the end of the turn")
    assert tab.sent("trigger.turn.start") == 1
    assert not tab.run(f"'down' in {HOLD}.dataset")


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
        seen = f"{BOX}.getBoundingClientRect().bottom <= innerHeight"
        assert tab.run(seen), "the box to type in can be seen without scrolling"
        if state == "Ready when you are":
            tab.type("Can you hear me?")
            tab.hears("loud and clear")

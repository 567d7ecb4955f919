"""The tag's other name, size and words of its own, and its controls in a call on a phone."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import pytest
from tests.pages.widget import ROOT, WidgetTab
from tests.serving import House

pytestmark = pytest.mark.browser

Visit = Callable[..., WidgetTab]
HELLO = "Hello, can you hear me?"
PHONE = {"viewport": {"width": 390, "height": 780}, "isMobile": True, "hasTouch": True}
SMALL = f"""[...{ROOT}.querySelectorAll('button, a, input, select, textarea')]
  .filter(one => one.checkVisibility({{visibilityProperty: true}}))
  .map(one => [one.className, one.getBoundingClientRect()])
  .filter(([, r]) => r.width && Math.min(r.width, r.height) < 43.9)
  .map(([name, r]) => `${{name}} ${{r.width}}x${{r.height}}`)"""
"""Everything that can be tapped and is narrower or lower than 44 pixels."""


def test_the_other_name(visit: Visit, house: House) -> None:
    """`<livelayer-widget>` in a page is the same widget: it talks, and its events are the same."""
    tab = visit(house, "livelayer", agent="demo", default_open="")
    root = ROOT.replace("duologue-widget", "livelayer-widget")
    tab.wait(f"{root}?.querySelector('.greeting').textContent.includes('Corner Table')")
    tab.ask("click", selector="livelayer-widget .big >> nth=0")
    tab.wait(f"{root}.querySelector('.state').textContent === 'Listening'")
    tab.ask("fill", selector="livelayer-widget .box", text=HELLO)
    tab.press("Enter")
    tab.wait(f"{root}.querySelector('.log').textContent.includes('loud and clear')")
    assert len(tab.events("connect")) == 1


def test_a_large_one(visit: Visit, house: House) -> None:
    """`size="large"` has a larger button and a larger panel than the tag without it."""

    def across(size: str, selector: str) -> float:
        tag = "document.querySelector('duologue-widget')"
        tab.run(f"{tag}.setAttribute('size', {size!r})")
        tab.wait(f"{ROOT}.querySelector('.root').dataset.size === {size!r}")
        return float(tab.run(f"{ROOT}.querySelector({selector!r}).offsetWidth"))

    tab = visit(house, "plain", agent="demo", greeting="false", size="large")
    tab.until(lambda: tab.sees(".launcher"), "the button")
    assert across("large", ".launcher") > across("regular", ".launcher")
    tab.launch()
    assert across("large", ".panel") > across("regular", ".panel") > across("compact", ".panel")
    across("large", ".panel")
    assert tab.violations() == []


def test_thumbs_alone(visit: Visit, house: House) -> None:
    """With `feedback="thumbs"` one tap is the whole answer: nobody is asked for words."""
    tab = visit(house, "plain", agent="demo", default_open="", mode="text", feedback="thumbs")
    tab.type("Goodbye.")
    tab.reaches("Demo hung up")
    assert tab.inside(".feedback .title") == "How was it?"
    tab.click(".thumb >> nth=0")
    tab.until(lambda: tab.inside(".feedback .title") == "Thank you.", "thanks")
    assert not tab.sees(".why")
    assert tab.events("feedback") == [{"rating": "up", "text": ""}]


def test_terms_at_an_address(visit: Visit, house: House) -> None:
    """Terms that lie elsewhere are a link; who agrees is known by the hash of its address."""
    tab = visit(house, "plain", agent="demo", default_open="", mode="text", consent="/terms")
    tab.type(HELLO)
    tab.until(lambda: tab.inside(".read") == "Read the terms", "the link")
    assert not tab.sees(".terms")
    link = f"{ROOT}.querySelector('.read')"
    here = tab.run("location.origin")
    assert tab.run(f"[{link}.href, {link}.target, {link}.rel]") == [
        f"{here}/terms", "_blank", "noopener noreferrer",
    ]  # fmt: skip
    assert tab.frames == []
    assert tab.violations() == []
    tab.click("Agree and go on")
    tab.hears("loud and clear")
    digest = sha256(b"/terms").hexdigest()
    assert [one["hash"] for one in tab.events("consent")] == [digest]
    assert tab.run(f"Number(localStorage['duologue consent {digest}']) > 1e12")
    session = "document.querySelector('duologue-widget').session"
    assert tab.run(f"{session}.consent.hash") == digest
    tab.click(".end")
    tab.reload()
    tab.until(lambda: "New conversation" in tab.buttons, "the choice")
    tab.click("New conversation")
    tab.until(lambda: len(tab.transcript) > 0, "a conversation that asks nothing again")
    assert tab.events("consent") == []


def test_a_notice_in_the_pages_words(visit: Visit, house: House) -> None:
    """A text in `record-notice` is said as it stands there, before the call and in it."""
    words = "We write down what you say."
    tab = visit(house, "plain", agent="demo", default_open="", mode="text", record_notice=words)
    tab.until(lambda: tab.inside(".record") == words, "the notice")
    tab.type(HELLO)
    tab.hears("loud and clear")
    assert tab.inside(".record") == words


@pytest.mark.parametrize("agent", ["demo", "demo-ptt"])
def test_a_call_on_a_phone(visit: Visit, house: House, agent: str) -> None:
    """In a call too, every control of the sheet is 44 pixels wide and high, and right to axe."""
    tab = visit(house, "plain", agent=agent, feedback="text", default_open="", **PHONE)
    tab.click(".big >> nth=0")
    tab.hears("Corner Table")
    tab.until(lambda: tab.state in ("Listening", "Your turn"), "the visitor's turn")
    assert tab.sees(".end")
    assert tab.run(SMALL) == []
    assert tab.violations() == []
    tab.click(".end")
    tab.reaches("You left")
    tab.click(".thumb >> nth=1")
    assert tab.run(SMALL) == []
    assert tab.violations() == []
    tab.reload()
    tab.until(lambda: "Resume" in tab.buttons, "the choice")
    assert tab.run(SMALL) == []
    assert tab.violations() == []

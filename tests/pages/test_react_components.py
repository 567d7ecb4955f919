"""The components of @duologue/react in a browser: what they show and do, and who can use them."""

from __future__ import annotations

import json

import pytest
from tests.conformance.browser import Browser
from tests.pages.react_fixtures import ReactOpener, ledger, shop, visit
from tests.pages.react_tab import Ledger, ReactTab
from tests.serving import House

__all__ = ["ledger", "shop", "visit"]

pytestmark = pytest.mark.browser

VERSIONS = pytest.mark.parametrize("react", ["18", "19"])
STATUS = "document.querySelector('.duologue-status').innerText"
DRAWN = """window.most = { state: '', level: 0, bar: 0 }; setInterval(() => {
  const orb = document.querySelector('.duologue-orb');
  const bar = document.querySelectorAll('.duologue-bars span')[3];
  if (orb.dataset.state === 'speaking') most.state = 'speaking';
  most.level = Math.max(most.level, Number(orb.style.getPropertyValue('--duologue-level')));
  most.bar = Math.max(most.bar, Number(bar.style.getPropertyValue('--duologue-here')));
}, 20)"""
"""Keeps the most that was drawn, for a word is over before a test has looked twice."""


def parts(visit: ReactOpener, shop: House, **asked: object) -> ReactTab:
    """The page of components, with the line open and the greeting said."""
    tab = visit("react-parts", server=shop.url, **asked)
    tab.ask("click", selector=".duologue-talk")
    tab.wait("document.querySelector('.duologue-log').innerText.includes('Hello from the corner.')")
    return tab


@VERSIONS
def test_talk_type_and_end(visit: ReactOpener, shop: House, ledger: Ledger, react: str) -> None:
    """The bar opens the line, the box sends a message, the list has both sides, the bar ends it."""
    tab = parts(visit, shop, react=react)
    tab.ask("fill", selector=".duologue-line input", text="Hello, can you hear me?")
    tab.press("Enter")
    tab.wait("document.querySelector('.duologue-log').innerText.includes('loud and clear')")
    roles = tab.run("[...document.querySelectorAll('.duologue-said')].map(one => one.dataset.role)")
    assert roles == ["agent", "user", "agent"]
    assert tab.run("document.querySelector('.duologue-line input').value") == ""
    tab.ask("click", selector=".duologue-end")
    tab.wait(f"{STATUS} === 'The conversation is over'")
    tab.wait("document.querySelector('.duologue-line input').disabled")
    assert tab.shows("button.duologue-talk")
    assert len(ledger.sessions) == 1


def test_the_microphone_is_taken_muted_and_changed(visit: ReactOpener, shop: House) -> None:
    """The provider takes it with the line; a button mutes it, a list changes it in mid-call."""
    tab = parts(visit, shop)
    tab.wait("document.querySelector('.duologue-split [data-on]') !== null")
    tab.until(lambda: len(tab.sound()) > 6400, "the microphone")
    tab.ask("click", selector="button[aria-label='Mute the microphone']")
    tab.ask("click", selector="button[aria-label='Unmute the microphone']")
    tab.wait("document.querySelector('.duologue-split [data-on]') !== null")
    names = "[...document.querySelectorAll('.duologue-choice option')].map(one => one.label)"
    tab.wait(f"{names}.length > 1 && {names}.every(Boolean)")
    last = tab.run(names)[-1]
    tab.ask("choose", selector=".duologue-choice select", label=last)
    chosen = "document.querySelector('.duologue-choice select').selectedOptions[0].label"
    tab.wait(f"{chosen} === {json.dumps(last)}")
    heard = len(tab.sound())
    tab.until(lambda: len(tab.sound()) > heard + 6400, "the other microphone")


def test_no_microphone_is_said_and_typing_goes_on(
    visit: ReactOpener, shop: House, bare: Browser
) -> None:
    """On a machine without one there is a sentence, and the conversation."""
    tab = parts(visit, shop, use=bare)
    tab.wait("document.querySelector('[role=alert]')?.innerText.includes('no microphone')")
    tab.ask("fill", selector=".duologue-line input", text="Hello, can you hear me?")
    tab.press("Enter")
    tab.wait("document.querySelector('.duologue-log').innerText.includes('loud and clear')")


def test_a_refused_microphone_is_a_code(visit: ReactOpener, shop: House, strict: Browser) -> None:
    """`useMicrophoneState` says that it was refused, and takes it once it is allowed."""
    tab = visit("react-parts", use=strict, server=shop.url, shows="hooks", speaks="1")
    tab.expected.append("warning: The AudioContext was not allowed to start.*")
    tab.wait("shown.session?.session != null")
    tab.run("shown.session.connect().then(() => null)")
    tab.wait("shown.microphone.errorCode === 'MIC_PERMISSION_DENIED'")
    assert tab.run("[shown.microphone.state, shown.microphone.permission]") == ["denied", "denied"]
    tab.ask("permit", permissions=["microphone"])
    tab.run("shown.microphone.enable().then(() => null)")
    tab.wait("shown.microphone.state === 'on'")
    assert tab.run("[shown.microphone.error, shown.microphone.permission]") == [None, "granted"]


def test_the_voice_is_drawn_as_loud_as_it_is(visit: ReactOpener, shop: House) -> None:
    """The drawing's level rises while the agent speaks, and everything is still afterwards."""
    level = (
        "Number(document.querySelector('.duologue-orb').style.getPropertyValue('--duologue-level'))"
    )
    tab = visit(
        "react-parts", server=shop.url, agent="parrot", profile={"reducedMotion": "no-preference"}
    )
    assert tab.run(level) == 0
    tab.run(DRAWN)
    tab.ask("click", selector=".duologue-talk")
    tab.wait("most.state === 'speaking'")
    tab.wait("most.level > 0.3")
    tab.wait("most.bar > 0.2")
    tab.hears_out()
    tab.wait(f"{level} < 0.1")
    tab.ask("click", selector=".duologue-end")
    tab.wait(
        "document.querySelector('.duologue-orb').style.getPropertyValue('--duologue-level') === ''"
    )


def test_everybody_can_use_them(visit: ReactOpener, shop: House) -> None:
    """axe-core finds nothing before a call, in it and after it, in light and in dark."""
    tab = visit("react-parts", server=shop.url)
    assert tab.violations() == []
    tab.ask("click", selector=".duologue-talk")
    tab.wait("document.querySelector('.duologue-log').innerText.includes('Hello from the corner.')")
    assert tab.violations() == []
    tab.ask("click", selector=".duologue-end")
    tab.wait(f"{STATUS} === 'The conversation is over'")
    assert tab.violations() == []


def test_a_server_that_is_not_there_is_said(visit: ReactOpener) -> None:
    """The bar says what is wrong and offers to try again."""
    tab = visit("react-parts", server="http://127.0.0.1:9")
    tab.expected += ["error: Failed to load resource: .*", "error: duologue: no session for .*"]
    tab.ask("click", selector=".duologue-talk")
    tab.wait("document.querySelector('[role=alert]') !== null")
    assert tab.text(".duologue-talk") == "Try again"

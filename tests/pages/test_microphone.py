"""Without a microphone, without leave to hear, without leave to sound: the call goes on."""

from __future__ import annotations

import json

import pytest
from tests.conformance.browser import Browser
from tests.pages.conftest import Opener
from tests.pages.tab import WIDGET
from tests.serving import House

pytestmark = pytest.mark.browser

BLOCKED = r"warning: The AudioContext was not allowed to start\..*"

HELD_BY_HAND = """globalThis.AudioContext = class extends AudioContext {
  constructor(...given) { super(...given); globalThis.sounding = this; }
};"""
"""The page's sound can be held back from outside, as a phone does during a call."""

NOBODY_ANSWERS = "navigator.mediaDevices.getUserMedia = () => new Promise(() => {});"
"""Headless browsers answer their own question after a while; people may not."""


def test_refused_is_said_and_typing_goes_on(opener: Opener, stage: House, strict: Browser) -> None:
    """A refusal is explained; typed words are answered; once allowed, the call is by voice."""
    tab = opener(stage, agent="Parrot", use=strict, permissions=[])
    tab.tap("start")
    tab.until(lambda: tab.sees(".mend"), "what is wrong")
    assert tab.inside(".mend strong") == "This page may not hear you"
    assert tab.buttons == ["interrupt", "end"]
    tab.reaches("Your turn")
    assert tab.violations() == []
    tab.type("Hello, can you hear me?")
    tab.hears("loud and clear")
    tab.ask("permit", permissions=["microphone"])
    tab.ask("click", selector="#widget .mend button")
    tab.reaches("Listening")
    assert not tab.sees(".mend")
    tab.until(lambda: len(tab.sound()) > 6400, "the microphone")


def test_the_browser_asks(opener: Opener, stage: House) -> None:
    """While the browser's question stands open the greeting is spoken, and one can type."""
    tab = opener(stage, agent="Parrot", before=NOBODY_ANSWERS)
    tab.tap("start")
    tab.hears("Hi.")
    tab.reaches("May this page hear you?")
    assert "asks for the microphone" in tab.inside(".detail")
    assert tab.violations() == []
    tab.type("Hello, can you hear me?")
    tab.hears("loud and clear")


def test_missing_is_said_and_typing_goes_on(opener: Opener, stage: House, bare: Browser) -> None:
    """On a machine without a microphone the page says so; typed words are answered aloud."""
    tab = opener(stage, agent="Parrot", use=bare)
    tab.tap("start")
    tab.until(lambda: tab.sees(".mend"), "what is wrong")
    assert tab.inside(".mend strong") == "There is no microphone"
    tab.reaches("Your turn")
    assert tab.violations() == []
    answer = tab.asks("Hello, can you hear me?")
    tab.until(lambda: max(tab.heard_of(answer), default=0) > 200, "sound")
    assert tab.sound() == b""


def test_another_microphone_is_chosen(opener: Opener, stage: House) -> None:
    """Where there are several microphones the call shows them, and changes over to another one."""
    tab = opener(stage, agent="Parrot")
    tab.tap("start")
    tab.reaches("Listening")
    tab.until(lambda: tab.sees(".devices"), "the list of microphones")
    names = tab.run(f"[...{WIDGET}.querySelectorAll('.devices option')].map(one => one.label)")
    assert len(names) > 1
    tab.until(lambda: len(tab.sound()) > 6400, "the first microphone")
    tab.ask("choose", selector="#widget .devices", label=names[-1])
    before = len(tab.sound())
    tab.until(lambda: len(tab.sound()) > before + 6400, "the other microphone")
    assert not tab.sees(".mend")
    assert tab.violations() == []


def test_sound_that_is_held_back_is_asked_for(
    opener: Opener, stage: House, strict: Browser
) -> None:
    """A tab that was duplicated goes on untouched: it offers a tap, and then it is heard."""
    first = opener(stage, agent="Parrot", use=strict)
    first.type("Hello, can you hear me?")
    first.hears("loud and clear")
    first.reaches("Your turn")
    marks = first.run("JSON.stringify({...sessionStorage})")
    copied = f"Object.assign(sessionStorage, {json.dumps(json.loads(marks))})"
    second = opener(stage, beside=first, before=copied)
    second.expected.append(BLOCKED)
    second.reaches("Sound is held back")
    assert second.buttons == ["hear", "end"]
    assert second.violations() == []
    first.reaches("It goes on elsewhere")
    second.tap("hear")
    second.reaches("Your turn")
    answer = second.asks("Hello, can you hear me?")
    second.until(lambda: max(second.heard_of(answer), default=0) > 200, "sound")


def test_whoever_types_keeps_the_focus(opener: Opener, stage: House) -> None:
    """When the sound is held back meanwhile, its button comes and the box stays the one in use."""
    tab = opener(stage, agent="Parrot", before=HELD_BY_HAND)
    tab.type("Hello, can you hear me?")
    tab.hears("loud and clear")
    tab.reaches("Your turn")
    assert tab.focused == "box"
    tab.run("sounding.suspend()")
    tab.reaches("Sound is held back")
    assert tab.focused == "box"
    tab.run("sounding.resume()")
    tab.reaches("Your turn")
    assert tab.focused == "box"

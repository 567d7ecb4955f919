"""From the invitation to the conversation: the page glides, and is usable all the while."""

from __future__ import annotations

import pytest
from tests.pages.conftest import Opener
from tests.pages.tab import WIDGET
from tests.serving import House

pytestmark = pytest.mark.browser

HALFWAY = """globalThis.halfway = [];
const animate = Element.prototype.animate;
Element.prototype.animate = function (...given) {
  const glide = animate.apply(this, given);
  glide.pause();
  glide.currentTime = glide.effect.getComputedTiming().endTime / 2;
  if (this.getRootNode().host?.id === "widget") halfway.push(this.classList[0]);
  return glide;
};"""
"""Every glide stands still in its middle, for as long as a test looks at it."""


def test_the_page_is_used_while_it_glides(opener: Opener, stage: House) -> None:
    """In mid-glide the box has the focus, what is typed is answered, and buttons can be clicked."""
    tab = opener(stage, agent="Parrot", before=HALFWAY, reducedMotion="no-preference")
    tab.type("What is the capital of the moon?")
    tab.hears("beyond me")
    assert tab.focused == "box"
    assert tab.run("halfway") == ["voices", "side"]
    tab.ask("click", selector="#widget .box")
    tab.type("Hello, can you hear me?")
    tab.hears("loud and clear")
    tab.tap("end")
    tab.reaches("You left")
    assert tab.run("halfway.length") == 2, "what was said stays beside"


def test_nothing_glides_for_whoever_wants_no_motion(opener: Opener, stage: House) -> None:
    """The conversation is simply there, and the box has the focus."""
    tab = opener(stage, agent="Parrot", before=HALFWAY, reducedMotion="reduce")
    tab.type("What is the capital of the moon?")
    tab.hears("beyond me")
    assert tab.run(f"{WIDGET}.querySelector('.root').dataset.layout") == "both"
    assert tab.focused == "box"
    assert tab.run("halfway") == []

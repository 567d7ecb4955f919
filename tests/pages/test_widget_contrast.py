"""The widget for who sees or bears less: forced colours, more contrast, no motion."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from tests.pages.tab import SETTLED
from tests.pages.widget import ROOT, WidgetTab
from tests.serving import House

pytestmark = pytest.mark.browser

Visit = Callable[..., WidgetTab]
EDGED = f"""[...{ROOT}.querySelectorAll(
    'button, .bubble, .composer, .panel, .said[data-role=user] .words')]
    .filter(one => one.checkVisibility({{visibilityProperty: true}}))
    .filter(one => !one.matches('.shut, .dismiss, .plain, .send, .bubble *')).filter(one => {{
        const style = getComputedStyle(one);
        const edge = style.borderTopStyle !== 'none' || style.boxShadow !== 'none';
        const filled = style.backgroundColor !== 'rgba(0, 0, 0, 0)';
        return !edge && !(filled && !matchMedia('(forced-colors: active)').matches);
    }}).map(one => one.outerHTML.slice(0, 70))"""
"""What can be used and has no edge that such a person would see."""
INK = f"""(canvas => {{
    const copy = Object.assign(document.createElement('canvas'), {{
        width: canvas.width, height: canvas.height}});
    const brush = copy.getContext('2d', {{willReadFrequently: true}});
    brush.drawImage(canvas, 0, 0);
    const all = brush.getImageData(0, 0, copy.width, copy.height).data;
    const found = new Set();
    for (let at = 0; at < all.length; at += 4) {{
        if (all[at + 3] > 250) found.add([...all.slice(at, at + 3)].join());
    }}
    return [...found].map(one => one.split(',').map(Number));
}})({ROOT}.querySelector('.voices-canvas'))"""
"""The colours of the two voices."""


def shoot(tab: WidgetTab, name: str) -> None:
    """Keeps a picture where somebody wants to look at it."""
    if folder := os.environ.get("SHOTS"):
        tab.run(SETTLED)
        tab.ask("screenshot", path=f"{folder}/{name}.png")


def walk(visit: Visit, house: House, name: str, **look: Any) -> WidgetTab:
    """Through the widget: closed, open, in a call, muted, and at its end; each has its edges."""
    tab = visit(house, "plain", agent="demo", feedback="text", accent="#7a4fbf", **look)
    tab.until(lambda: "Corner" in tab.inside(".bubble .words"), "the bubble")

    def looks_right(pose: str) -> None:
        tab.ask("look", scheme=look["colorScheme"])
        shoot(tab, f"{name}-{pose}")
        assert tab.run(EDGED) == [], pose
        assert tab.violations() == [], pose

    looks_right("closed")
    tab.launch()
    looks_right("open")
    tab.click("Talk")
    tab.reaches("Listening")
    tab.type("Hello, can you hear me?")
    tab.hears("loud and clear")
    tab.reaches("Listening")
    looks_right("call")
    tab.click(".mute")
    tab.reaches("Muted")
    looks_right("muted")
    tab.click(".end")
    tab.reaches("You left")
    looks_right("ended")
    return tab


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_forced_colours(visit: Visit, house: House, scheme: str) -> None:
    """Everything has an edge, and what is drawn has the colours that the person chose."""
    look = {"forcedColors": "active", "colorScheme": scheme}
    tab = walk(visit, house, f"forced-{scheme}", **look)
    assert tab.run("matchMedia('(forced-colors: active)').matches")
    muted = f"getComputedStyle({ROOT}.querySelector('.root')).getPropertyValue('--agent')"
    assert tab.run(muted) == "Highlight", "a colour of the page's gives way"


def test_the_voices_in_forced_colours(visit: Visit, house: House) -> None:
    """The two circles have the system's own colours, and none of the house's."""
    look = {"forcedColors": "active", "colorScheme": "dark"}
    tab = visit(house, "plain", agent="demo", default_open="", **look)
    tab.until(lambda: any(r < 40 and g > 140 for r, g, _ in tab.run(INK)), "cyan: Highlight")
    tab.until(lambda: any(b < 40 and r == g > 140 for r, g, b in tab.run(INK)), "yellow: LinkText")
    house_orange = [one for one in tab.run(INK) if one[0] > 150 > 120 > one[1] > one[2]]
    assert house_orange == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_more_contrast(visit: Visit, house: House, scheme: str) -> None:
    """Asked for more contrast, every edge can be seen."""
    walk(visit, house, f"more-{scheme}", contrast="more", colorScheme=scheme)


def test_nothing_moves(visit: Visit, house: House) -> None:
    """Under reduced motion nothing of the widget is animated, in any pose."""
    tab = visit(house, "plain", agent="demo", feedback="text")
    moving = f"""[...{ROOT}.querySelectorAll('*')].flatMap(one => one.getAnimations())
        .map(one => one.animationName ?? one.transitionProperty)"""
    tab.until(lambda: "Corner" in tab.inside(".bubble .words"), "the bubble")
    assert tab.run(moving) == []
    tab.launch()
    assert tab.run(moving) == []
    tab.click("Talk")
    tab.hears("Corner Table")
    assert tab.run(moving) == []
    tab.type("Hello, can you hear me?")
    tab.hears("loud and clear")
    assert tab.run(moving) == []
    tab.click(".end")
    tab.reaches("You left")
    assert tab.run(moving) == []

"""The two circles of the widget are as loud as the two who talk."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.pages.widget import ROOT, WidgetTab
from tests.serving import House

from duologue.testing.speech import Recording, silence, speak

pytestmark = pytest.mark.browser

HELLO = "Hello, can you hear me?"
Visit = Callable[..., WidgetTab]
REACH = f"""((canvas) => {{
    const copy = Object.assign(document.createElement('canvas'), {{
        width: canvas.width, height: canvas.height}});
    const brush = copy.getContext('2d', {{willReadFrequently: true}});
    brush.drawImage(canvas, 0, 0);
    const {{data}} = brush.getImageData(0, 0, copy.width, copy.height);
    let [left, right] = [copy.width, 0];
    for (let at = 3; at < data.length; at += 4) {{
        if (data[at] < 12) continue;
        const x = ((at - 3) / 4) % copy.width;
        left = Math.min(left, x);
        right = Math.max(right, x);
    }}
    const radius = Math.min(copy.height * 0.255, copy.width * 0.2);
    return [copy.width / 2 - left, right - copy.width / 2].map(one => one / radius);
}})({ROOT}.querySelector('.voices-canvas'))"""
"""How far the agent's side and the visitor's are drawn from the middle, in radii of a circle."""
STILL, LOUD = 1.7, 1.9
"""A circle of nobody who talks ends before the first, the rings of a voice beyond the second."""


def test_the_circles_are_as_loud_as_the_voices(
    visit: Visit, house: House, microphone: Callable[[Recording], None]
) -> None:
    """The agent's side grows while it speaks, the visitor's while they do; then both rest."""
    microphone(silence(9.0) + speak(HELLO) + silence(90.0))
    tab = visit(house, "plain", agent="demo", default_open="")
    agent, you = f"{REACH}[0]", f"{REACH}[1]"
    assert max(tab.run(REACH)) < STILL
    tab.click("Talk")
    tab.wait(f"{agent} > {LOUD} && {you} < {STILL}")
    tab.wait(f"{you} > {LOUD} && {agent} < {STILL}")
    tab.hears("loud and clear")
    tab.reaches("Listening")
    tab.wait(f"{agent} < {STILL} && {you} < {STILL}")

"""The widget on a page in a frame of somebody else's page, which may keep it from hearing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.pages.widget import WidgetTab
from tests.pages.widget_site import WidgetSite
from tests.serving import House

pytestmark = pytest.mark.browser

Visit = Callable[..., WidgetTab]
TELLS = """globalThis.told = [];
addEventListener('message', ({data}) => told.push(data));
if (parent !== globalThis) for (const name of ['state', 'error', 'transcript']) {
  addEventListener(`duologue-${name}`, ({detail}) => {
    parent.postMessage([name, JSON.parse(JSON.stringify(detail))], '*');
  });
}"""
"""A page may not look into a foreign frame; what is in it tells what it hears."""
WITHIN = "iframe >> internal:control=enter-frame >> duologue-widget"


@pytest.fixture
def inner(house: House) -> Iterator[WidgetSite]:
    """The site whose page is in the frame."""
    with WidgetSite(house.url) as site:
        yield site


def framed(visit: Visit, house: House, inner: WidgetSite, **given: str) -> WidgetTab:
    """A page with the other site's page in a frame, whose widget was told to talk."""
    page = inner.page("plain", agent="demo", default_open="")
    tab = visit(house, "window", before=TELLS, inner=page, **given)
    assert tab.run("document.querySelector('iframe').contentDocument") is None, "a foreign page"
    tab.ask("click", selector=f"{WITHIN} .big >> nth=0")
    return tab


def told(tab: WidgetTab, name: str) -> list[Any]:
    """What the widget in the frame said of this."""
    return [detail for one, detail in tab.run("told") if one == name]


def sees(tab: WidgetTab, selector: str, text: str) -> None:
    """Waits until the widget in the frame shows this."""
    found = f"{WITHIN} {selector}:text-is('{text}')"
    tab.ask("mouse", selector=found, down=False)


def says(tab: WidgetTab, words: str) -> None:
    """Waits until these words stand in the frame's transcript."""
    tab.until(lambda: words in str(told(tab, "transcript")[-1:]), words)


def test_a_frame_that_may_hear(visit: Visit, house: House, inner: WidgetSite) -> None:
    """With `allow="microphone"` a page of another origin in a frame has the whole widget."""
    tab = framed(visit, house, inner, allow="microphone")
    sees(tab, ".state", "Listening")
    says(tab, "Corner Table")
    tab.until(lambda: any(tab.sound()), "the microphone")
    assert told(tab, "error") == []


def test_a_frame_that_may_not_hear(visit: Visit, house: House, inner: WidgetSite) -> None:
    """Without it the widget says so, speaks, and is typed to."""
    tab = framed(visit, house, inner)
    tab.expected += [".*[Pp]ermissions policy violation: microphone is not allowed.*"]
    sees(tab, ".mend strong", "This page may not hear you")
    tab.until(lambda: bool(told(tab, "error")), "the error")
    assert [one["code"] for one in told(tab, "error")] == ["MIC_PERMISSION_DENIED"]
    says(tab, "Corner Table")
    assert tab.sound() == b""
    tab.ask("fill", selector=f"{WITHIN} .box", text="Hello, can you hear me?")
    tab.press("Enter")
    says(tab, "loud and clear")

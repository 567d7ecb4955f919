"""The example's pages and the widget in their corner: it lies over nothing that is used."""

from __future__ import annotations

import pytest
from tests.pages.react_fixtures import ReactOpener, shop, visit
from tests.serving import House

__all__ = ["shop", "visit"]

pytestmark = pytest.mark.browser

LAUNCHER = "document.querySelector('duologue-widget').shadowRoot.querySelector('.launcher')"
USED = "document.querySelectorAll('main a, main button, main input, main textarea')"
SIZES = {"desk": (1280, 760), "low": (1280, 640), "phone": (390, 844)}
COVERED = f"""[...{USED}].filter(one => one.checkVisibility()).filter(one => {{
    const a = one.getBoundingClientRect(), b = {LAUNCHER}.getBoundingClientRect();
    const wide = Math.min(a.right, b.right) > Math.max(a.left, b.left);
    return wide && Math.min(a.bottom, b.bottom) > Math.max(a.top, b.top);
}}).map(one => one.outerHTML.slice(0, 90))"""
"""What of the page can be used and lies below the widget's button."""


@pytest.mark.parametrize("size", SIZES)
def test_the_corner_covers_nothing_that_is_used(visit: ReactOpener, shop: House, size: str) -> None:
    """On the page with a chat of its own, as it comes and where one types."""
    width, height = SIZES[size]
    profile = {"viewport": {"width": width, "height": height}}
    tab = visit("example", path="/contact", server=shop.url, agent="parrot", profile=profile)
    tab.widgets(1)
    tab.wait(f"{LAUNCHER}?.getBoundingClientRect().width > 60")
    assert tab.run(COVERED) == []
    tab.ask("click", selector=".duologue-talk")
    tab.wait("document.querySelector('.duologue-log')?.innerText.includes('from the corner')")
    assert tab.run(COVERED) == []
    tab.run("document.querySelector('.duologue-line input').focus()")
    assert tab.run(COVERED) == []
    inside = """(r => r.top >= 0 && r.bottom <= innerHeight)(document.querySelector(
        '.duologue-line input').getBoundingClientRect())"""
    assert tab.run(inside), "where one types can be seen"

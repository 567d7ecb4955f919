"""Opens pages with the widget's tag, and holds their consoles to be empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from tests.conformance.browser import Browser
from tests.pages.cable import Cable
from tests.pages.widget import WidgetTab
from tests.pages.widget_site import WidgetSite
from tests.serving import House

from duologue.testing.speech import Recording

__all__ = ["visit"]

PROFILE = (
    *("permissions", "viewport", "isMobile", "hasTouch"),
    *("colorScheme", "reducedMotion", "forcedColors", "contrast"),
)


@pytest.fixture
def visit(
    browser: Browser, microphone: Callable[[Recording], None]
) -> Iterator[Callable[..., WidgetTab]]:
    """Opens a page of a site on a server: `visit(house, "strict", agent="demo", mode="text")`.

    Also of a site that a test made.
    """
    opened: list[WidgetTab] = []
    sites: dict[str, WidgetSite] = {}
    with ExitStack() as standing:

        def open_page(
            at: House | Cable | WidgetSite,
            name: str,
            use: Browser | None = None,
            beside: WidgetTab | None = None,
            before: str | None = None,
            **given: Any,
        ) -> WidgetTab:
            if not isinstance(at, WidgetSite) and at.url not in sites:
                sites[at.url] = standing.enter_context(WidgetSite(at.url))
            site = at if isinstance(at, WidgetSite) else sites[at.url]
            profile = {"reducedMotion": "reduce", "locale": "en-GB"}
            profile |= {key: given.pop(key) for key in PROFILE if key in given}
            other = beside.number if beside else None
            within = beside.browser if beside else use or browser
            url = site.page(name, **given)
            tab = WidgetTab(within, url, beside=other, before=before, profile=profile)
            opened.append(tab)
            return tab

        yield open_page
        said = [line for tab in opened if not tab.closed for line in tab.unexpected]
        for tab in opened:
            if not tab.closed:
                tab.close()
    assert said == [], f"the console is not empty: {said}"

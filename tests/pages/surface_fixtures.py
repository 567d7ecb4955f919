"""A site with pages of a `LiveKitSession`, and what opens them; their consoles must stay empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.conformance.browser import Browser
from tests.pages.surfaces import Stall, Visitor, bundle, pages

from duologue.testing.speech import Recording


@pytest.fixture(scope="module")
def stall(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stall]:
    """A site with the pages."""
    with Stall(bundle(tmp_path_factory.mktemp("pages"))) as site:
        yield site


@pytest.fixture
def visitor(
    browser: Browser, stall: Stall, microphone: Callable[[Recording], None]
) -> Iterator[Visitor]:
    """Opens pages that write everything down."""
    yield from pages(browser, stall)

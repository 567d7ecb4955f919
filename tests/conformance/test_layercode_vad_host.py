"""The stock SDK loads its voice detection from a host of its own, which may be gone or hang."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.browser import Browser, Page
from tests.conformance.conftest import Opener
from tests.conformance.site import Hanging, Site

pytestmark = pytest.mark.browser

ASSETS = "assets.layercode.com"


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    """A content network that accepts and never answers."""
    with Hanging() as network:
        yield network


@pytest.fixture
def stuck(
    opener: Opener, chromium: str, microphone_file: Path, hanging: Hanging
) -> Iterator[Opener]:
    """Opens pages in a browser whose voice detection host hangs."""
    with Browser(chromium, microphone_file, f"127.0.0.1:{hanging.port}") as browser:

        def open_page(**options: object) -> Page:
            return opener(use=browser, **options)

        yield open_page


def test_without_the_host_the_conversation_works(page: Page) -> None:
    """The SDK cannot load its model, says so, and is heard and answered all the same."""
    page.connect()
    assert any(ASSETS in address for address in page.failed)
    assert ("vad_events", "vad_model_failed") in [
        (value["type"], value.get("event")) for name, value in page.log if name == "message"
    ]
    page.wait_message("turn.end", role="assistant")
    page.wait_frames(
        lambda frames: sum(frame.type == "client.audio" for frame in frames) > 3, "sound"
    )


def test_a_hanging_host_delays_connect_and_nothing_else(
    stuck: Opener, hanging: Hanging, site: Site
) -> None:
    """connect() waits for the host; the key is still good when it gives up, and all works."""
    page = stuck()
    page.make()
    page.run("void page.call('connect')")
    page.wait("page.state().status === 'connecting'")
    page.wait_frames(lambda _: hanging.callers > 0, "a request to the host")
    assert len(site.granted) == 1
    assert page.frames == []
    hanging.release()
    page.wait("page.state().status === 'connected'")
    page.wait_message("turn.end", role="assistant")
    assert page.sound() > 0.01
    page.close()


def test_without_its_own_voice_detection_nothing_is_fetched(
    stuck: Opener, hanging: Hanging
) -> None:
    """enableVAD: false is the cure that the documentation names: no request, no wait."""
    page = stuck(enableVAD=False)
    page.connect()
    page.wait_message("turn.end", role="assistant")
    assert hanging.callers == 0
    page.close()

"""Real servers, real browsers, and tabs of the talk page that must leave their consoles empty."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.browser import FLAGS, Browser
from tests.conformance.conftest import chromium, everything
from tests.once import once
from tests.pages.cable import Cable
from tests.pages.console_tabs import enter, hotel
from tests.pages.surface_fixtures import stall, visitor
from tests.pages.tab import Tab
from tests.pages.widget_fixtures import visit
from tests.serving import House

from duologue.testing import speech
from duologue.testing.speech import Recording

__all__ = ["chromium", "enter", "hotel", "stall", "visit", "visitor"]

STAGE = Path(__file__).with_name("stage.py")
ALLOWS = "--use-fake-ui-for-media-stream"
DEVICE = "--use-fake-device-for-media-stream"
PLAYS = "--autoplay-policy=no-user-gesture-required"
STRICT = "--autoplay-policy=document-user-activation-required"
QUIET = speech.noise(120.0, 0.0002, rate=16000)
"""What a microphone hears in a room where nobody speaks."""


@pytest.fixture(scope="session")
def built(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The page's scripts and the driver, built from what stands in the tree."""
    once(tmp_path_factory, "build", everything)


@pytest.fixture(scope="session")
def house(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """`duologue dev` with the demo agents, as `make run` starts it."""
    with House(tmp_path_factory.mktemp("house") / "data", mode="dev") as running:
        yield running


@pytest.fixture(scope="session")
def stage(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """`duologue dev` with the agents of stage.py."""
    folder = tmp_path_factory.mktemp("stage")
    # `dev` starts anew whenever a file beside the agents' is saved, as somebody here may do.
    alone = Path(shutil.copy(STAGE, folder))
    with House(folder / "data", alone, mode="dev") as running:
        yield running


@pytest.fixture(scope="session")
def microphone_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that every browser's microphone plays."""
    return tmp_path_factory.mktemp("microphone") / "microphone.wav"


@pytest.fixture
def microphone(microphone_file: Path) -> Iterator[Callable[[Recording], None]]:
    """Sets what the microphone will hear from the moment when a page opens it; quiet after it."""

    def hears(recording: Recording) -> None:
        recording.at(16000).save(microphone_file)

    hears(QUIET)
    yield hears
    hears(QUIET)


@pytest.fixture(scope="session")
def browser(chromium: str, built: None, microphone_file: Path) -> Iterator[Browser]:
    """A browser with two microphones that every page may hear."""
    flags = [f"{DEVICE}=device-count=2" if flag == DEVICE else flag for flag in FLAGS]
    with Browser(chromium, microphone_file, "~NOTFOUND", flags) as running:
        yield running


@pytest.fixture(scope="session")
def strict(chromium: str, built: None, microphone_file: Path) -> Iterator[Browser]:
    """A browser that asks before a page may hear, and is silent before it is touched."""
    flags = [STRICT if flag == PLAYS else flag for flag in FLAGS if flag != ALLOWS]
    with Browser(chromium, microphone_file, "~NOTFOUND", flags) as running:
        yield running


@pytest.fixture(scope="session")
def bare(chromium: str, built: None, microphone_file: Path) -> Iterator[Browser]:
    """A browser on a machine without a microphone."""
    flags = [flag for flag in FLAGS if flag != DEVICE]
    with Browser(chromium, microphone_file, "~NOTFOUND", flags) as running:
        yield running


Opener = Callable[..., Tab]


@pytest.fixture
def opener(browser: Browser, microphone: Callable[[Recording], None]) -> Iterator[Opener]:
    """Opens tabs: `opener(house)`, `opener(stage, agent="Tale", beside=tab)`."""
    opened: list[Tab] = []

    def open_tab(
        at: House | Cable,
        use: Browser | None = None,
        agent: str = "",
        beside: Tab | None = None,
        before: str | None = None,
        **profile: Any,
    ) -> Tab:
        other = beside.number if beside else None
        use = beside.browser if beside else use
        known = {"reducedMotion": "reduce", "locale": "en-GB"} | profile
        tab = Tab(use or browser, f"{at.url}/", beside=other, before=before, profile=known)
        opened.append(tab)
        if agent:
            tab.ask("click", selector=f"#agents label:has-text('{agent}')")
        return tab

    yield open_tab
    said = [line for tab in opened if not tab.closed for line in tab.unexpected]
    for tab in opened:
        if not tab.closed:
            tab.close()
    assert said == [], "the console is not empty"


@pytest.fixture
def cable(house: House) -> Iterator[Cable]:
    """A cable to the demo agents."""
    with Cable(house.url) as plugged:
        yield plugged

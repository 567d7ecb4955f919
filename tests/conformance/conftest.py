"""One server, one site and one browser for all tests with the real clients."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.browser import E2E, Browser, Page
from tests.conformance.room_page import RoomPage
from tests.conformance.site import Site, Wire
from tests.once import once
from tests.rooms.livekit import LiveKit
from tests.serving import House

from duologue.testing import speech
from duologue.testing.speech import Recording

NEEDS = {
    "chromium": "apt-get install chromium",
    "node": "apt-get install nodejs npm",
    "npm packages": "npm --prefix web ci",
}
ROOM_AGENTS = Path(__file__).with_name("room_agents.py")
SOCKET = "/v1/agents/web/websocket"


def missing() -> list[str]:
    """What the browser tests need and this machine lacks."""
    lacking = [name for name in ("chromium", "node") if shutil.which(name) is None]
    modules = E2E.parent / "node_modules"
    if not all((modules / one).is_dir() for one in ("@layercode/js-sdk", "livekit-client")):
        lacking.append("npm packages")
    return lacking


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium; without it, or Node.js, tests are skipped by name, or fail in CI."""
    lacking = missing()
    if lacking:
        how = "; ".join(f"{name}: {NEEDS[name]}" for name in lacking)
        if os.environ.get("DUOLOGUE_TEST_REQUIRE") == "all":
            pytest.fail(f"browser tests need {how}", pytrace=False)
        pytest.skip(f"browser tests need {how}")
    return str(shutil.which("chromium"))


@pytest.fixture(scope="session")
def build(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, ours and those with the SDKs as they were published, built from the tree."""
    once(tmp_path_factory, "build", everything)
    return E2E / "build"


def everything() -> None:
    """Builds all that browsers load, and their driver."""
    command = ["npm", "--prefix", str(E2E.parent), "run", "build", "--workspaces", "--if-present"]
    subprocess.run(command, check=True, timeout=180, capture_output=True)


@pytest.fixture(scope="session")
def house(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server with both demo agents."""
    with House(tmp_path_factory.mktemp("house") / "data") as running:
        running.publish("demo", "demo-ptt")
        yield running


@pytest.fixture
def site(build: Path, house: House) -> Iterator[Site]:
    """A Layercode user's application with a key of its own."""
    with Site(build, house.url, house.secret_key()) as serving:
        yield serving


@pytest.fixture(scope="session")
def rooms(
    chromium: str, livekit: LiveKit, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A server whose agents go into rooms."""
    data = tmp_path_factory.mktemp("rooms") / "data"
    with House(data, ROOM_AGENTS, **livekit.settings) as running:
        running.publish("parrot", "tale", "walkie", "secret")
        yield running


@pytest.fixture
def room_site(build: Path, rooms: House) -> Iterator[Site]:
    """A LiveKit user's application with a key of its own."""
    with Site(build, rooms.url, rooms.secret_key()) as serving:
        yield serving


@pytest.fixture
def wire(house: House) -> Iterator[Wire]:
    """The cable that a page's socket goes through."""
    host, _, port = house.url.removeprefix("http://").partition(":")
    with Wire(host, int(port)) as cable:
        yield cable


@pytest.fixture(scope="session")
def microphone_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that every browser's microphone plays."""
    return tmp_path_factory.mktemp("microphone") / "microphone.wav"


@pytest.fixture
def microphone(microphone_file: Path) -> Iterator[Callable[[Recording], None]]:
    """Sets what the microphone will hear from the moment when a page opens it; quiet after it."""

    def hears(recording: Recording) -> None:
        recording.at(16000).save(microphone_file)

    # Faint noise: the stock SDK sends nothing before the first sample that is not zero.
    quiet = speech.noise(120.0, 0.0002, rate=16000)
    hears(quiet)
    yield hears
    hears(quiet)


@pytest.fixture(scope="session")
def browser(chromium: str, build: Path, microphone_file: Path) -> Iterator[Browser]:
    """A browser for which the SDK's voice detection host does not exist."""
    with Browser(chromium, microphone_file, "~NOTFOUND") as running:
        yield running


Opener = Callable[..., Page]


@pytest.fixture
def opener(
    browser: Browser, site: Site, wire: Wire, microphone: Callable[[Recording], None]
) -> Iterator[Opener]:
    """Opens pages: `opener("vanilla", agentId="demo-ptt")`."""
    opened: list[Page] = []

    def open_page(name: str = "vanilla", use: Browser | None = None, **options: Any) -> Page:
        page = (use or browser).open(f"{site.url}/{name}", client_options(wire) | options)
        opened.append(page)
        return page

    yield open_page
    for page in opened:
        if not page.closed:
            page.close()


RoomOpener = Callable[..., RoomPage]


@pytest.fixture
def enter(
    browser: Browser, room_site: Site, microphone: Callable[[Recording], None]
) -> Iterator[RoomOpener]:
    """Opens pages of a LiveKit user: `enter("parrot", roomName="kitchen")`."""
    opened: list[RoomPage] = []

    def open_page(agent: str = "parrot", **asked: object) -> RoomPage:
        page = RoomPage(browser, room_site.url, **{"agentName": agent} | asked)
        opened.append(page)
        return page

    yield open_page
    for page in opened:
        if not page.closed:
            page.close()


@pytest.fixture
def page(opener: Opener) -> Page:
    """A page with @layercode/js-sdk, not yet connected, for the agent `demo`."""
    return opener()


def client_options(wire: Wire) -> dict[str, Any]:
    """What a client needs to reach our server instead of Layercode's, and nothing else."""
    return {
        "agentId": "demo",
        "websocketUrl": f"ws://127.0.0.1:{wire.port}{SOCKET}",
        "authorizeSessionEndpoint": "/api/authorize",
    }

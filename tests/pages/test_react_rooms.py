"""React in a LiveKit room: our hooks and widgets there, and our components under LiveKit's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.conformance.browser import Browser
from tests.conformance.conftest import ROOM_AGENTS
from tests.pages.react_fixtures import ReactOpener, opening
from tests.pages.react_tab import Ledger
from tests.rooms.livekit import LiveKit
from tests.serving import House

from duologue.testing.speech import Recording

pytestmark = [pytest.mark.browser, pytest.mark.rooms]

STATUS = "document.querySelector('.duologue-status').innerText"
LOG = "document.querySelector('.duologue-log').innerText"
BAR = (
    "Number(document.querySelectorAll('.duologue-bars span')[3].style"
    ".getPropertyValue('--duologue-here'))"
)
"""How loud the middle of the drawing is."""


@pytest.fixture(scope="module")
def hall(
    built: None, livekit: LiveKit, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """`duologue dev` whose agents go into rooms."""
    data = tmp_path_factory.mktemp("hall") / "data"
    with House(data, ROOM_AGENTS, mode="dev", **livekit.settings) as running:
        yield running


@pytest.fixture
def visit(
    hall: House,
    browser: Browser,
    microphone: Callable[[Recording], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ReactOpener]:
    """Opens pages whose sessions are in rooms."""
    with opening(hall, browser, tmp_path_factory) as opener:
        yield opener


@pytest.fixture
def backed(
    hall: House,
    browser: Browser,
    microphone: Callable[[Recording], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ReactOpener]:
    """Opens pages whose own back end fetches tokens."""
    with opening(hall, browser, tmp_path_factory, hall.secret_key()) as opener:
        yield opener


def test_a_session_in_a_room_is_the_same(visit: ReactOpener, hall: House) -> None:
    """The same components, without a word about where they are; the microphone is published."""
    ledger = Ledger(hall)
    tab = visit("react-parts", server=hall.url)
    tab.ask("click", selector=".duologue-talk")
    tab.wait(f"{LOG}.includes('here I am')")
    tab.wait("document.querySelector('.duologue-split [data-on]') !== null")
    tab.ask("fill", selector=".duologue-line input", text="Say this again")
    tab.press("Enter")
    tab.wait(f"{LOG}.toLowerCase().split('say this again').length > 2")
    tab.ask("click", selector="button[aria-label='Mute the microphone']")
    tab.wait("document.querySelector('[aria-label=\"Unmute the microphone\"]') !== null")
    assert [one["transport"] for one in ledger.sessions] == ["livekit"]
    tab.ask("click", selector=".duologue-end")
    tab.wait(f"{STATUS} === 'The conversation is over'")


def test_two_surfaces_in_a_room_are_heard_once(visit: ReactOpener, hall: House) -> None:
    """The document's second pattern over WebRTC: one element sounds, and both surfaces show it."""
    ledger = Ledger(hall)
    tab = visit("react-two")
    tab.widgets(2)
    tab.talks(0)
    for which in (0, 1):
        tab.shows_said("here I am", which)
    assert len(ledger.sessions) == 1
    tab.wait("loud.elements().length === 1")


@pytest.mark.parametrize("react", ["18", "19"])
def test_under_livekits_own_provider(backed: ReactOpener, hall: House, react: str) -> None:
    """Talk, read, type, mute and end, in StrictMode, with a session of LiveKit's own hook."""
    ledger = Ledger(hall)
    tab = backed("react-room", react=react)
    tab.expected.append("(info|debug|log): .*")  # livekit-client writes down what it does
    tab.ask("click", selector=".duologue-talk")
    tab.wait(f"{LOG}.includes('here I am')")
    tab.wait("document.querySelector('.duologue-split [data-on]') !== null")
    tab.wait(f"{STATUS}.endsWith(' is listening')")
    tab.run(f"window.most = 0, setInterval(() => most = Math.max(most, {BAR}), 20)")
    tab.ask("fill", selector=".duologue-line input", text="Say this again")
    tab.press("Enter")
    tab.wait(f"{LOG}.toLowerCase().split('say this again').length > 2")
    roles = tab.run("[...document.querySelectorAll('.duologue-said')].map(one => one.dataset.role)")
    assert roles == ["agent", "user", "agent"]
    tab.wait("most > 0.1")
    tab.ask("click", selector="button[aria-label='Mute the microphone']")
    tab.wait("document.querySelector('[aria-label=\"Unmute the microphone\"]') !== null")
    # Whoever goes while words come makes livekit-client itself write an error to the console.
    tab.wait(f"{STATUS}.endsWith(' is listening')")
    tab.ask("click", selector=".duologue-end")
    tab.wait(f"{STATUS} === 'The conversation is over'")
    assert [one["transport"] for one in ledger.sessions] == ["livekit"]

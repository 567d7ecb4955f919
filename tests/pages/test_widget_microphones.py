"""Two microphones in the widget: one chooses in mid-call, and one that is unplugged is replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.conformance.conftest import ROOM_AGENTS
from tests.pages.cable import Cable
from tests.pages.microphones import PLUGGED, RATE, TONES, pitch
from tests.pages.tab import NETWORK
from tests.pages.widget import ROOT, WidgetTab
from tests.rooms.livekit import LiveKit
from tests.serving import House

pytestmark = pytest.mark.browser

Visit = Callable[..., WidgetTab]
LIST = f"{ROOT}.querySelector('.devices')"
NAMES = f"[...{LIST}.options].map(one => one.label)"
CHOSEN = f"{LIST}.selectedOptions[0]?.label"
FOREIGN = (
    "error: Access to fetch at .* has been blocked by CORS policy.*",
    "error: duologue: no session for .*",
)
"""What is said of a server of another origin that is not there."""
PUBLISHED = """[...document.querySelector('duologue-widget').session.getRoom().localParticipant
    .audioTrackPublications.values()].map(one => one.track?.mediaStreamTrack.label).join()"""


def choose(tab: WidgetTab, name: str) -> None:
    """Chooses a microphone from the list."""
    tab.ask("choose", selector="duologue-widget .devices", label=name)


def hears_tone(tab: WidgetTab, name: str) -> None:
    """Waits until what the page sends is this microphone's tone, and no other one is open."""
    tab.until(lambda: abs(pitch(tab) - TONES[name]) < 20, f"the tone of {name}")
    assert tab.run("live()") == [name]


def test_one_chooses_in_mid_call(visit: Visit, stage: House) -> None:
    """Sound comes from the chosen one; unplugged, the other one takes over, with a word."""
    tab = visit(stage, "plain", agent="parrot", default_open="", before=PLUGGED)
    tab.click("Talk")
    hears_tone(tab, "Desk")
    tab.until(lambda: tab.sees(".devices"), "the list of microphones")
    assert [tab.run(NAMES), tab.run(CHOSEN)] == [["Desk", "Headset"], "Desk"]
    choose(tab, "Headset")
    hears_tone(tab, "Headset")
    assert tab.run(CHOSEN) == "Headset"
    tab.run("unplug('Headset')")
    gone = "The microphone is gone; Desk is used now."
    tab.until(lambda: gone in tab.notices, "what happened")
    hears_tone(tab, "Desk")
    tab.until(lambda: not tab.sees(".devices"), "no list of one")
    assert not tab.sees(".mend")
    tab.run("plug('Headset')")
    tab.until(lambda: tab.sees(".devices"), "the list again")
    assert tab.run(CHOSEN) == "Desk", "the list says which one is heard"
    assert tab.violations() == []


def test_the_last_one_is_unplugged(visit: Visit, stage: House) -> None:
    """Without any the widget says so and one can type; plugged in again it is heard by itself."""
    tab = visit(stage, "plain", agent="parrot", default_open="", before=f"{PLUGGED};unplug('Desk')")
    tab.click("Talk")
    hears_tone(tab, "Headset")
    assert not tab.sees(".devices"), "one is no choice"
    tab.run("unplug('Headset')")
    tab.until(lambda: tab.inside(".mend strong") == "The microphone is gone", "what is wrong")
    assert tab.violations() == []
    tab.type("Hello, can you hear me?")
    tab.hears("loud and clear")
    tab.run("plug('Desk')")
    hears_tone(tab, "Desk")
    tab.until(lambda: not tab.sees(".mend"), "nothing wrong")


def test_a_muted_one_stays_muted(visit: Visit, stage: House) -> None:
    """Whoever is muted and chooses another microphone is not heard by that one either."""
    tab = visit(stage, "plain", agent="parrot", default_open="", before=PLUGGED)
    tab.click("Talk")
    hears_tone(tab, "Desk")
    tab.click(".mute")
    tab.reaches("Muted")
    choose(tab, "Headset")
    tab.wait("live().join() === 'Headset'")
    sent = len(tab.sound())
    tab.run("new Promise(done => setTimeout(done, 600))")
    assert len(tab.sound()) == sent
    assert tab.state == "Muted"
    tab.click(".mute")
    hears_tone(tab, "Headset")


def test_it_is_heard_again_after_a_broken_line(visit: Visit, cable: Cable) -> None:
    """Once the line is back, the same microphone sounds on it, and no second one was opened."""
    tab = visit(cable, "plain", agent="demo", default_open="", before=PLUGGED)
    tab.expected += [*NETWORK, *FOREIGN]
    tab.click("Talk")
    hears_tone(tab, "Desk")
    cable.unplug()
    tab.reaches("Reconnecting…")
    sent, lines = len(tab.sound()), {one.socket for one in tab.frames}
    cable.plug()
    tab.until(lambda: len(tab.sound()) > sent + 2 * RATE, "a second of sound")
    hears_tone(tab, "Desk")
    assert {one.socket for one in tab.frames if one.bytes and one.way == "sent"} - lines


@pytest.fixture(scope="module")
def parlour(
    built: None, livekit: LiveKit, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A server whose agents go into rooms."""
    data = tmp_path_factory.mktemp("parlour") / "data"
    with House(data, ROOM_AGENTS, mode="dev", **livekit.settings) as running:
        yield running


@pytest.mark.rooms
def test_in_a_room(visit: Visit, parlour: House) -> None:
    """In a room the chosen one is published, and then the one that is left."""
    tab = visit(parlour, "plain", agent="parrot", default_open="", before=PLUGGED)
    tab.click("Talk")
    tab.until(lambda: tab.sees(".devices"), "the list of microphones")
    tab.wait(f"{PUBLISHED} === 'Desk'")
    choose(tab, "Headset")
    tab.wait(f"{PUBLISHED} === 'Headset' && live().join() === 'Headset'")
    tab.run("unplug('Headset')")
    gone = "The microphone is gone; Desk is used now."
    tab.until(lambda: gone in tab.notices, "what happened")
    tab.wait(f"{PUBLISHED} === 'Desk' && live().join() === 'Desk'")
    assert not tab.sees(".mend")

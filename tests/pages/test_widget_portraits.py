"""What stands for the agent in the widget: a picture, a film while it waits, its living face."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from tests.pages.widget import ROOT, WidgetTab
from tests.rooms.avatars import standing_in
from tests.rooms.livekit import LiveKit
from tests.serving import House

from duologue.testing.avatar import Avatar

pytestmark = pytest.mark.browser

Visit = Callable[..., WidgetTab]
SHOWN = f"{ROOT}.querySelector('.portrait').firstElementChild"
LOOKS = f"{ROOT}.querySelector('.root').dataset.looks"
DRAWN = f"""(film => {{
    const canvas = Object.assign(document.createElement('canvas'), {{width: 8, height: 8}});
    const brush = canvas.getContext('2d');
    brush.drawImage(film, 0, 0, 8, 8);
    return [...brush.getImageData(0, 0, 1, 1).data];
}})({SHOWN})"""
"""The colour in the corner of the film."""

AGENTS = '''
from livekit.agents import Agent
import duologue
from duologue.testing.models import ScriptedAnswers, ToneTTS

def models():
    return {"tts": ToneTTS, "llm": lambda: ScriptedAnswers(["Yes."] * 20)}

@duologue.agent("filmed", greeting="Hi.", avatar="/face.svg", idle_loop="/film.webm", **models())
def filmed() -> Agent:
    """Waits in a film."""
    return Agent(instructions="Answer.")

@duologue.agent("painted", greeting="Hi.", avatar="/face.svg", **models())
def painted() -> Agent:
    """Is a picture."""
    return Agent(instructions="Answer.")
'''


@pytest.fixture(scope="module")
def studio(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server whose agents have pictures."""
    folder = tmp_path_factory.mktemp("studio")
    file = folder / "studio.py"
    file.write_text(AGENTS)
    with House(folder / "data", file, mode="dev") as running:
        yield running


@pytest.fixture(scope="module")
def parlour(
    built: None, livekit: LiveKit, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """The same server with rooms."""
    folder = tmp_path_factory.mktemp("parlour")
    file = folder / "parlour.py"
    file.write_text(AGENTS)
    with House(folder / "data", file, mode="dev", **livekit.settings) as running:
        yield running


def test_a_film_while_it_waits(visit: Visit, studio: House) -> None:
    """The agent's own film plays over and over, silent, before the call and in it."""
    tab = visit(studio, "strict", agent="filmed", default_open="", reducedMotion="no-preference")
    tab.wait(f"{LOOKS} === 'round'")
    tab.wait(f"{SHOWN}.currentTime > 0.3")
    assert tab.run(f"[{SHOWN}.muted, {SHOWN}.loop, {SHOWN}.paused]") == [True, True, False]
    red, green, blue, _ = tab.run(DRAWN)
    assert abs(red - 217) + abs(green - 228) + abs(blue - 221) < 40, "the film's own colour"
    size = f"{SHOWN}.getBoundingClientRect()"
    assert tab.run(f"{size}.width") == tab.run(f"{size}.height") > 80
    assert tab.violations() == []
    tab.run(f"void (globalThis.film = {SHOWN})")
    tab.click("Talk")
    tab.hears("Hi.")
    tab.reaches("Listening")
    assert tab.run(f"{SHOWN} === film && !film.paused"), "the same film goes on"
    assert tab.violations() == []


def test_a_film_stands_still_for_who_wants_that(visit: Visit, studio: House) -> None:
    """Under reduced motion the film shows its first picture and does not move."""
    tab = visit(studio, "plain", agent="filmed", default_open="")
    tab.wait(f"{SHOWN}?.readyState >= 2")
    assert tab.run(f"[{SHOWN}.paused, {SHOWN}.currentTime]") == [True, 0]
    red, green, _, _ = tab.run(DRAWN)
    assert abs(red - 217) + abs(green - 228) < 30, "it is a picture, and not nothing"


def test_a_picture_of_the_agents_own(visit: Visit, studio: House) -> None:
    """The agent's picture is shown where the tag says nothing; the tag's word comes first."""
    tab = visit(studio, "strict", agent="painted", default_open="")
    tab.wait(f"{LOOKS} === 'round' && {SHOWN}.naturalWidth > 0")
    tag = "document.querySelector('duologue-widget')"
    tab.run(f"{tag}.setAttribute('avatar', '/film.webm')")
    tab.wait(f"{SHOWN}.localName === 'video' && {SHOWN}.readyState >= 2")
    tab.run(f"{tag}.setAttribute('avatar', 'orb')")
    tab.wait(f"{LOOKS} === 'orb' && {SHOWN} === null")
    tab.run(f"{tag}.removeAttribute('avatar')")
    tab.wait(f"{LOOKS} === 'round' && {SHOWN}.localName === 'img'")


def test_a_film_that_is_not_there(visit: Visit, studio: House) -> None:
    """A film that cannot be played leaves the two circles."""
    tab = visit(studio, "plain", agent="painted", default_open="", avatar="/words.mp4")
    tab.wait(f"{LOOKS} === 'orb' && {SHOWN} === null")
    tab.run("document.querySelector('duologue-widget').setAttribute('avatar', '/face.svg')")
    tab.wait(f"{LOOKS} === 'round'")


@pytest.mark.rooms
async def test_a_living_face(visit: Visit, parlour: House, livekit: LiveKit) -> None:
    """An avatar's picture takes the place of the agent's film, and gives it back when it ends."""
    tab = visit(parlour, "plain", agent="filmed", default_open="", mode="text")
    tab.type("One.")
    tab.hears("Yes.")
    room, identity = tab.run(
        "(room => [room.name, [...room.remoteParticipants.keys()][0]])"
        "(document.querySelector('duologue-widget').session.getRoom())"
    )
    async with standing_in(livekit, room, identity) as joined:
        async with Avatar(joined, identity):
            await asyncio.to_thread(tab.wait, f"{LOOKS} === 'film'")
            await asyncio.to_thread(
                tab.wait, f"{SHOWN}.videoWidth > 0 && {SHOWN}.currentTime > 0.2"
            )
            assert tab.run(f"[{SHOWN}.muted, {SHOWN}.paused]") == [True, False]
            width, height = tab.run(f"(r => [r.width, r.height])({SHOWN}.getBoundingClientRect())")
            shape = tab.run(f"{SHOWN}.videoWidth / {SHOWN}.videoHeight")
            assert height > 100
            assert abs(width / height - shape) < 0.02, "nothing of the face is cut off"
            assert await asyncio.to_thread(tab.violations) == []
        await asyncio.to_thread(tab.wait, f"{LOOKS} === 'round'")
        assert tab.run(f"{SHOWN}.srcObject") is None
    tab.click(".end")
    tab.reaches("You left")

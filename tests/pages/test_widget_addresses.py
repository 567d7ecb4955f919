"""Where the widget takes what it needs from, and what its tag says of other tabs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.pages.tab import NETWORK
from tests.pages.widget import ROOT, WidgetTab
from tests.serving import House

pytestmark = pytest.mark.browser

Visit = Callable[..., WidgetTab]
MODULES = """globalThis.modules = []; const add = AudioWorklet.prototype.addModule;
AudioWorklet.prototype.addModule = function (url) {
  modules.push(String(url)); return add.call(this, url); };"""
"""Browsers keep no times of worklets."""
ASKED = "performance.getEntriesByType('resource').map(one => one.name)"

AGENTS = '''
from livekit.agents import Agent
import duologue
from duologue.testing.models import ScriptedAnswers, ToneTTS

@duologue.agent("free", greeting="Hi.", tts=ToneTTS, overrides=("tabs",),
    llm=lambda: ScriptedAnswers(["Yes."] * 20))
def free() -> Agent:
    """Lets pages say what a second tab does."""
    return Agent(instructions="Answer.")

@duologue.agent("firm", greeting="Hi.", tts=ToneTTS, llm=lambda: ScriptedAnswers(["Yes."] * 20))
def firm() -> Agent:
    """Lets pages say nothing of it."""
    return Agent(instructions="Answer.")
'''


@pytest.fixture(scope="module")
def desk(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server with an agent that leaves its tabs to the page, and one that does not."""
    folder: Path = tmp_path_factory.mktemp("desk")
    file = folder / "desk.py"
    file.write_text(AGENTS)
    with House(folder / "data", file, mode="dev") as running:
        yield running


def talks(tab: WidgetTab) -> None:
    """Talks, and is heard both ways."""
    tab.click("Talk")
    tab.reaches("Listening")
    tab.until(lambda: len(tab.sound()) > 6400, "the microphone")
    tab.until(lambda: bool(tab.turns), "the greeting")
    tab.until(lambda: max(tab.heard_of(tab.turns[0]), default=0) > 100, "who hears it")


def test_worklets_of_the_pages_own(visit: Visit, stage: House) -> None:
    """`worklet-url` brings the file of the sound from there, and only that."""
    own = {"worklet_url": "/own/worklet.js", "before": MODULES}
    tab = visit(stage, "plain", agent="parrot", default_open="", **own)
    talks(tab)
    assert tab.run("modules") == [tab.run("location.origin") + "/own/worklet.js"]
    assert f"{stage.url}/assets/duologue.js" in tab.run(ASKED)


def test_a_client_of_the_pages_own(visit: Visit, stage: House) -> None:
    """`client-url` brings the client from there, and its worklets from beside it."""
    own = {"client_url": "/own/duologue.js", "before": MODULES}
    tab = visit(stage, "plain", agent="parrot", default_open="", **own)
    talks(tab)
    here = tab.run("location.origin")
    assert tab.run("modules") == [f"{here}/own/worklet.js"]
    assert f"{here}/own/duologue.js" in tab.run(ASKED)
    assert [one for one in tab.run(ASKED) if "/assets/" in one] == []


def test_a_client_that_is_not_there(visit: Visit, stage: House) -> None:
    """A wrong `client-url` is said when one talks, and mended it is tried again."""
    tab = visit(stage, "plain", agent="parrot", default_open="", client_url="/own/nothing.js")
    tab.expected += [*NETWORK, ".*MIME type.*", ".*nothing.js.*"]
    tab.click("Talk")
    tab.reaches("The server does not answer")
    [wrong] = tab.events("error")
    assert "nothing.js" in wrong["message"]
    assert tab.violations() == []
    tab.run("document.querySelector('duologue-widget').removeAttribute('client-url')")
    tab.click(".big >> nth=0")
    tab.hears("Hi.")


def test_a_server_elsewhere(visit: Visit, house: House, stage: House) -> None:
    """With `base-url` the script comes from one server, and all the rest from another."""
    tab = visit(house, "plain", agent="parrot", default_open="", base_url=f"{stage.url}/")
    tab.until(lambda: tab.inside(".greeting") == "Hi.", "the face")
    talks(tab)
    of_house = [one for one in tab.run(ASKED) if one.startswith(house.url)]
    assert of_house == [f"{house.url}/duologue.js"]
    assert f"{stage.url}/api/widget/session" in tab.run(ASKED)


def two(visit: Visit, desk: House, agent: str, tabs: str) -> tuple[WidgetTab, WidgetTab]:
    """A tab in which somebody talks, and another one in which the same call is resumed."""
    tag = {"agent": agent, "tabs": tabs, "default_open": "", "mode": "text"}
    first = visit(desk, "plain", **tag)
    first.type("One.")
    first.hears("Yes.")
    second = visit(desk, "plain", beside=first, **tag)
    second.expected += NETWORK
    second.until(lambda: "Resume" in second.buttons, "the choice")
    second.click("Resume")
    return first, second


def test_tabs_that_take_over(visit: Visit, desk: House) -> None:
    """With `tabs="takeover"` the first tab says where it goes on, and can take it back."""
    first, second = two(visit, desk, "free", "takeover")
    first.reaches("It goes on elsewhere")
    assert first.inside(".detail") == "You opened it in another tab or on another device."
    assert first.buttons == ["Take it back here", "New conversation"]
    second.reaches("Your turn")
    second.hears("Yes.")


def test_tabs_that_are_refused(visit: Visit, desk: House) -> None:
    """With `tabs="reject"` the second tab says that it is open elsewhere; the first goes on."""
    first, second = two(visit, desk, "free", "reject")
    second.reaches("It is open in another place")
    assert second.inside(".detail") == "Close it there, then try again."
    assert second.violations() == []
    assert first.state == "Your turn"
    before = len(first.transcript)  # who types at once may cut the greeting before it is heard
    first.type("Two.")
    first.until(lambda: len(first.transcript) == before + 2, "another answer")
    first.click(".end")

    def comes_in() -> bool:
        if second.state == "It is open in another place":  # the server may not know yet who left
            second.click(".big >> nth=0")
        return bool(second.transcript)

    second.until(comes_in, "the conversation in the other tab")
    second.hears("Yes.")


def test_tabs_that_share(visit: Visit, desk: House) -> None:
    """With `tabs="share"` both tabs show one conversation, whoever of them types."""
    first, second = two(visit, desk, "free", "share")

    def agree() -> bool:
        said = first.transcript
        return said == second.transcript and not any(one.moving for one in said)

    for tab in (first, second):
        tab.reaches("Your turn")
    second.until(agree, "the same in both")
    before = first.transcript
    second.type("Two.")
    for tab in (first, second):
        tab.hears("Two.", "user")
        tab.wait(f"{ROOT}.querySelectorAll('.said').length === {len(before) + 2}")
        tab.reaches("Your turn")
    second.until(agree, "the same in both")
    assert first.transcript[:-2] == before


def test_tabs_that_the_agent_decides(visit: Visit, desk: House) -> None:
    """What an agent does not leave to pages is its own: nobody is refused for a tag that asks."""
    first, second = two(visit, desk, "firm", "reject")
    first.reaches("It goes on elsewhere")
    second.reaches("Your turn")

"""What an agent's owner has a say in: looks, terms, and where its visitors are led."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from tests.pages.widget import ROOT, WidgetTab
from tests.serving import House

pytestmark = pytest.mark.browser

Visit = Callable[..., WidgetTab]
HELLO = "Hello, can you hear me?"
TERMS = "We keep what is said for thirty days."

AGENTS = f'''
from livekit.agents import Agent
import duologue
from duologue.agents.demo.brain import DemoBrain
from duologue.agents.widget import Widget
from duologue.testing.models import ToneTTS

@duologue.agent("careful", greeting="Good day.", tts=ToneTTS, llm=DemoBrain,
    widget=Widget(title="Reception", accent="#1a7f5a", consent={TERMS!r}, record_notice=True,
        feedback=True, suggestions=("Can you hear me?",), attributes=("theme",)))
def careful() -> Agent:
    """Asks before it talks, and lets pages choose the theme only."""
    return Agent(instructions="Answer.")

class Guide(Agent):
    """Leads where it is told to, and tells which page it was asked from."""

    def __init__(self) -> None:
        super().__init__(instructions="Lead.")
        duologue.current().on_data(self.asked)

    def asked(self, message: object) -> None:
        """A page asks to be led somewhere."""
        here = duologue.current()
        if isinstance(message, dict) and "go" in message:
            here.navigate(str(message["go"]))

@duologue.agent("guide", greeting="Where to?", tts=ToneTTS, llm=DemoBrain)
def guide() -> Agent:
    """Leads visitors through the site."""
    return Guide()
'''


@pytest.fixture(scope="module")
def careful(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server whose agent asks for consent."""
    folder: Path = tmp_path_factory.mktemp("careful")
    file = folder / "careful.py"
    file.write_text(AGENTS)
    with House(folder / "data", file, mode="dev") as running:
        yield running


def test_consent_comes_first(visit: Visit, house: House) -> None:
    """Nothing is asked of the server before the terms are agreed to; that is remembered."""
    tab = visit(house, "plain", agent="demo", default_open="", consent=TERMS, mode="text")
    tab.type(HELLO)
    tab.until(lambda: tab.inside(".terms") == TERMS, "the terms")
    assert tab.frames == []
    assert tab.violations() == []
    assert tab.run(f"{ROOT}.querySelector('.dock').inert"), "what the terms cover is not reached"
    tab.click("Not now")
    tab.until(lambda: not tab.sees(".consent"), "no terms")
    assert tab.focused == "box", "the focus is not lost with the button"
    tab.type(HELLO)
    tab.click("Agree and go on")
    tab.hears("loud and clear")
    digest = sha256(TERMS.encode()).hexdigest()
    assert tab.run(f"Number(localStorage['duologue consent {digest}']) > 1e12")
    tab.click(".end")
    tab.reload()
    tab.until(lambda: "New conversation" in tab.buttons or "Resume" in tab.buttons, "the choice")
    tab.click("New conversation")
    tab.until(lambda: len(tab.transcript) > 0, "a conversation that asks nothing again")


def test_the_owner_of_the_agent_decides(visit: Visit, careful: House) -> None:
    """Its title, colour, terms, notice and feedback hold; a page may say the theme and no more."""
    tab = visit(careful, "plain", agent="careful", default_open="", title="Mine", theme="dark")
    tab.until(lambda: tab.inside(".name") == "Reception", "the owner's title")
    assert tab.run(f"{ROOT}.querySelector('.root').dataset.theme") == "dark"
    assert tab.inside(".record") == "This conversation is kept."
    tab.click("Talk")
    tab.until(lambda: tab.inside(".terms") == TERMS, "the terms")
    tab.click("Agree and go on")
    tab.hears("Good day.")
    tab.click(".end")
    tab.until(lambda: tab.inside(".feedback .title") == "How was it?", "the question")
    assert tab.violations() == []


def test_the_agent_leads_to_another_page(visit: Visit, careful: House) -> None:
    """The page hears of it and may stay; else its router goes, or the widget itself."""
    tab = visit(careful, "plain", agent="guide", default_open="", mode="text")
    tab.type("Hello.")
    tab.until(lambda: len(tab.transcript) > 1, "a conversation")
    widget = "document.querySelector('duologue-widget')"
    assert tab.run(f"{widget}.session.snapshot.audioElement.muted"), (
        "whoever reads is not spoken to"
    )
    go = f"{widget}.session.sendData"
    tab.run("addEventListener('duologue-navigate', e => e.preventDefault(), {once: true})")
    tab.run(f"{go}({{go: '/first'}})")
    tab.until(lambda: tab.events("navigate") == [{"url": "/first"}], "the event")
    tab.run(f"void (globalThis.went = [], {widget}.onNavigate = url => went.push(url))")
    tab.run(f"{go}({{go: '/second'}})")
    tab.wait("went.join() === '/second'")
    tab.run(f"void ({widget}.onNavigate = null)")
    tab.run(f"{go}({{go: '/plain?agent=guide&default-open=&mode=text&third'}})")
    tab.wait("location.search.endsWith('third')")
    tab.until(lambda: len(tab.transcript) > 1, "the same conversation on the next page")
    assert tab.sent("client.end") == 0

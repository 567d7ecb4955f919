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
        if isinstance(message, dict) and "write" in message:
            here.chat(str(message["write"]))

@duologue.agent("taped", greeting="Good day.", tts=ToneTTS, llm=DemoBrain, record=True)
def taped() -> Agent:
    """Is recorded, whatever a page says of that."""
    return Agent(instructions="Answer.")

@duologue.agent("guide", greeting="Where to?", tts=ToneTTS, llm=DemoBrain)
def guide() -> Agent:
    """Leads visitors through the site."""
    return Guide()
'''

YESTERDAY = """
const load = globalThis.fetch;
globalThis.fetch = async (url, init) => {
  const answer = await load(url, init);
  if (!String(url).includes('/api/widget/agent') || init?.cache === 'reload') return answer;
  const consent = {text: 'Old terms.', url: null, hash: '0'.repeat(64)};
  return Response.json({...await answer.json(), consent});
};
"""
"""A browser whose cache knows the agent as it was before its owner edited the terms."""


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


def lend(tab: WidgetTab, house: House, count: int = 1) -> None:
    """Puts widgets into the page which show one session of the page's own."""
    tab.run(f"""(async () => {{
        const {{ LiveKitSession }} = await import('{house.url}/assets/duologue.js');
        globalThis.session = new LiveKitSession({{agentId: 'careful', baseUrl: '{house.url}'}});
        session.onError = () => {{}};
        for (let place = 0; place < {count}; place++) {{
            const one = document.createElement('duologue-widget');
            one.setAttribute('experience-mode', 'EMBEDDED');
            one.controlledSession = session.snapshot;
            session.subscribe(() => {{ one.controlledSession = session.snapshot; }});
            document.querySelector('main').append(one);
        }}
    }})()""")


def test_a_session_of_the_page_asks_for_consent(visit: Visit, careful: House) -> None:
    """The widget of a session that a page holds shows the terms before it connects, and the server
    is told; so it is on the next page, where nothing is asked any more.
    """
    tab = visit(careful, "empty")
    lend(tab, careful)
    tab.until(lambda: "Good day." in tab.inside(".greeting"), "the face")
    tab.click("Talk")
    tab.until(lambda: tab.inside(".terms") == TERMS, "the terms")
    assert tab.run("session.snapshot.line") == "idle"
    assert tab.violations() == []
    tab.click("Not now")
    tab.until(lambda: tab.buttons == ["Talk"], "the button again")
    tab.click("Talk")
    tab.click("Agree and go on")
    tab.hears("Good day.")
    digest = sha256(TERMS.encode()).hexdigest()
    assert [one["hash"] for one in tab.events("consent")] == [digest]
    assert tab.run("session.consent.hash") == digest
    tab.reload()
    lend(tab, careful)
    tab.wait("session.consent !== null")
    tab.run("void session.connect()")
    tab.wait("session.snapshot.line === 'connected'")
    assert tab.events("consent") == []
    assert not tab.sees(".consent")


def test_a_page_that_knows_of_no_terms(visit: Visit, careful: House) -> None:
    """Where the page opens its session by itself, the terms are shown after the server's refusal,
    on each of two surfaces; who agrees on one has agreed.
    """
    tab = visit(careful, "empty")
    tab.expected += ["error: Failed to load resource.*403.*"]
    lend(tab, careful, 2)
    tab.run("void session.connect().catch(() => null)")
    both = """[...document.querySelectorAll('duologue-widget')].map(one =>
        one.shadowRoot.querySelector('.consent').checkVisibility()).join()"""
    tab.wait(f"({both}) === 'true,true'")
    tab.click(".consent .big >> nth=0")
    tab.wait("session.snapshot.line === 'connected'")
    assert tab.run(both) == "false,false"


@pytest.mark.parametrize("lends", [False, True], ids=["own", "lent"])
def test_terms_change_while_a_page_is_open(visit: Visit, careful: House, lends: bool) -> None:
    """The server refuses who agreed to the old ones; the new ones are shown, without a reload."""
    page = {"name": "empty"} if lends else {"name": "plain", "agent": "careful", "default_open": ""}
    tab = visit(careful, before=YESTERDAY, **page)
    tab.expected += ["error: Failed to load resource.*403.*"]
    if lends:
        lend(tab, careful)
        tab.until(lambda: "Good day." in tab.inside(".greeting"), "the face")
    tab.click("Talk")
    tab.until(lambda: tab.inside(".terms") == "Old terms.", "the terms of yesterday")
    tab.click("Agree and go on")
    tab.until(lambda: tab.inside(".terms") == TERMS, "the terms that hold")
    tab.click("Agree and go on")
    tab.hears("Good day.")
    digest = sha256(TERMS.encode()).hexdigest()
    assert [one["hash"] for one in tab.events("consent")] == ["0" * 64, digest]


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


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "This conversation is recorded."),
        ("de", "Dieses Gespräch wird aufgezeichnet."),
        ("es", "Esta conversación se graba."),
        ("fr", "Cette conversation est enregistrée."),
        ("ar", "تُسجَّل هذه المحادثة."),
    ],
)
def test_who_is_recorded_reads_it_before_the_first_word(
    visit: Visit, careful: House, language: str, words: str
) -> None:
    """In the language of the widget, and no page hides it."""
    tab = visit(
        careful,
        "plain",
        agent="taped",
        default_open="",
        record_notice="false",
        language=language,
        mode="text",
    )
    tab.until(lambda: tab.inside(".record") == words, "the notice")
    assert tab.sees(".record")
    assert tab.frames == []
    tab.type(HELLO)
    tab.until(lambda: len(tab.transcript) > 1, "a conversation")
    assert tab.inside(".record") == words
    recorded = "document.querySelector('duologue-widget').session.snapshot.recorded"
    assert tab.run(recorded) is True
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
    tab.wait("location.search.endsWith('third') && document.readyState === 'complete'")
    tab.until(lambda: len(tab.transcript) > 1, "the same conversation on the next page")
    assert tab.sent("client.end") == 0


def test_what_the_agent_writes_is_read_out_though_its_voice_is_on(
    visit: Visit, careful: House
) -> None:
    """No voice says it, and the log is silent while one says the rest; what it says is not read."""
    tab = visit(careful, "plain", agent="guide", default_open="")
    tab.click("Talk")
    tab.hears("Where to?")
    log, aside = (f"{ROOT}.querySelector('{one}')" for one in (".log", ".aside"))
    tab.wait(f"{log}.getAttribute('aria-live') === 'off'")
    tab.run("document.querySelector('duologue-widget').session.sendData({write: '1 High Street'})")
    tab.wait(f"{aside}.textContent !== ''")
    assert tab.run(f"{aside}.textContent").endswith(": 1 High Street")
    assert tab.run(f"{aside}.getAttribute('role') + {aside}.checkVisibility()") == "statustrue"
    assert "1 High Street" in [one.text for one in tab.transcript]
    assert tab.violations() == []

"""The live view as people have it: a real call is watched, joined, taken over and handed back."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx
import pytest
from tests.pages.conftest import QUIET, Opener
from tests.pages.tab import NETWORK, Tab
from tests.pages.test_console_pages import SIZES, go
from tests.serving import House

from duologue import BlockingSession, TokenSource
from duologue.testing.caller import SyntheticCaller
from duologue.testing.speech import Recording, silence, speak

pytestmark = pytest.mark.browser
T = TypeVar("T")
HELD = "[data-live][data-mine]"
FOLLOWS = """(() => {
  window.loud = { user: 0, agent: 0 };
  window.did = new Set();
  const level = (side) => document.querySelector(`.level.${side} .fill`).getAttribute('width');
  const see = () => {
    for (const side of ['user', 'agent']) {
      window.loud[side] = Math.max(window.loud[side], parseInt(level(side)));
    }
    window.did.add(document.querySelector('[data-doing]').innerText.trim());
  };
  const changes = { attributes: true, childList: true, characterData: true, subtree: true };
  for (const part of ['.sides', '[data-doing]']) {
    new MutationObserver(see).observe(document.querySelector(part), changes);
  }
})()"""
"""Keeps how loud both sides were at most, and what the agent did."""
HEARS = """(() => {
  window.loudest = 0;
  const Real = WebSocket;
  window.WebSocket = class extends Real {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => {
        if (typeof data === 'string') return;
        for (const one of new Int16Array(data)) window.loudest = Math.max(window.loudest, one);
      });
    }
  };
})()"""
"""Keeps how loud the sound was that came to the page at most."""


class Phone:
    """A caller that speaks in real time, beside the test."""

    def __init__(self, house: House) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self.caller = SyntheticCaller(house.url, agent="demo", key="", client="own")

    def __enter__(self) -> Self:
        self._thread.start()
        self.do(self.caller.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        self.do(self.caller.leave())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def conversation(self) -> str:
        """The id of what is said."""
        return str(self.caller.conversation_id)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """What something that the caller does results in."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)


@pytest.fixture
def phone(house: House) -> Iterator[Phone]:
    """Somebody who called the demo agent, and was greeted."""
    with Phone(house) as calling:
        calling.do(calling.caller.answer())
        yield calling


def enter(tab: Tab, house: House, *options: str) -> None:
    """Signs the tab in."""
    go(tab, house.command("console", "login", "--url", house.url, *options)["url"])
    tab.ask("click", selector="main button")
    tab.wait("location.pathname === '/console'")


def watch(tab: Tab, conversation: str) -> None:
    """Leads the tab to a conversation that goes on."""
    go(tab, f"/console/live/{conversation}")
    says(tab, "[data-line]", "Connected")


def says(tab: Tab, selector: str, words: str) -> None:
    """Waits until an element that can be seen holds these words."""
    found = f"[...document.querySelectorAll({json.dumps(selector)})]"
    shown = (
        f"{found}.some(one => one.checkVisibility() && one.innerText.includes({json.dumps(words)}))"
    )
    tab.wait(shown)


def test_a_spoken_call_is_seen_as_it_goes_by_two(
    opener: Opener, house: House, phone: Phone
) -> None:
    """Words of both, what the agent does, and how loud it is; whoever only looks has no buttons."""
    owner, viewer = opener(house), opener(house)
    enter(owner, house, "--name", "Ada")
    enter(viewer, house, "--name", "Vic", "--role", "viewer")
    for tab in (owner, viewer):
        watch(tab, phone.conversation)
        says(tab, "[data-said] .agent", "This is the Corner Table")
    owner.run(FOLLOWS)
    phone.do(phone.caller.say("I would like to book a table for four people please."))
    answer = phone.do(phone.caller.answer())
    for tab in (owner, viewer):
        says(tab, "[data-said] .user", "book a table for four")
        says(tab, "[data-said] .agent", answer.text)
    owner.wait("window.loud.user > 30")
    owner.wait("window.loud.agent > 30")
    owner.wait("[...window.did].join(' ').includes('speaking')")
    assert owner.run("document.querySelectorAll('[data-do]').length") == 6
    assert viewer.run("document.querySelectorAll('[data-do]').length") == 0
    assert owner.violations() == []
    assert viewer.violations() == []
    phone.do(phone.caller.leave())
    says(owner, "[data-doing]", "over")
    says(owner, "[data-gone]", "It is over")


@pytest.mark.parametrize("size", SIZES, ids=("desktop", "phone"))
def test_an_owner_takes_over_and_hands_back(
    opener: Opener, house: House, size: dict[str, int]
) -> None:
    """By the keyboard alone; the visitor reads the person's words, and the agent goes on."""
    server = TokenSource.duologue(house.url)
    with BlockingSession(server, agent_name="demo", transport="websocket") as talk:
        talk.wait_for_reply()
        tab = opener(house, viewport=size)
        enter(tab, house, "--name", "Ada")
        go(tab, "/console/live")
        says(tab, ".goes .words", "This is the Corner Table")
        assert tab.violations() == []
        row = f".goes td.words a[href$='{talk.session.conversation_id}']"
        tab.run(f"document.querySelector({row!r}).focus()")
        tab.press("Enter")
        says(tab, "[data-live=one] [data-line]", "Connected")
        tab.run("document.querySelector('form[data-do=takeover] button').focus()")
        tab.press("Enter")
        tab.wait(f"document.querySelector('{HELD}') !== null")
        tab.wait("document.activeElement.closest('form')?.dataset.do === 'speak'")
        says(tab, "[data-doing]", "Ada answers")
        talk.send("Is there a table by the window?")
        says(tab, "[data-said] .user", "Is there a table by the window?")
        box = "form[data-do=speak] textarea"
        tab.ask("fill", selector=box, text="There is one, I kept it for you.")
        tab.press("Enter")
        reply = talk.wait_for_reply()
        assert reply == "There is one, I kept it for you."
        says(tab, "[data-said] .person", "There is one, I kept it for you.")
        says(tab, "[data-said] .person b", "Ada, in the agent’s place")
        tab.wait(f"document.querySelector('{box}').value === ''")
        assert tab.violations() == []
        tab.ask("click", selector="form[data-do=handback] button")
        tab.wait("document.querySelector('[data-held]') === null")
        says(tab, "[data-said] .aside", "with the agent again")
        talk.send("What can you do?")
        reply = talk.wait_for_reply()
        says(tab, "[data-said] .agent", reply[:40])
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not tab.run(
            f"{wide} && document.querySelector('[data-live]').scrollWidth > innerWidth"
        )


@pytest.mark.parametrize("size", SIZES, ids=("desktop", "phone"))
def test_an_owner_speaks_and_listens(
    opener: Opener,
    house: House,
    phone: Phone,
    microphone: Callable[[Recording], None],
    size: dict[str, int],
) -> None:
    """By a real microphone: the visitor hears them, they hear the visitor, and words follow."""
    words = "I would like to book a table for four people please."
    # It plays as soon as it is open, and nobody hears it before the line is there as well.
    microphone(silence(4.0, 16000) + speak(words).at(16000) + QUIET)
    tab = opener(house, viewport=size, before=HEARS)
    enter(tab, house, "--name", "Ada")
    watch(tab, phone.conversation)
    assert not tab.shows("[data-voice]")
    tab.ask("click", selector="form[data-do=takeover] button")
    tab.wait("document.activeElement.closest('form')?.dataset.do === 'speak'")
    tab.ask("click", selector="[data-voice]")
    says(tab, "[data-voice-says]", "the visitor hears you")
    says(tab, "[data-voice]", "Stop speaking")
    said = phone.do(phone.caller.answer())
    assert "book a table for four" in said.text
    assert said.received > 2 * 16000
    says(tab, "[data-said] .person", "book a table for four")
    assert tab.violations() == []
    phone.do(phone.caller.say("What do you have for breakfast?"))
    tab.wait("window.loudest > 3000")
    tab.ask("click", selector="[data-voice]")
    says(tab, "[data-voice]", "Speak yourself")
    assert not tab.shows("[data-voice-says]")
    tab.ask("click", selector="[data-voice]")
    says(tab, "[data-voice-says]", "the visitor hears you")
    tab.ask("click", selector="form[data-do=handback] button")
    tab.wait("document.querySelector('[data-held]') === null")
    tab.wait("document.querySelector('[data-voiced]') === null")
    assert not tab.shows("[data-voice]")


def test_say_interrupt_and_end(opener: Opener, house: House) -> None:
    """What an owner writes is said, cut, and over for good; a refusal stands on the page."""
    server = TokenSource.duologue(house.url)
    with BlockingSession(server, agent_name="demo", transport="websocket") as talk:
        talk.wait_for_reply()
        tab, other = opener(house), opener(house)
        for each, name in ((tab, "Ada"), (other, "Bob")):
            enter(each, house, "--name", name)
            go(each, "/console/live")
            each.ask("click", selector=f".goes td.words a[href$='{talk.session.conversation_id}']")
            says(each, "[data-live=one] [data-line]", "Connected")
        tab.ask("fill", selector="form[data-do=say] textarea", text="We close in one minute.")
        tab.press("Enter")
        assert talk.wait_for_reply() == "We close in one minute."
        says(other, "[data-said] .agent", "We close in one minute.")
        tab.wait("document.querySelector('form[data-do=say] textarea').value === ''")
        long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
        tab.ask("fill", selector="form[data-do=say] textarea", text=long)
        tab.press("Enter")
        says(tab, "[data-doing]", "speaking")
        says(tab, "[data-said] .agent", "fourteen")
        tab.ask("click", selector="form[data-do=interrupt] button")
        says(other, "[data-said] .agent b", "interrupted")
        other.ask("click", selector="form[data-do=takeover] button")
        says(tab, ".deeds", "Bob answers in the agent’s place")
        assert not tab.shows("form[data-do=say]")
        refused = """fetch(document.querySelector('form[data-do=say]').action, {method: 'POST',
            body: new URLSearchParams({text: 'Hi'})}).then(one => one.status)"""
        tab.expected.append(r"error: Failed to load resource: .* 409 .*")
        assert tab.run(refused) == 409
        tab.ask("click", selector="aside summary")
        tab.ask("fill", selector=".end input", text="closing time")
        tab.press("Enter")
        says(other, "[data-gone]", "closing time")
        says(tab, "[data-gone]", "It is over")


def test_what_is_written_while_words_are_sent_stays(opener: Opener, house: House) -> None:
    """The box is emptied by what was sent from it, and not of what was begun meanwhile."""
    server = TokenSource.duologue(house.url)
    with BlockingSession(server, agent_name="demo", transport="websocket") as talk:
        talk.wait_for_reply()
        tab = opener(house)
        enter(tab, house)
        watch(tab, talk.session.conversation_id)
        tab.run(
            "(real => { window.fetch = (...given) => new Promise("
            "done => { window.go = () => done(real(...given)); }); })(window.fetch)"
        )
        box = "form[data-do=say] textarea"
        tab.ask("fill", selector=box, text="We close in one minute.")
        tab.press("Enter")
        tab.wait("window.go !== undefined")
        for key in " Bye.":
            tab.press(key)
        tab.run("window.go()")
        assert talk.wait_for_reply() == "We close in one minute."
        tab.wait("!document.querySelector('form[data-do=say] button').disabled")
        assert tab.run(f"document.querySelector('{box}').value") == "Bye."


def test_a_server_that_goes_away_is_waited_for(opener: Opener, built: None, tmp_path: Path) -> None:
    """The page says that it connects again, and does; what it shows is as it is then."""
    with House(tmp_path / "data", mode="dev") as house:
        tab = opener(house)
        tab.expected += NETWORK
        enter(tab, house)
        go(tab, "/console/live")
        says(tab, "[data-line]", "Connected")
        says(tab, ".empty", "Nobody is talking right now")
        house.stop()
        says(tab, "[data-line]", "Reconnecting")
        house.start()
        says(tab, "[data-line]", "Connected")
        with Phone(house) as calling:
            calling.do(calling.caller.answer())
            says(tab, ".goes .words", "This is the Corner Table")
        tab.wait("document.querySelector('.goes tbody tr') === null")
        assert tab.shows(".empty")


def test_a_visitor_sees_on_the_page_that_a_person_is_there(opener: Opener, house: House) -> None:
    """And that the agent is back; the person's words stand where the agent's do."""
    tab = opener(house, agent="Demo")
    tab.tap("start")
    tab.hears("Corner Table")
    key = {"authorization": f"Bearer {house.secret_key()}"}
    with httpx.Client(base_url=f"{house.url}/v1/conversations", headers=key) as owner:
        talk = owner.get("", params={"limit": 1}).json()["items"][0]["id"]
        assert owner.post(f"/{talk}/takeover", json={"name": "Ada"}).status_code == 200
        tab.until(lambda: "You are talking with a person now." in tab.notices, "the notice")
        assert owner.post(f"/{talk}/speak", json={"text": "I am Ada."}).status_code == 200
        tab.hears("I am Ada.")
        assert owner.post(f"/{talk}/handback").status_code == 200
        tab.until(lambda: "You are talking with the agent again." in tab.notices, "the notice")

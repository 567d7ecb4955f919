"""A call through the widget: each of its states is shown, looks right to axe-core, and leads on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.pages.widget import WidgetTab
from tests.serving import House

from duologue.testing.speech import Recording, silence, speak

pytestmark = pytest.mark.browser

LABEL = "document.querySelector('duologue-widget').shadowRoot.querySelector('.label').textContent"
ROOT_HOLD = "document.querySelector('duologue-widget').shadowRoot.querySelector('.hold')"
KEPT = """globalThis.kept = []; const really = fetch; globalThis.fetch = async (...given) => {
  const answer = await really(...given);
  if (String(given[0]).endsWith('/api/widget/feedback')) kept.push(answer.status);
  return answer; };"""
"""Browsers keep no times of what is sent while a page may go."""
HELLO = "Hello, can you hear me?"
NEWS = """(() => { const one = document.querySelector('duologue-widget').shadowRoot;
  const news = one.querySelector('.news');
  globalThis.news = [];
  new MutationObserver(() => globalThis.news.push(news.textContent))
    .observe(news, {childList: true, characterData: true, subtree: true}); })()"""
"""Keeps what a screen reader reads out of the call by itself."""
COUNTED = """globalThis.works = 0; globalThis.realTimeout = setTimeout;
for (const name of ['requestAnimationFrame', 'setTimeout', 'setInterval']) {
  const really = globalThis[name].bind(globalThis);
  globalThis[name] = (...given) => {
    if (new Error().stack.includes('/duologue.js')) works++;
    return really(...given);
  };
}"""
"""Counts each time that the widget asks to be called later."""
LOG = (
    "document.querySelector('duologue-widget').shadowRoot.querySelector('.log')"
    ".getAttribute('aria-live')"
)
Visit = Callable[..., WidgetTab]


def test_closed_costs_nothing(visit: Visit, house: House) -> None:
    """A closed widget has a name and loads no client; a pointer near it does."""
    tab = visit(house, "plain", agent="demo")
    tab.wait(f"{LABEL} === 'Talk with Demo'")
    loaded = "performance.getEntriesByType('resource').map(one => one.name).join()"
    assert "assets/duologue.js" not in tab.run(loaded)
    assert not tab.is_open
    assert tab.violations() == []
    tab.ask("mouse", selector="duologue-widget .launcher", down=False)
    tab.wait(f"({loaded}).includes('assets/duologue.js')")


def test_a_closed_widget_does_nothing(visit: Visit, house: House) -> None:
    """Once its button stands there it draws nothing, and waits for no timer; also after a visit
    to the panel, which lives as long as it is open.
    """
    still = {"reducedMotion": "no-preference", "before": COUNTED, "greeting": "false"}
    tab = visit(house, "plain", agent="demo", **still)
    tab.until(lambda: tab.sees(".launcher"), "the button")
    a_while = (
        "(async () => { await new Promise(done => realTimeout(done, 2000)); return works; })()"
    )

    def rests() -> bool:
        before = tab.run("works")
        return bool(tab.run(a_while) == before)

    tab.until(rests, "an idle button")
    tab.launch()
    assert not rests(), "an open panel breathes"
    tab.run("document.querySelector('duologue-widget').close()")
    tab.until(rests, "an idle button again")


def test_a_call_from_start_to_end(visit: Visit, house: House) -> None:
    """Talk connects, the agent greets and listens; End leaves, and the call can be resumed."""
    tab = visit(house, "plain", agent="demo")
    tab.launch()
    assert tab.buttons == ["Talk"]
    tab.until(lambda: "Corner Table" in tab.inside(".greeting"), "the greeting")
    assert tab.violations() == []
    tab.click("Talk")
    tab.reaches("Speaking")
    tab.until(lambda: tab.buttons == ["Mute", "Interrupt", "End"], "the microphone's button")
    assert tab.violations() == []
    tab.reaches("Listening")
    tab.hears("Corner Table")
    assert tab.violations() == []
    tab.click(".end")
    tab.reaches("You left")
    assert tab.buttons == ["Resume", "New conversation"]
    assert "Corner Table" in tab.transcript[0].text, "what was said stays to be read"
    assert tab.violations() == []
    tab.click("Resume")
    tab.reaches("Listening")
    assert len(tab.transcript) == 1, "nobody is greeted twice"
    names = [name for name, _ in tab.run("heard") if name in ("open", "connect", "disconnect")]
    assert names == ["open", "connect", "disconnect", "connect"]
    assert [one["resumed"] for one in tab.events("connect")] == [
        None,
        tab.events("connect")[1]["resumed"],
    ]
    assert tab.events("transcript")[-1]["transcript"][0]["final"]


def test_what_is_typed_opens_the_line(visit: Visit, stage: House) -> None:
    """A message needs no microphone and no button before it; Speak opens the microphone later."""
    tab = visit(stage, "plain", agent="parrot", default_open="")
    tab.type("What is the capital of the moon?")
    line = "document.querySelector('duologue-widget').shadowRoot.querySelector('.said')"
    tab.wait(f"(globalThis.line = {line}) !== null")
    assert tab.hears("capital", "user").text == "What is the capital of the moon?"
    assert tab.hears("beyond me").role == "agent"
    assert tab.run("globalThis.line.isConnected"), "one line, which is read out once"
    assert tab.sound() == b""
    tab.reaches("Your turn")
    assert tab.buttons[0] == "Speak"
    assert tab.violations() == []
    tab.click(".speak")
    tab.until(lambda: len(tab.sound()) > 6400, "the microphone")
    tab.reaches("Listening")


def test_a_suggestion_begins_a_call(visit: Visit, house: House) -> None:
    """A tap on a suggestion opens the line and says it."""
    tab = visit(house, "plain", agent="demo", default_open="", suggestions="When are you open?|Bye")
    assert tab.inside(".chip") == "When are you open?"
    tab.click(".chip >> nth=0")
    tab.hears("When are you open", "user")
    tab.until(lambda: tab.transcript[-1].role == "agent", "an answer")


def test_closed_in_mid_call(visit: Visit, stage: House) -> None:
    """The call goes on behind the button, which shows it, and counts what was not read."""
    tab = visit(stage, "plain", agent="parrot", default_open="")
    tab.click("Talk")
    tab.hears_out()
    tab.reaches("Listening")
    assert tab.focused == "Mute"
    tab.press("Escape")
    tab.until(lambda: not tab.is_open, "the closed panel")
    assert tab.focused == tab.inside(".label"), "the focus is back on the button"
    tab.run("document.querySelector('duologue-widget').session.sendText('Hello?')")
    tab.until(lambda: tab.inside(".unread") == "1", "an unread answer")
    assert tab.violations() == []
    tab.launch()
    assert tab.inside(".unread") == ""
    assert [name for name, _ in tab.run("heard") if name in ("open", "close")] == ["close", "open"]


def test_nobody_is_talked_over(visit: Visit, stage: House) -> None:
    """Whoever does not see hears the agent's voice, and neither its words nor its turns besides;
    where the voice cannot be heard, the words are read out.
    """
    tab = visit(stage, "plain", agent="parrot", default_open="")
    tab.wait(f"{LOG} === 'polite'")
    tab.run(NEWS)
    tab.click("Talk")
    tab.reaches("Listening")
    assert tab.run(LOG) == "off"
    tab.asks("Hello?")
    tab.hears_out()
    tab.reaches("Listening")
    assert tab.run("news.filter(Boolean)")[-1] == "Listening"
    turns = {"Speaking", "Thinking…", "Your turn"}
    assert turns.isdisjoint(tab.run("news")), "turns are heard"
    before = len(tab.run("news"))
    tab.click(".mute")
    tab.reaches("Muted")
    assert tab.run(f"news.slice({before})") == ["Muted. Parrot cannot hear you."]
    voice = "document.querySelector('duologue-widget').session.snapshot.audioElement"
    tab.run(f"void ({voice}.muted = true)")
    tab.type("And now?")
    tab.wait(f"{LOG} === 'polite'")
    tab.click(".end")
    tab.reaches("You left")
    assert tab.run("news.at(-1)").startswith("You left. ")
    assert tab.run(LOG) == "polite"
    assert tab.violations() == []


def test_what_is_written_is_read_out(visit: Visit, stage: House) -> None:
    """In a text widget no voice says the words, so that they are read."""
    tab = visit(stage, "plain", agent="parrot", default_open="", mode="text")
    tab.type("Hello?")
    tab.until(lambda: len(tab.transcript) > 1, "an answer")
    assert tab.run(LOG) == "polite"


def test_muted_sends_nothing(visit: Visit, stage: House) -> None:
    """With `mic-muted` no sound of the room leaves the page until Unmute."""
    tab = visit(stage, "plain", agent="parrot", default_open="", mic_muted="")
    tab.click("Talk")
    tab.reaches("Muted")
    assert tab.violations() == []
    assert not any(tab.sound())
    tab.click(".mute")
    tab.reaches("Listening")
    before = len(tab.sound())
    tab.until(lambda: any(tab.sound()[before:]), "the microphone")


def test_thinking_ends_by_interrupt(visit: Visit, stage: House) -> None:
    """A long thought is shown as one; Interrupt ends it."""
    tab = visit(stage, "plain", agent="thinker", default_open="")
    tab.click("Talk")
    tab.hears("Well?")
    tab.type("What do you think?")
    tab.reaches("Thinking…")
    assert tab.violations() == []
    tab.click(".interrupt")
    tab.reaches("Listening")


def test_push_to_talk(visit: Visit, house: House, microphone: Callable[[Recording], None]) -> None:
    """Sound leaves only while the button is held, by mouse or by the space bar."""
    microphone(silence(9.0) + speak(HELLO) + silence(60.0))
    tab = visit(house, "plain", agent="demo-ptt", default_open="")
    tab.click("Talk")
    tab.until(lambda: "Hold to talk" in tab.buttons, "the button to hold")
    assert tab.violations() == []
    assert tab.sound() == b""
    tab.ask("mouse", selector="duologue-widget .hold", down=True)
    tab.reaches("Listening")
    assert "Let go to send" in tab.buttons
    tab.until(lambda: tab.voice_from() is not None, "a voice")
    spoken = len(tab.sound())
    tab.until(lambda: len(tab.sound()) > spoken + 3 * 32000, "all of the sentence")
    tab.ask("mouse", selector="duologue-widget .hold", down=False)
    tab.hears("loud and clear")
    tab.run(f"{ROOT_HOLD}.focus()")
    tab.ask("down", key=" ")
    tab.reaches("Listening")
    tab.ask("up", key=" ")
    tab.reaches("Your turn")


def test_the_agent_hangs_up_and_is_judged(visit: Visit, house: House) -> None:
    """After its goodbye the widget asks how it was, and the server keeps the answer."""
    given = {"agent": "demo", "default_open": "", "mode": "text", "feedback": "text"}
    tab = visit(house, "plain", before=KEPT, **given)
    tab.type("Goodbye.")
    tab.reaches("Demo hung up")
    assert tab.inside(".feedback .title") == "How was it?"
    assert tab.violations() == []
    tab.click(".thumb >> nth=1")
    tab.ask("fill", selector="duologue-widget .why", text="Too short.")
    assert tab.violations() == []
    tab.click(".reasons .quiet")
    tab.until(lambda: tab.inside(".feedback .title") == "Thank you.", "thanks")
    told = [{"rating": "down", "text": ""}, {"rating": "down", "text": "Too short."}]
    assert tab.events("feedback") == told
    tab.wait("kept.join() === '200,200'")

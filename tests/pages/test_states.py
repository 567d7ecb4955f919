"""The states of a call: each is shown, looks right to axe-core, and leads where it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.pages.cable import Cable
from tests.pages.conftest import Opener
from tests.pages.tab import NETWORK, WIDGET
from tests.serving import House

from duologue.testing.speech import Recording, silence, speak

pytestmark = pytest.mark.browser

HELLO = "Hello, can you hear me?"
LATE = """(() => {
  const { define } = CustomElementRegistry.prototype;
  customElements.define = (name, made) => {
    if (name !== 'duologue-widget') return define.call(customElements, name, made);
    window.come = () => define.call(customElements, name, made);
  };
})()"""
"""Holds the widget back until the test lets it come."""


def test_idle_invites(opener: Opener, house: House) -> None:
    """Before the call the page says who answers and how to begin, and no line is open."""
    tab = opener(house)
    tab.reaches("Ready when you are")
    assert tab.buttons == ["start"]
    assert tab.inside(".name") == "Demo"
    tab.until(lambda: "Corner Table" in tab.inside(".greeting"), "the face")
    assert tab.sees(".chip")
    assert tab.frames == []
    assert tab.violations() == []


def test_axe_finds_what_is_wrong(opener: Opener, house: House) -> None:
    """A button that lost its name is found in light and in dark: an empty list means something."""
    tab = opener(house)
    tab.run(f"{WIDGET}.querySelector('[data-button=start]').replaceChildren()")
    assert [one[: one.index(":", 6)] for one in tab.violations()] == [
        "dark: button-name",
        "light: button-name",
    ]


def test_a_call_from_talk_to_end(opener: Opener, house: House) -> None:
    """Talk connects, the agent greets and then listens; End leaves, and the call can be resumed."""
    tab = opener(house)
    tab.tap("start")
    tab.reaches("Speaking")
    tab.until(lambda: tab.buttons == ["mute", "interrupt", "end"], "the microphone's button")
    assert tab.violations() == []
    tab.reaches("Listening")
    tab.hears("Corner Table")
    assert tab.violations() == []
    tab.tap("end")
    tab.reaches("You left")
    assert tab.buttons == ["resume", "anew"]
    assert tab.violations() == []
    tab.until(lambda: tab.sent("client.end") == 1, "the end, on the line")
    assert [frame.type for frame in tab.frames if frame.way == "sent"][-1] == "client.end"
    tab.tap("resume")
    tab.reaches("Listening")
    assert len(tab.transcript) == 1, "nobody is greeted twice"


def test_connecting_can_be_cancelled(opener: Opener, cable: Cable) -> None:
    """While the server does not answer, the page says so and lets go when it is told to."""
    tab = opener(cable)
    tab.wait("document.querySelector('#widget').session != null")  # what talks was loaded
    cable.freeze()
    tab.tap("start")
    tab.reaches("Connecting…")
    assert tab.buttons == ["end"]
    assert tab.inside("[data-button=end]") == "Cancel"
    assert tab.violations() == []
    tab.tap("end")
    tab.reaches("You left")
    cable.thaw()
    tab.tap("start")
    tab.reaches("Listening")


def test_thinking_ends_by_interrupt(opener: Opener, stage: House) -> None:
    """A long thought is shown as one; Interrupt ends it, and nothing of it is ever said."""
    tab = opener(stage, agent="Thinker")
    tab.tap("start")
    tab.hears("Well?")
    tab.type("What do you think?")
    tab.reaches("Thinking…")
    assert tab.violations() == []
    tab.tap("interrupt")
    tab.reaches("Listening")
    assert [one.role for one in tab.transcript] == ["agent", "user"]


def test_interrupt_silences_at_once(opener: Opener, stage: House) -> None:
    """The button cuts the sound and the line of the transcript; the next answer begins anew."""
    tab = opener(stage, agent="Tale")
    tale = tab.asks("Tell me a tale.")
    tab.until(lambda: max(tab.heard_of(tale), default=0) > 500, "some sound")
    assert tab.state == "Speaking"
    tab.tap("interrupt")
    tab.reaches("Your turn")
    tab.until(lambda: tab.transcript[-1].interrupted, "the cut")
    cut = ["trigger.response.audio.replay_finished", "client.played"]

    def told() -> list[str]:
        return [one.type for one in tab.frames if one.way == "sent" and one.turn == tale]

    tab.until(lambda: told()[-2:] == cut, "the loudspeaker's own word for the cut")
    heard = tab.heard_of(tale)
    assert heard == sorted(heard)
    assert heard[-1] < len(tab.sound(tale)) / 32
    assert tab.transcript[-1].text.endswith("\u00a0—")
    assert tab.asks("Again.") != tale
    assert tab.heard_of(tale) == heard, "a turn that was cut sounded again"


def test_typing_needs_no_microphone(opener: Opener, stage: House) -> None:
    """Typed words are shown at once and answered aloud; Speak opens the microphone later."""
    tab = opener(stage, agent="Parrot")
    tab.wait("document.querySelector('#widget').session != null")  # what talks was loaded
    tab.type("What is the capital of the moon?")
    said = [entry.text for entry in tab.transcript if entry.role == "user"]
    assert said == ["What is the capital of the moon?"]  # its answer may be there already
    assert tab.focused == "box", "whoever typed types on"
    assert tab.hears("beyond me").role == "agent"
    tab.reaches("Your turn")
    assert tab.buttons == ["speak", "interrupt", "end"]
    assert tab.sound() == b""
    assert tab.violations() == []
    tab.tap("speak")
    tab.sees_in_time("mute")
    tab.until(lambda: len(tab.sound()) > 6400, "the microphone")


def test_a_suggestion_begins_a_call(opener: Opener, house: House) -> None:
    """A tap on a suggestion opens the line and says it."""
    tab = opener(house)
    tab.until(lambda: tab.sees(".chip"), "a suggestion")
    first = tab.inside(".chip")
    tab.ask("click", selector="#widget .chip >> nth=0")
    assert tab.hears(first, "user").text == first
    tab.until(lambda: tab.transcript[-1].role == "agent", "an answer")


def test_muted_sends_nothing(opener: Opener, stage: House) -> None:
    """Between Mute and Unmute no sound of the room leaves the page; a reload stays muted."""
    tab = opener(stage, agent="Parrot")
    tab.tap("start")
    tab.reaches("Listening")
    tab.until(lambda: len(tab.sound()) > 6400, "the microphone")
    tab.tap("mute")
    tab.reaches("Muted")
    assert tab.inside("[data-button=mute]") == "Unmute"
    assert tab.violations() == []
    silent = tab.sound()
    tab.type(HELLO)
    tab.hears("loud and clear")
    new = tab.sound()[len(silent) :]
    assert not any(new), "the room was heard"
    tab.reload()
    tab.reaches("Muted")
    tab.tap("mute")
    tab.reaches("Listening")
    before = len(tab.sound())
    tab.until(lambda: any(tab.sound()[before:]), "the microphone")


def test_push_to_talk_hears_while_the_button_is_down(
    opener: Opener, house: House, microphone: Callable[[Recording], None]
) -> None:
    """Sound leaves only while the button is held, and what was said meanwhile is answered."""
    microphone(silence(9.0) + speak(HELLO) + silence(60.0))
    tab = opener(house, agent="push to talk")
    tab.tap("start")
    tab.sees_in_time("hold")
    assert tab.buttons == ["hold", "interrupt", "end"]
    assert tab.sound() == b""
    tab.hold(down=True)
    tab.reaches("Listening")
    assert tab.inside("[data-button=hold]") == "Let go to send"
    assert tab.violations() == []
    tab.until(lambda: tab.voice_from() is not None, "a voice")
    spoken = len(tab.sound())
    tab.until(lambda: len(tab.sound()) > spoken + 3 * 32000, "all of the sentence")
    tab.hold(down=False)
    tab.hears("hear", "user")
    tab.hears("loud and clear")
    sent = [frame.type for frame in tab.frames if frame.way == "sent"]
    first, last = sent.index("trigger.turn.start"), sent.index("trigger.turn.end")
    assert "binary" in sent[first:last]
    assert "binary" not in sent[:first] + sent[last:]
    tab.reaches("Your turn")
    assert tab.violations() == []


def test_the_agent_hangs_up(opener: Opener, house: House) -> None:
    """After its goodbye the page says who ended it, and offers a new conversation only."""
    tab = opener(house)
    tab.type("Goodbye.")
    tab.reaches("Demo hung up")
    assert tab.buttons == ["start"]
    assert tab.transcript[-1].role == "agent"
    assert tab.violations() == []
    tab.tap("start")
    tab.reaches("Your turn")
    tab.hears("Corner Table")
    assert [one.role for one in tab.transcript] == ["agent"], "a new conversation"


def test_a_full_house_is_tried_again(opener: Opener, tmp_path: Path, built: None) -> None:
    """Refused by 503, the page says when it tries again; once a line is free, it says the rest."""
    with House(tmp_path / "data", mode="dev", max_sessions=1) as small:
        first, second = opener(small), opener(small)
        second.expected += NETWORK
        first.type(HELLO)
        first.hears("loud and clear")
        second.type(HELLO)
        second.reaches("Every line is busy")
        second.until(lambda: "Trying again" in second.inside(".detail"), "when it tries again")
        assert second.violations() == []
        first.tap("end")
        second.reaches("Your turn")
        assert second.hears("loud and clear").role == "agent", "what was typed meanwhile is lost"
        for tab in (first, second):
            tab.close()


def test_who_is_chosen_before_the_widget_comes_answers(opener: Opener, stage: House) -> None:
    """A slow line brings its script late; until then there is a list of names, and nothing else."""
    tab = opener(stage, agent="Tale", before=LATE)
    tab.wait("window.come !== undefined")
    tab.run("window.come()")
    tab.sees_in_time("start")
    tab.tap("start")
    tab.hears("Ask me for a tale.")
    assert tab.run("document.querySelector('#agents input:checked').value") == "tale"

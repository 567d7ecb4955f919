"""A person speaks with the page: the microphone plays a recording from when the page opens it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from tests.groups import say
from tests.pages.conftest import Opener
from tests.pages.tab import Tab
from tests.serving import House

from duologue.testing.speech import Recording, silence, speak, words

pytestmark = pytest.mark.browser

BOOKING = (
    ("I would like to book a table for four people please.", 5.5),
    ("On Friday please.", 4.0),
    ("At half past seven.", 4.0),
    ("My name is Barbara.", 8.5),
    ("Yes that's right.", 9.0),
)
"""What is said, and the seconds of silence after it, in which it is answered."""
HELLO = "Hello, can you hear me?"
COUNT = "Please count slowly from one to twenty."


def said_of(turns: Iterable[tuple[str, float]], first: float = 6.5) -> Recording:
    """Sentences with their pauses, after a silence in which somebody else speaks."""
    heard = silence(first)
    for sentence, pause in turns:
        heard = heard + speak(sentence) + silence(pause)
    return heard


def test_a_table_is_booked_in_five_turns(
    opener: Opener, house: House, microphone: Callable[[Recording], None]
) -> None:
    """Five spoken sentences, one table: every turn is understood, answered aloud and kept."""
    microphone(said_of(BOOKING))
    tab = opener(house)
    tab.tap("start")
    tab.hears("is booked")
    tab.until(lambda: len(tab.turns) == 6, "the sound of the last answer")
    tab.hears_out()
    said = tab.transcript
    assert [one.role for one in said] == ["agent"] + ["user", "agent"] * 5
    booked = words(said[-1].text)
    assert {"4", "friday", "seven", "barbara", "booked"} <= set(booked)
    assert max(tab.heard_of(tab.turns[-1])) * 32 == pytest.approx(len(tab.sound(tab.turns[-1])), 32)


def test_a_booking_goes_on_over_a_reload(
    opener: Opener, house: House, microphone: Callable[[Recording], None]
) -> None:
    """Two of the sentences before the page is loaded anew and three after it are one booking."""
    microphone(said_of(BOOKING[:2]) + silence(60.0))
    tab = opener(house)
    tab.tap("start")
    tab.hears("time")
    assert [one.role for one in tab.transcript] == ["agent"] + ["user", "agent"] * 2
    before = [one.text for one in tab.transcript if one.role == "user"]
    tab.hears_out()
    microphone(said_of(BOOKING[2:], 3.0) + silence(60.0))
    tab.reload()
    tab.reaches("Listening")
    tab.hears("is booked")
    tab.hears_out()
    said = tab.transcript
    assert [one.role for one in said] == ["agent"] + ["user", "agent"] * 5
    assert [one.text for one in said if one.role == "user"][:2] == before
    assert {"4", "friday", "seven", "barbara", "booked"} <= set(words(said[-1].text))


def test_a_voice_silences_the_agent(
    opener: Opener, house: House, microphone: Callable[[Recording], None]
) -> None:
    """The first word stops the sound at once, counted in the samples of the page's own frames."""
    microphone(silence(6.0) + speak(HELLO) + silence(60.0))
    tab = opener(house)
    tab.tap("start")
    tab.sees_in_time("mute")
    count = tab.asks(COUNT)
    tab.until(lambda: tab.turns[-1] != count, "an answer to the interruption")
    answer = tab.turns[-1]
    tab.hears_out()
    assert tab.hears("hear", "user")
    cut = next(one for one in tab.transcript if one.interrupted and "one" in words(one.text))
    assert cut.role == "agent"

    stopped = next(one for one in tab.played if one.turn == count and one.ms == last(tab, count))
    spoke = tab.voice_from()
    assert spoke is not None
    silent = (sent_by(tab, stopped.frame) - spoke) / 16
    say(f"silent {silent:.0f} ms after the first sample of the word left the page\n")
    assert 0 <= silent <= 600, "about 150 ms on a machine with nothing else to do"
    assert last(tab, count) * 32 < len(tab.sound(count)), "there was more to say"
    assert tab.heard_of(answer)[-1] > 0


def last(tab: Tab, turn: str) -> float:
    """How far a turn was heard in the end."""
    return tab.heard_of(turn)[-1]


def sent_by(tab: Tab, frame: int) -> int:
    """How many samples of the microphone had gone out before a frame."""
    return sum(one.bytes // 2 for one in tab.frames[:frame] if one.way == "sent")

"""What callers mean, also where the recognizer heard a little wrong."""

from __future__ import annotations

import pytest

from duologue.agents.demo.brain import count
from duologue.agents.demo.intents import counting, meaning
from duologue.agents.demo.phrases import PHRASES

SAID = {
    "hearing": ["Hello, can you hear me?", "Are you there?"],
    "greeting": ["Hello.", "Hi there!", "Good morning."],
    "time": ["What time is it?", "what's the time"],
    "date": ["What day is it today?", "What is the date?"],
    "joke": ["Tell me a joke.", "Another joke please."],
    "count": ["Please count slowly from one to twenty.", "Can you count to ten?"],
    "hours": ["When are you open?", "What time do you close on Friday?", "Are you open on Sunday?"],
    "book": ["I'd like to book a table.", "A table for two on Friday at seven."],
    "repeat": ["Repeat after me.", "Please repeat after me: the sun is shining."],
    "first": ["What did I say first?", "What was the first thing I said?"],
    "help": ["Help!", "What can you do?", "Who are you?"],
    "thanks": ["Thank you very much."],
    "goodbye": ["Goodbye.", "Bye bye.", "That's all, thank you.", "Thank you, goodbye."],
    "yes": ["Yes, please.", "That's right."],
    "no": ["No.", "No, that's wrong."],
    "cancel": ["Never mind.", "Cancel the booking."],
    "unknown": ["How do I knit a sweater?", "Anna.", "", "Play some music."],
}


@pytest.mark.parametrize(
    ("intent", "said"), [(intent, said) for intent, all_said in SAID.items() for said in all_said]
)
def test_what_is_said_is_meant(intent: str, said: str) -> None:
    """Each sentence has its meaning, and what has none is unknown."""
    assert meaning(said) == intent


@pytest.mark.parametrize(
    ("heard", "intent"),
    [
        ("come out can you hear me", "hearing"),
        ("what kind is it now", "unknown"),
        ("what is your opening is", "hours"),
        ("count lonely from one to twenty", "count"),
    ],
)
def test_what_was_half_heard_is_still_understood(heard: str, intent: str) -> None:
    """A wrong word in a known sentence does not lose the sentence; another sentence is unknown."""
    assert meaning(heard) == intent


def test_every_intent_has_phrases_for_the_recognizer() -> None:
    """What the demo understands, its grammar can hear."""
    assert set(SAID) - {"unknown"} == set(PHRASES) - {"slot"}


@pytest.mark.parametrize(
    ("said", "span"),
    [
        ("Please count slowly from one to twenty.", (1, 20)),
        ("Count to seven", (1, 7)),
        ("count from 5 to 9", (5, 9)),
        ("count from ten to one", (10, 1)),
        ("count", (1, 10)),
    ],
)
def test_the_span_of_counting_is_heard(said: str, span: tuple[int, int]) -> None:
    """Words and digits alike."""
    assert counting(said) == span


def test_counting_names_every_number_once_and_has_an_end() -> None:
    """Twenty numbers are twenty words; nobody is counted to death."""
    assert count(1, 7) == "One, two, three, four, five. Six, seven."
    assert count(3, 1) == "Three, two, one."
    assert count(1, 1000).endswith("one hundred.")

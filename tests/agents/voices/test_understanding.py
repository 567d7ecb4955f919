"""The offline voices heard by the offline ear: how much is understood, wide band and telephone.

The printed figures (`pytest -m voice -s`) are those of the documentation.
"""

from __future__ import annotations

import functools

import pytest

from duologue.agents.demo.intents import meaning
from duologue.agents.demo.phrases import EVERY
from duologue.agents.voices.grammar import words
from duologue.agents.voices.recognizer import Heard, Recognizer, Request
from duologue.agents.voices.sphinx import spoken
from duologue.testing.speech import speak

pytestmark = pytest.mark.voice

SAID = (
    "Hello, can you hear me?", "What time is it?", "What day is it?", "Tell me a joke.",
    "Please count slowly from one to twenty.", "When are you open?", "Are you open on Sunday?",
    "I'd like to book a table.", "A table for four people.", "Tomorrow at half past seven.",
    "My name is Peter.", "Yes please.", "That is correct.", "Repeat after me.",
    "What did I say first?", "What can you do?", "Goodbye.", "Thank you, goodbye.",
)  # fmt: skip
FOREIGN = (
    "The quick brown fox jumps over the lazy dog.", "Is it going to rain in London?",
    "My favourite colour is green.", "Do you have vegetarian food?",
)  # fmt: skip


@functools.cache
def recognizer() -> Recognizer:
    """One for all tests; its model takes a second to load."""
    return Recognizer()


def hear(text: str, rate: int) -> Heard:
    """What is heard when the text is spoken over a line of that rate."""
    sound = speak(text).at(rate).at(16000)
    return recognizer().hear(Request(spoken(sound.pcm), EVERY))


def errors(meant: list[str], heard: list[str]) -> int:
    """Words to insert, remove or change."""
    row = list(range(len(heard) + 1))
    for index, word in enumerate(meant, 1):
        above, row = row, [index, *([0] * len(heard))]
        for column, other in enumerate(heard, 1):
            row[column] = min(
                above[column] + 1, row[column - 1] + 1, above[column - 1] + (word != other)
            )
    return row[-1]


@pytest.mark.parametrize(("rate", "wrong_words", "missed"), [(16000, 0.05, 0), (8000, 0.12, 2)])
def test_what_the_demo_expects_is_understood(rate: int, wrong_words: float, missed: int) -> None:
    """Nearly every word, and the meaning of nearly every sentence."""
    heard = {text: hear(text, rate).words for text in SAID}
    total = sum(len(words(text)) for text in SAID)
    wrong = sum(errors(words(text), words(found)) for text, found in heard.items())
    lost = [text for text, found in heard.items() if meaning(found) != meaning(text)]
    print(f"\n{rate} Hz: {wrong / total:.1%} of words wrong; not understood: {lost}")  # noqa: T201  # the figure
    assert wrong / total <= wrong_words
    assert len(lost) <= missed


def test_other_sentences_are_not_forced_into_phrases() -> None:
    """A sentence that no phrase fits is heard word by word, as well as can be."""
    heard = [hear(text, 16000) for text in FOREIGN]
    assert [one.by for one in heard] == ["words"] * len(FOREIGN)
    right = "the quick brown fox jumps over the lazy dog"
    assert heard[0].words == right


def test_silence_and_noise_say_nothing_certain() -> None:
    """Without speech there is nothing to decode."""
    assert spoken(bytes(32000)) == b""
    assert recognizer().hear(Request(b"", EVERY)).by == "nothing"

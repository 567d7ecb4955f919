"""The notation of phrases: what it accepts, what it refuses, and that grammar and pattern agree."""

from __future__ import annotations

import pytest

from duologue.agents.demo.phrases import EVERY
from duologue.agents.voices.grammar import body, grammar, pattern, vocabulary, words
from duologue.agents.voices.pronounce import pronounce
from duologue.agents.voices.slots import number_of, number_words
from duologue.agents.voices.written import written
from duologue.errors import DuologueError


def test_a_phrase_becomes_an_expansion() -> None:
    """Case and punctuation fall away; blanks, options and choices stay."""
    assert body("[Please] count to {number}!") == "[ please ] count to <number>"
    assert body("I'd like (tea|coffee), at 7.") == "i'd like ( tea | coffee ) at seven"


@pytest.mark.parametrize("phrase", ["{people}", "[a", "a)", "(a]", "...", "", "a {number"])
def test_a_broken_phrase_is_refused(phrase: str) -> None:
    """The owner reads which phrase and what is wrong with it."""
    with pytest.raises(DuologueError) as caught:
        body(phrase)
    assert caught.value.code == "phrase_invalid"


@pytest.mark.parametrize(
    ("said", "whole"),
    [
        ("count to twenty one", True),
        ("please count to seven", True),
        ("count to", False),
        ("count to seven please", False),
        ("at half past seven p.m.", True),
        ("at half past", False),
    ],
)
def test_whole_phrases_are_told_from_those_that_broke_off(said: str, whole: bool) -> None:
    """The recognizer reports both; only a whole one was said."""
    found = pattern(["[Please] count to {number}", "at {time}"]).fullmatch(said + " ")
    assert (found is not None) == whole


def test_the_vocabulary_is_what_can_be_heard() -> None:
    """Every word of the demo's grammar, and none of its signs."""
    heard = vocabulary(grammar(EVERY))
    assert {"hello", "twenty", "o'clock", "p.m.", "anna"} <= heard
    assert all(word[0].isalpha() for word in heard)


def test_numbers_are_said_and_understood() -> None:
    """Each number up to ninety-nine comes back as itself."""
    assert all(number_of(number_words(number)) == number for number in range(100))
    assert [number_of(text) for text in ("12", "a hundred", "twenty-one", "no", "")] == [
        12, 100, 21, None, None,
    ]  # fmt: skip
    assert words("I have 21, or 345.") == [
        "i",
        "have",
        "twenty",
        "one",
        "or",
        "three",
        "four",
        "five",
    ]


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        ("what time is it", "What time is it?"),
        ("hello can you hear me", "Hello can you hear me?"),
        ("my name is anna", "My name is Anna."),
        ("at seven p.m.", "At seven p.m."),
        ("", ""),
    ],
)
def test_what_was_heard_is_written_as_english(heard: str, text: str) -> None:
    """Capitals, a full stop, a question mark."""
    assert written(heard) == text


def test_a_word_outside_of_the_dictionary_gets_a_pronunciation() -> None:
    """Names of products and people can stand in phrases."""
    assert pronounce("hello") == "HH AH L OW"
    assert pronounce("duologue").split()[0] == "D"

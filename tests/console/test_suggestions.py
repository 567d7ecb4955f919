"""Suggestions: sentences out of a grammar, as somebody would write them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from duologue.agents.demo.phrases import EVERY
from duologue.console.suggestions import MOST, suggestions


def test_the_demo_suggests_what_it_does_best() -> None:
    """Five sentences to begin with, one of each kind."""
    assert suggestions(EVERY) == [
        "Can you hear me?",
        "Tell me what time it is.",
        "Do you know a joke?",
        "When are you open?",
        "I'd like to book a table.",
    ]


def test_options_are_left_out_and_the_first_choice_is_taken() -> None:
    """Also where one stands within the other, and before a mark."""
    phrase = "[Please] (tell | say [to]) me (the time | the [exact] date) now [please]."
    assert suggestions([phrase]) == ["Tell me the time now."]


def test_slots_replies_greetings_and_repetitions_suggest_nothing() -> None:
    """What needs a name, begins nothing, or asks the same again."""
    assert (
        suggestions(["A table for {number} people please.", "Yes please.", "Hello my friend you."])
        == []
    )
    assert len(suggestions(["When are you open?", "Are you open on Sunday evenings?"])) == 1


@given(st.lists(st.text(max_size=60)))
def test_whatever_the_phrases_are_the_suggestions_are_few_and_different(phrases: list[str]) -> None:
    """Nonsense makes no error."""
    found = suggestions(phrases)
    assert len(found) <= MOST
    assert len(set(found)) == len(found)

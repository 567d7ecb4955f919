"""How much of a text was heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.core.transcript import heard


@pytest.mark.parametrize(
    ("played", "total", "expected"),
    [
        (0.0, 4.0, ""),
        (4.0, 4.0, "one two three four"),
        (9.0, 4.0, "one two three four"),
        (2.0, 4.0, "one two"),
        (0.1, 4.0, ""),
        (0.6, None, "one two"),
    ],
)
def test_words_count_when_more_than_half_was_heard(
    played: float, total: float | None, expected: str
) -> None:
    """The cut falls between words, where the sound stopped."""
    assert heard("one two three four", played, total) == expected


def test_an_empty_text_was_heard_as_nothing() -> None:
    """Sound without words has no words."""
    assert heard("", 3.0, 4.0) == ""


@given(st.text(max_size=80), st.floats(0, 10), st.floats(0.1, 10))
def test_what_was_heard_is_where_the_text_begins(text: str, played: float, total: float) -> None:
    """The heard words are a beginning of the text, and more time never means fewer of them."""
    words = heard(text, played, total)
    assert text.startswith(words)
    assert len(heard(text, played / 2, total)) <= len(words)

"""Secrets are blotted out of any text and any value; what is none stays as it is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from duologue.core.redaction import GONE, clean, field, redact

KEY = "dk_secret_" + "a" * 40


class Opened(msgspec.Struct):
    """A record of the kind that is logged."""

    session: str
    token: str


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"cannot use {KEY}.", f"cannot use {GONE}"),
        ("eyJhbGciOi.eyJzdWIi.c2ln!", f"{GONE}!"),
        ("OpenAI refused sk-abcdefghijklmnop", f"OpenAI refused {GONE}"),
        ("/rtc?access_token=letters&x=1", f"/rtc?access_token={GONE}&x=1"),
        ("{'authorization': 'Bearer letters'}", f"{{'authorization': '{GONE}'}}"),
        ("sent bearer letters-and-more", f"sent bearer {GONE}"),
        ("postgresql://me:letters@localhost/x", f"postgresql://me:{GONE}@localhost/x"),
    ],
)
def test_a_secret_leaves_its_place(text: str, told: str) -> None:
    """Wherever it stands in a text, what surrounds it can still be read."""
    assert redact(text) == told
    assert redact(told) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (KEY, GONE),
        (KEY.encode(), GONE),
        (Opened("sess_1", "letters"), {"session": "sess_1", "token": GONE}),
        ({"deep": [{"password": "letters"}]}, {"deep": [{"password": GONE}]}),
        ([("cookie", "letters")], [["cookie", GONE]]),
        ([(b"cookie", b"letters"), ("accept", "text")], [["cookie", GONE], ["accept", "text"]]),
        ((1, 2.5, None, True), [1, 2.5, None, True]),
        (ValueError(KEY), GONE),
    ],
)
def test_a_value_is_cleaned_to_its_depth(value: Any, told: Any) -> None:
    """By its text, and by the name under which it lies; numbers and words stay."""
    assert clean(value) == told


def test_a_field_is_hidden_by_its_name() -> None:
    """An empty one hides nothing: that it is empty may be what is wrong."""
    assert field("api_key", "letters") == GONE
    assert field("api_key", "") == ""
    assert field(7, "letters") == "letters"


def test_ordinary_words_stay() -> None:
    """Text that only looks a little like a secret is left alone."""
    for text in ("monkey=1", "the token door", "basic understanding", "http://127.0.0.1:8787/a@b"):
        assert redact(text) == text

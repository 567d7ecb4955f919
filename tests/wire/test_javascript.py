"""What is sent is what JavaScript would write of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.wire import javascript

# Every second text was made by `JSON.stringify` of Node 20.
NUMBERS = [
    (60000.0, "60000"),
    (-0.0, "0"),
    (1.5, "1.5"),
    (-0.25, "-0.25"),
    (0.1 + 0.2, "0.30000000000000004"),
    (1e-6, "0.000001"),
    (1e-7, "1e-7"),
    (1.25e-9, "1.25e-9"),
    (123456.789, "123456.789"),
    (2**53, "9007199254740992"),
    (2**53 + 1, "9007199254740992"),
    (2**60, "1152921504606847000"),
    (-(2**60), "-1152921504606847000"),
    (1e20, "100000000000000000000"),
    (1e21, "1e+21"),
    (1.7976931348623157e308, "1.7976931348623157e+308"),
    (5e-324, "5e-324"),
    (10**400, "null"),
    (float("inf"), "null"),
    (float("nan"), "null"),
    (True, "true"),
    (0, "0"),
]


@pytest.mark.parametrize(("number", "text"), NUMBERS, ids=str)
def test_numbers_have_javascripts_forms(number: float, text: str) -> None:
    """Whole ones have no point, large and small ones its exponents, and what is none is null."""
    assert javascript.encode(number).decode() == text


def test_keys_that_are_indexes_come_first() -> None:
    """In their order as numbers, as in an object of JavaScript; the others stay as they came."""
    told = {"b": 1, "10": 2, "2": 3, "02": 4, "4294967294": 5, "4294967295": 6, "a": 7, "0": 8}
    order = ["0", "2", "10", "4294967294", "b", "02", "4294967295", "a"]
    assert list(json.loads(javascript.encode(told))) == order


def test_texts_are_raw_and_compact() -> None:
    """As UTF-8, with an escape only where JSON needs one; half of a pair is a question mark."""
    told: dict[str, Any] = {"text": 'é "😀"\u2028\x01\n/', "list": [None, {}], "half": "\ud800"}
    assert (
        javascript.encode(told).decode()
        == '{"text":"é \\"😀\\"\u2028\\u0001\\n/","list":[null,{}],"half":"?"}'
    )


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.from_regex(r"\d+"), inner),
)


@given(VALUES)
def test_what_was_read_and_written_anew_is_the_same(value: Any) -> None:
    """One form for one meaning."""
    once = javascript.encode(value)
    assert javascript.encode(json.loads(once)) == once

"""What must not be told is not told."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest

from duologue.trace.entries import Log, Span, Trace, Turn
from duologue.trace.redact import Redactor

TRACE = "0" * 32


def span(**attributes: Any) -> Span:
    """A step with these attributes."""
    return Span(trace=TRACE, id="1" * 16, name="llm", start_ns=1, attributes=attributes)


def told(redactor: Redactor, text: str) -> str:
    """What is told of words that a user said."""
    entry = redactor(Turn(trace=TRACE, index=0, started_ns=1, user_text=text))
    assert isinstance(entry, Turn)
    return entry.user_text


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("write to ann.o+x@mail.example.org please", "write to [email] please"),
        ("call +44 20 7946 0958 now", "call [phone] now"),
        ("call (555) 123-4567.", "call [phone]."),
        ("ring 020 7946 0958", "ring [phone]"),
        ("ring 02079460958", "ring [phone]"),
        ("my card is 4111 1111 1111 1111, ok", "my card is [card], ok"),
        ("my card is 378282246310005", "my card is [card]"),
    ],
)
def test_takes_out_mail_phones_and_cards(said: str, kept: str) -> None:
    """An address, a number to call and a card number go, and the words around them stay."""
    assert told(Redactor(), said) == kept


@pytest.mark.parametrize(
    "said",
    [
        "on 2026-11-22 at 10:30",
        "order 4111 1111 1111 1112",
        "it took 0.52371894 seconds",
        "span 018f3c2a9b7d4e51",
        "1763776000000000000",
        "room 12, 3 people, 2.5 hours",
        "10.0.0.255 answered",
    ],
)
def test_leaves_what_only_looks_like_it(said: str) -> None:
    """A date, a card with a wrong check digit, a duration and an id are told."""
    assert told(Redactor(), said) == said


def test_takes_out_what_a_name_says() -> None:
    """A named attribute goes wherever it stands: at the top, within, and within JSON in a text."""
    kept = Redactor(keys=["Password", "lk.sip.*"], patterns=())(
        span(
            password="a",
            **{
                "user.password": "b",
                "lk.sip.callID": "c",
                "in": {"deep": [{"password": "d", "x": 1}]},
                "arguments": '{"password":"e","city":"Oslo"}',
                "passwords": "f",
                "broken": '{"password": ',
            },
        )
    )
    assert isinstance(kept, Span)
    assert kept.attributes == {
        "password": "[redacted]",
        "user.password": "[redacted]",
        "lk.sip.callID": "[redacted]",
        "in": {"deep": [{"password": "[redacted]", "x": 1}]},
        "arguments": '{"password":"[redacted]","city":"Oslo"}',
        "passwords": "f",
        "broken": '{"password": ',
    }


def test_asks_the_hook_last() -> None:
    """The hook sees each name and value, after the patterns, and none leaves it out."""
    asked: list[tuple[str, Any]] = []

    def hook(key: str, value: Any) -> Any:
        asked.append((key, value))
        return None if key == "secret" else value

    kept = Redactor(hook=hook)(span(secret="x", mail="a@b.co", n=3))
    assert isinstance(kept, Span)
    assert kept.attributes == {"mail": "[email]", "n": 3}
    assert asked == [("secret", "x"), ("mail", "[email]"), ("n", 3)]


def test_a_hook_that_fails_leaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The value that a hook failed on is left out, and what it was is not logged either."""

    def hook(key: str, value: Any) -> Any:
        raise RuntimeError(value)

    with caplog.at_level(logging.WARNING):
        assert told(Redactor(hook=hook), "4242") == ""
    assert "user_text" in caplog.text
    assert "4242" not in caplog.text


def test_judges_every_kind_of_entry() -> None:
    """Log lines, the run's own attributes and tags, and the moments of a span are judged, too."""
    redactor = Redactor(patterns=["email", re.compile(r"case \d+")])
    line = redactor(
        Log(trace=TRACE, id="2" * 16, at_ns=1, text="a@b.co, case 7", attributes={"to": "a@b.co"})
    )
    assert isinstance(line, Log)
    assert (line.text, line.attributes) == ("[email], [redacted]", {"to": "[email]"})
    run = redactor(Trace(trace=TRACE, tags=["a@b.co"], attributes={"x": "case 9"}))
    assert run == Trace(trace=TRACE, tags=["[email]"], attributes={"x": "[redacted]"})
    assert redactor(Trace(trace=TRACE)) == Trace(trace=TRACE)
    step = redactor(
        Span(
            trace=TRACE,
            id="1" * 16,
            name="x",
            start_ns=1,
            events=[{"name": "e", "at_ns": 2, "attributes": {"m": "a@b.co"}}],
        )
    )
    assert isinstance(step, Span)
    assert step.events == [{"name": "e", "at_ns": 2, "attributes": {"m": "[email]"}}]


def test_refuses_a_pattern_that_it_does_not_know() -> None:
    """A misspelt pattern is an error that lists the known ones."""
    with pytest.raises(ValueError, match="'emial'; there are card, email, phone"):
        Redactor(patterns=["emial"])

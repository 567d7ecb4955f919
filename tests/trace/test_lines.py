"""Lines of a run's log are read as far as they are kept, however large what is logged along is."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from duologue.trace.entries import Entry, Log
from duologue.trace.lines import FIELDS, LONGEST, Lines

log = logging.getLogger("clerk.shelf")


@pytest.fixture
def told() -> Iterator[list[Any]]:
    """What is told of the run that the test is in."""
    log.setLevel(logging.INFO)
    entries: list[Entry] = []
    lines = Lines()
    with TracerProvider().get_tracer("test").start_as_current_span("run") as span:
        lines.open()
        lines.follow(f"{span.get_span_context().trace_id:032x}", entries.append)
        yield entries
        lines.close()


def size(value: Any) -> int:
    """How many letters there are in a value."""
    if isinstance(value, dict):
        return sum(size(name) + size(inner) for name, inner in value.items())
    if isinstance(value, list):
        return sum(map(size, value))
    return len(str(value))


class Endless(dict[str, Any]):
    """A mapping that is read no further than anybody needs."""

    read = 0

    def __iter__(self) -> Iterator[str]:
        """Its names, without end."""
        while True:
            self.read += 1
            yield f"name {self.read}"

    def __getitem__(self, name: str) -> str:
        """The same for each."""
        return "x"


@pytest.mark.parametrize(
    "value",
    ["x" * 10_000_000, b"x" * 10_000_000, ["y" * 1000] * 100_000, {"z": ["y" * 1000] * 100_000}],
    ids=["text", "bytes", "list", "mapping"],
)
def test_of_a_huge_field_the_beginning_is_kept(told: list[Log], value: Any) -> None:
    """And of all fields together no more than of one text."""
    log.info("found", extra={"shelf": value, "again": value})
    assert 1000 < size(told[0].attributes) <= LONGEST + len("shelfagain")


def test_of_huge_texts_the_beginning_is_kept(told: list[Log]) -> None:
    """The line itself, and what failed."""
    try:
        raise KeyError("k" * 1_000_000)
    except KeyError:
        log.exception("e" * 1_000_000)
    assert told[0].text == "e" * LONGEST
    texts = told[0].attributes
    assert len(texts["exception.message"]) == len(texts["exception.stacktrace"]) == LONGEST


def test_of_many_fields_the_first_are_kept(told: list[Log]) -> None:
    """At the top and below."""
    log.info("found", extra={f"field {number}": number for number in range(1000)})
    assert len(told[0].attributes) == FIELDS
    log.info("found", extra={"shelf": Endless()})
    assert len(told[1].attributes["shelf"]) < 1000


def test_what_holds_itself_has_an_end(told: list[Log]) -> None:
    """Beyond a depth nothing is read."""
    shelf: list[Any] = [1]
    shelf.append(shelf)
    log.info("found", extra={"shelf": shelf, "small": {"a": (1, None, True), "key": "k"}})
    assert "…" in str(told[0].attributes["shelf"])
    assert told[0].attributes["small"] == {"a": [1, None, True], "key": "[redacted]"}

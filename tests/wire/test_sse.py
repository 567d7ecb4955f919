"""Events are found in a stream, however it is cut into pieces."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.wire.sse import Reader

STREAM = (
    'data: {"a":1}\n\n: a comment\ndata: é😀\r\n\r\n'
    "id: 7\nevent: x\ndata:one\rdata:  two\r\rdata\n\n"
)
EVENTS = ['{"a":1}', "é😀", "one\n two", ""]


def test_the_data_of_events() -> None:
    """Lines end in three ways, several lines are one text, and comments and names are nothing."""
    assert Reader().feed(STREAM.encode()) == EVENTS


@given(st.lists(st.integers(0, len(STREAM.encode()))))
def test_pieces_of_any_size_are_the_same_stream(cuts: list[int]) -> None:
    """Also where a letter, or the end of a line, is cut in two."""
    reader, whole, found = Reader(), STREAM.encode(), []
    edges = [0, *sorted(cuts), len(whole)]
    for start, stop in pairwise(edges):
        found += reader.feed(whole[start:stop])
    assert found == EVENTS


def test_an_event_without_its_end_waits() -> None:
    """It may be half of one; how much of it there is can be asked."""
    reader = Reader()
    assert reader.feed(b"data: abc\nda") == []
    assert reader.waiting == len("abc") + len("da")
    assert reader.feed(b"ta: d\n\n") == ["abc\nd"]
    assert reader.waiting == 0


@pytest.mark.parametrize("garbage", [b"\xff\xfe\n\n", b"\n\n\n", b"nothing: here\n\n"])
def test_garbage_is_no_event(garbage: bytes) -> None:
    """Bytes that are no text, and lines that are no field."""
    assert Reader().feed(garbage) == []


@given(st.lists(st.binary()))
def test_nothing_is_too_strange(pieces: list[bytes]) -> None:
    """Whatever comes, it is read."""
    reader = Reader()
    for piece in pieces:
        assert all(isinstance(each, str) for each in reader.feed(piece))

"""Events are found in a stream, however it is cut into pieces."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.wire.sse import LONGEST, Reader, TooLong

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


@pytest.mark.parametrize("size", [1, 1000, LONGEST])
def test_a_line_has_an_end(size: int) -> None:
    """However small its pieces are, none is kept that is longer than a line may be."""
    reader, longest = Reader(), b"data: " + b"x" * (LONGEST - 6)
    for start in range(0, len(longest), size):
        assert reader.feed(longest[start : start + size]) == []
    assert reader.waiting == LONGEST
    assert reader.feed(b"\n\n") == ["x" * (LONGEST - 6)]
    assert reader.feed(longest) == []
    with pytest.raises(TooLong, match="a line is longer than 65536 characters"):
        reader.feed(b"x")
    with pytest.raises(TooLong):
        Reader().feed(longest + b"x\n\n")


def test_a_line_in_small_pieces_is_put_together_once() -> None:
    """What came of it is not copied again with each piece that follows."""
    reader = Reader()
    for _ in range(100):
        assert reader.feed(b"x" * 7) == []
    assert [len(each) for each in reader._line] == [7] * 100


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

"""Files in pieces: what one side cuts the other puts together, or refuses with a reason."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.core import happenings as h
from duologue.transports.files import FILES_BURST, STALLED, UNFINISHED, Inbox, pieces
from duologue.wire import exchange as wire
from duologue.wire.layercode import BadFrame, decode_client


class Clock:
    """Seconds that the test turns."""

    now = 100.0

    def __call__(self) -> float:
        """What time it is."""
        return self.now


def chunk(content: bytes, id: str = "f") -> wire.FileChunk:  # noqa: A002
    """The next bytes of a file."""
    return wire.FileChunk(id, base64.b64encode(content).decode())


def begin(size: int, id: str = "f", **fields: Any) -> wire.FileBegin:  # noqa: A002
    """The beginning of a file."""
    return wire.FileBegin(id, fields.pop("name", "notes.txt"), size, **fields)


@given(st.binary(max_size=3 * wire.FILE_CHUNK))
def test_a_file_survives_its_pieces(content: bytes) -> None:
    """What one side cuts, the other puts together, byte by byte."""
    file = h.FileSent("f", "n", "text/plain", "notes", {"a": "b"}, content)
    inbox, got = Inbox(Clock()), list[h.FileSent]()
    for frame in pieces(file):
        message = decode_client(frame)
        assert isinstance(message, wire.FileBegin | wire.FileChunk)
        take = inbox.begin(message) if isinstance(message, wire.FileBegin) else inbox.chunk(message)
        got += [] if take is None else [take]
    assert got == [file]


def test_files_may_come_at_the_same_time() -> None:
    """Each chunk belongs to the file that it names."""
    inbox = Inbox(Clock())
    assert inbox.begin(begin(2, "a")) is None
    assert inbox.begin(begin(2, "b")) is None
    assert inbox.chunk(chunk(b"1", "a")) is None
    assert inbox.chunk(chunk(b"3", "b")) is None
    one, two = inbox.chunk(chunk(b"2", "a")), inbox.chunk(chunk(b"4", "b"))
    assert one is not None
    assert two is not None
    assert (one.content, two.content) == (b"12", b"34")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (chunk(b"1234"), "larger than the 3 bytes"),
        (chunk(b""), "1 to 65536"),
        (chunk(bytes(wire.FILE_CHUNK + 1)), "1 to 65536"),
        (wire.FileChunk("f", "AAA"), "not base64"),
        (wire.FileChunk("f", "ä==="), "not base64"),
    ],
)
def test_a_file_that_is_not_what_it_said_is_forgotten(wrong: wire.FileChunk, words: str) -> None:
    """The reason names it, and what follows of it belongs to nothing."""
    inbox = Inbox(Clock())
    inbox.begin(begin(3))
    with pytest.raises(BadFrame, match=words) as refused:
        inbox.chunk(wrong)
    assert "'notes.txt'" in str(refused.value)
    with pytest.raises(BadFrame, match="no file 'f'"):
        inbox.chunk(chunk(b"123"))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (begin(-1), "has -1 bytes"),
        (begin(wire.FILE_LIMIT + 1), "1048577 bytes; the socket takes 0 to 1048576"),
        (begin(1, name="n" * 256), "at most 255"),
        (begin(1, topic="t" * 257), "at most 256"),
        (begin(1, mime_type="t" * 257), "at most 256"),
        (begin(1, id="t" * 257), "at most 256"),
        (begin(1, id="known"), "has begun already"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_at_once(wrong: wire.FileBegin, words: str) -> None:
    """What is on its way already is not disturbed by it."""
    inbox = Inbox(Clock())
    inbox.begin(begin(1, "known"))
    with pytest.raises(BadFrame, match=words):
        inbox.begin(wrong)
    assert inbox.chunk(chunk(b"1", "known")) is not None


def test_a_file_that_stalls_is_forgotten_and_gives_its_place_away() -> None:
    """Its next chunk is refused; so many files are on their way, and not one more."""
    clock = Clock()
    inbox = Inbox(clock)
    for number in range(UNFINISHED):
        inbox.begin(begin(2, f"f{number}"))
    with pytest.raises(BadFrame, match="4 files are on their way"):
        inbox.begin(begin(2, "more"))
    clock.now += STALLED
    assert inbox.chunk(chunk(b"1", "f0")) is None
    clock.now += 1
    with pytest.raises(BadFrame, match="forgotten: 30 s"):
        inbox.chunk(chunk(b"1", "f1"))
    inbox.begin(begin(2, "more"))
    assert inbox.chunk(chunk(b"2", "f0")) is not None
    with pytest.raises(BadFrame, match="no file 'f2'"):
        inbox.chunk(chunk(b"1", "f2"))


def test_a_flood_of_files_is_refused_before_it_begins() -> None:
    """By their sizes, so that no file is cut in the middle."""
    clock = Clock()
    inbox = Inbox(clock)
    for number in range(FILES_BURST // wire.FILE_LIMIT):
        inbox.begin(begin(wire.FILE_LIMIT, f"f{number}"))
        with pytest.raises(BadFrame):
            inbox.chunk(chunk(b"", f"f{number}"))
    with pytest.raises(BadFrame, match="bytes of files a second"):
        inbox.begin(begin(1))
    clock.now += 1
    inbox.begin(begin(wire.FILE_LIMIT))

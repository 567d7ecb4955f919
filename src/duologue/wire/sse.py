"""Server-sent events, read as they come: bytes in, the data of whole events out."""

from __future__ import annotations

import codecs
import re
from typing import Final

LONGEST: Final = 64 * 1024
"""Characters of a line."""
_ENDS: Final = re.compile(r"\r\n|\n|\r")


class TooLong(ValueError):
    """A line that is longer than any of an event has to be."""


class Reader:
    """Reads one stream; of an event only its data counts, and comments are nothing."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        # A long line may come letter by letter: put together, it is copied once.
        self._line: list[str] = []
        self._length = 0
        self._held = ""
        self._data: list[str] = []

    @property
    def waiting(self) -> int:
        """Characters that belong to an event whose end did not come yet."""
        return self._length + len(self._held) + sum(map(len, self._data))

    def feed(self, piece: bytes) -> list[str]:
        """The data of every event that a piece of the stream completes, or `TooLong`."""
        text = self._held + self._decoder.decode(piece)
        # A line feed may still follow: then both are one end.
        self._held = "\r" if text.endswith("\r") else ""
        *ends, rest = _ENDS.split(text.removesuffix(self._held))
        found: list[str] = []
        for end in ends:
            self._grow(end)
            line = "".join(self._line)
            self._line, self._length = [], 0
            if line:
                self._read(line)
            elif self._data:
                found.append("\n".join(self._data))
                self._data = []
        self._grow(rest)
        return found

    def _grow(self, text: str) -> None:
        self._length += len(text)
        if self._length > LONGEST:
            raise TooLong(f"a line is longer than {LONGEST} characters")
        if text:
            self._line.append(text)

    def _read(self, line: str) -> None:
        name, _, value = line.partition(":")
        if name == "data":
            self._data.append(value.removeprefix(" "))

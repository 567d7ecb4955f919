"""Server-sent events, read as they come: bytes in, the data of whole events out."""

from __future__ import annotations

import codecs
import re
from typing import Final

_ENDS: Final = re.compile(r"\r\n|\n|\r")


class Reader:
    """Reads one stream; of an event only its data counts, and comments are nothing."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._rest = ""
        self._data: list[str] = []

    @property
    def waiting(self) -> int:
        """Characters that belong to an event whose end did not come yet."""
        return len(self._rest) + sum(map(len, self._data))

    def feed(self, piece: bytes) -> list[str]:
        """The data of every event that a piece of the stream completes."""
        text = self._rest + self._decoder.decode(piece)
        # A line feed may still follow: then both are one end.
        held = "\r" if text.endswith("\r") else ""
        *lines, self._rest = _ENDS.split(text.removesuffix(held))
        self._rest += held
        found: list[str] = []
        for line in lines:
            if line:
                self._line(line)
            elif self._data:
                found.append("\n".join(self._data))
                self._data = []
        return found

    def _line(self, line: str) -> None:
        name, _, value = line.partition(":")
        if name == "data":
            self._data.append(value.removeprefix(" "))

"""What a call says without a person: spoken by the offline voice, or read line by line."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from typing import Final

CHUNK: Final = 0.02
"""Seconds of sound in a piece."""
RATE: Final = 24_000
"""Samples a second of the offline voice."""


def spoken(lines: Sequence[str]) -> list[bytes]:
    """Each line as PCM16 of the offline voice."""
    # Imported here: the voice and livekit-agents take seconds that a typed call need not wait.
    from duologue.agents.voices.hibari import VoiceBox

    box = VoiceBox(threads=1)
    try:
        return [b"".join(box.say(each, 1.0) for each in box.sentences(line)) for line in lines]
    finally:
        box.close()


class Mouth:
    """A microphone that is open all the time, in front of which somebody speaks now and then."""

    rate = RATE

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._said = asyncio.Event()
        self._closed = False

    async def say(self, pcm: bytes) -> None:
        """Speaks; returns when the last of it was said."""
        size = int(RATE * CHUNK) * 2
        self._said.clear()
        self._pieces += [pcm[at : at + size] for at in range(0, len(pcm), size)]
        await self._said.wait()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """What is said, in real time, and silence around it."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self._closed:
            if not self._pieces:
                self._said.set()
            yield self._pieces.pop(0) if self._pieces else bytes(int(RATE * CHUNK) * 2)
            due += CHUNK
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def aclose(self) -> None:
        """Says no more; whoever waits for the end of it goes on."""
        self._closed = True
        self._said.set()


class Lines:
    """Lines of standard input as they come, from a terminal, a pipe or a file."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        # A read cannot be cancelled, so nobody may have to wait for the thread that reads.
        threading.Thread(target=self._read, args=(sys.stdin.fileno(),), daemon=True).start()

    async def next(self) -> str | None:
        """The next line; none at the end of the input."""
        return await self._lines.get()

    def _read(self, file: int) -> None:
        decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        rest = ""
        while piece := self._piece(file):
            *whole, rest = (rest + decode(piece)).split("\n")
            for line in whole:
                self._tell(line.strip())
        if rest.strip():
            self._tell(rest.strip())
        self._tell(None)

    def _piece(self, file: int) -> bytes:
        try:
            return os.read(file, 65536)
        except OSError:  # a terminal that was closed
            return b""

    def _tell(self, line: str | None) -> None:
        with contextlib.suppress(RuntimeError):  # the call is over, and its loop with it
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)

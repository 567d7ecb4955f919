"""A bridge that writes down both sides: the caller on the left, the agent on the right.

    python examples/bridge.py http://127.0.0.1:8787 demo caller.wav both.wav

`caller.wav` is what the caller says; any class with `rate`, `__aiter__` and `aclose` may say it.
"""

import asyncio
import os
import sys
import wave
from collections.abc import AsyncIterator

import numpy as np

from duologue import Session, TokenSource
from duologue.client.media import SoundFile, play
from duologue.client.resample import Resampler
from duologue.client.road import SoundSource

ANSWER = 8.0  # seconds for the answer, behind the caller's last word


class Tape:
    """A source that the agent hears and a sink that hears it, in the caller's own time."""

    def __init__(self, source: SoundSource, path: str) -> None:
        self.rate, self.heard = source.rate, 0.0
        self._source, self._waiting = source, b""
        self._resampler: Resampler | None = None
        self._file = wave.open(path, "wb")  # noqa: SIM115  # close() closes it
        self._file.setparams((2, 2, source.rate, 0, "NONE", ""))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The caller's sound, once it is written down."""
        async for mine in self._source:
            theirs, self._waiting = self._waiting[: len(mine)], self._waiting[len(mine) :]
            self.heard += len(theirs) / 2 / self.rate
            sides = [np.frombuffer(pcm, "<i2") for pcm in (mine, theirs.ljust(len(mine), b"\0"))]
            self._file.writeframes(np.stack(sides, axis=1).tobytes())
            yield mine

    def play(self, pcm: bytes, rate: int) -> None:
        """The agent's next sound."""
        self._resampler = self._resampler or Resampler(rate, self.rate)
        self._waiting += self._resampler.take(pcm)

    def stop(self) -> None:
        """The agent was interrupted: the rest was never heard."""
        self._waiting = b""

    def end(self) -> None:
        """The agent has said all."""

    def close(self) -> None:
        """Closes the file; twice is no error."""
        self._file.close()


async def main(url: str, agent: str, caller: str, both: str) -> None:
    """Bridges one call."""
    source = TokenSource.duologue(url, os.environ.get("AGENT_KEY"), agent)
    session = Session(source, transport="websocket")
    caller_side = SoundFile(caller, tail=ANSWER)
    tape = Tape(caller_side, both)
    player = play(session, tape)
    session.messages.on("message", lambda m: print(f"{m.role}: {m.text}") if m.final else None)
    try:
        async with session:
            async for pcm in tape:
                if not session.is_connected:  # the agent hung up
                    break
                await session.hear(pcm, tape.rate)
    finally:
        await caller_side.aclose()
        player.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

"""One process that a parent started: whether it serves, what it says, and its end."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, Self

import msgspec

START: Final = 120.0
"""Seconds in which a child must serve: it loads models meanwhile."""
CLOSING: Final = 40.0
"""Seconds, beyond those of the drain, in which it must have closed everything."""
LINE: Final = 1024 * 1024
"""Bytes of one line that it may print."""


class Child:
    """A running child; its stdin ends with us, and so does it."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.on_gone: Callable[[], None] = lambda: None
        """Called when it is gone; set by whoever keeps it."""
        self._serves = asyncio.Event()
        self._asked = False
        self._reader = asyncio.create_task(self._read())
        self._gone = asyncio.create_task(self._wait())

    @classmethod
    async def start(
        cls, command: Sequence[str], environment: Mapping[str, str], descriptor: int
    ) -> Self:
        """Starts a child that has this descriptor, too."""
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environment,
            # The child reads nothing from it, but sees it close if we are killed.
            stdin=PIPE,
            stdout=PIPE,
            limit=LINE,
            pass_fds=(descriptor,),
            # A terminal's Ctrl-C goes to us alone, and we tell the child.
            start_new_session=True,
        )
        return cls(process)

    async def begun(self) -> bool:
        """Whether it serves, as soon as that is known; one that hangs at its start is ended."""
        serves = asyncio.create_task(self._serves.wait())
        try:
            ways = {serves, self._gone}
            done, _ = await asyncio.wait(ways, timeout=START, return_when=asyncio.FIRST_COMPLETED)
        finally:
            serves.cancel()
            await asyncio.wait({serves})
        if not done:
            await self.end(0)
        return self._serves.is_set() and not self._gone.done()

    async def gone(self) -> int:
        """Its exit code, once it is gone; negative is the signal that ended it."""
        return await asyncio.shield(self._gone)

    def terminate(self) -> None:
        """Asks it to end, or, if it was asked, to end now; one that is gone is no error."""
        self._asked = True
        with suppress(ProcessLookupError):
            self._process.terminate()

    async def end(self, patience: float) -> None:
        """Lets it close in peace, within bounds; one that was asked already is not asked again."""
        if not self._asked:
            self.terminate()
        if not (await asyncio.wait({self._gone}, timeout=patience))[0]:
            with suppress(ProcessLookupError):
                self._process.kill()
        await self.gone()

    # ------------------------------------------------------------ within

    async def _wait(self) -> int:
        code = await self._process.wait()
        await self._reader
        self.on_gone()
        return code

    async def _read(self) -> None:
        """Hears that it serves; whatever else it prints, its agents wanted to be seen."""
        if self._process.stdout is None:  # pragma: no cover - it was asked to be a pipe
            return
        while True:
            try:
                line = await self._process.stdout.readline()
            except ValueError:
                continue  # too long for a line: dropped
            if not line:
                return
            if _event(line) == "listening":
                self._serves.set()
                continue
            with suppress(OSError, ValueError):  # nobody reads what we print, or not in its letters
                sys.stdout.write(line.decode(errors="replace"))
                sys.stdout.flush()


def _event(line: bytes) -> str:
    with suppress(msgspec.DecodeError, TypeError, KeyError):
        return str(msgspec.json.decode(line)["event"])
    return ""

"""The recognizer processes of this server: started when someone speaks, gone when it closes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import subprocess  # starts our own module by its name, with nothing from outside
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO, Final, cast

from duologue.agents.voices.recognizer import Heard, Request, pack, unpack

COMMAND: Final = (sys.executable, "-m", "duologue.agents.voices.recognizer")


class Ears:
    """At most `workers` recognizers; a second one starts when the first is busy."""

    def __init__(self, workers: int = 2) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="ears")
        self._idle: queue.LifoQueue[subprocess.Popen[bytes]] = queue.LifoQueue()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._closed = False

    def prewarm(self, phrases: tuple[str, ...]) -> None:
        """Starts the first recognizer and gives it the phrases, so that the first caller is not
        kept waiting for the second that its model takes to load.
        """
        with self._lock:
            if self._running or self._closed:
                return
        self._threads.submit(self._hear, Request(b"", phrases))

    async def hear(self, pcm: bytes, phrases: tuple[str, ...]) -> Heard:
        """What was said in 16 kHz PCM16."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._hear, Request(pcm, phrases))

    @property
    def processes(self) -> list[int]:
        """The ids of the recognizer processes that run now."""
        with self._lock:
            return [process.pid for process in self._running]

    def close(self) -> None:
        """Kills every recognizer and waits for the threads that talk to them."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for process in running:
            process.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for process in running:
            _bury(process)

    def _hear(self, request: Request) -> Heard:
        try:
            return self._ask(request)
        except (OSError, EOFError):  # it died, perhaps for want of memory: a new one tries once
            return self._ask(request)

    def _ask(self, request: Request) -> Heard:
        process = self._take()
        try:
            pipe_in, pipe_out = _pipes(process)
            pipe_in.write(pack(request))
            pipe_in.flush()
            answer: Heard | None = next(unpack(pipe_out, Heard), None)
            if answer is None:
                raise EOFError("the recognizer ended")
        except BaseException:
            with self._lock:
                self._running.discard(process)
            process.kill()
            _bury(process)
            raise
        self._idle.put(process)
        return answer

    def _take(self) -> subprocess.Popen[bytes]:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            pass
        with self._lock:
            if self._closed:
                raise RuntimeError("the recognizer is closed")
            process = subprocess.Popen(  # noqa: S603  # our own module
                COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # Ctrl-C is for the server, which closes this one itself.
                start_new_session=True,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
            self._running.add(process)
        return process


def _pipes(process: subprocess.Popen[bytes]) -> tuple[BinaryIO, BinaryIO]:
    return cast("BinaryIO", process.stdin), cast("BinaryIO", process.stdout)


def _bury(process: subprocess.Popen[bytes]) -> None:
    process.wait()
    for pipe in _pipes(process):
        with contextlib.suppress(OSError):  # unsent bytes to a dead process
            pipe.close()

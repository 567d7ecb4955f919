"""Commands of duologue that start at once: each is forked from a process that has loaded them all.

What runs is what `duologue …` runs, in a process, a folder and an environment of its own, which
may be killed. To start Python and load LiveKit's agents anew costs three seconds each time.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Final

PATIENCE: Final = 600.0
"""Seconds after which a process that does not end is a fault."""
HERE: Final = Path(__file__).resolve().parents[1]
MOST: Final = 256 * 1024
"""Bytes of a wish: its arguments and its environment."""


class Born:
    """A process that was forked; it is used as `subprocess.Popen` is."""

    def __init__(
        self, pid: int, stdin: IO[str], stdout: IO[str], stderr: IO[str], end: int
    ) -> None:
        self.pid = pid
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.returncode: int | None = None
        self._end = end
        self._one_reads = threading.Lock()
        weakref.finalize(self, os.close, end)

    def poll(self) -> int | None:
        """The exit code, if it has ended."""
        return self._code(0)

    def wait(self, timeout: float = PATIENCE) -> int:
        """The exit code; that of a signal is negative."""
        code = self._code(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("duologue", timeout)
        self.stdin.close()
        return code

    def send_signal(self, number: int) -> None:
        """Sends it a signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Asks it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it without a word."""
        self.send_signal(signal.SIGKILL)

    def _code(self, timeout: float) -> int | None:
        if self.returncode is None and select.select([self._end], (), (), timeout)[0]:
            with self._one_reads:
                if self.returncode is None:
                    said = os.read(self._end, 16)
                    assert said, "the nursery itself ended; its own words are above"
                    self.returncode = int(said)
        return self.returncode


class Nursery:
    """The process that others are forked from; it ends with the tests."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.nursery", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                cwd=HERE,
                env=neutral(),
            )
        self._one_at_a_time = threading.Lock()
        atexit.register(self.close)

    def start(
        self, arguments: Sequence[str], *, env: Mapping[str, str], cwd: Path | None = None
    ) -> Born:
        """Runs `duologue` with these arguments."""
        wish = {"arguments": arguments, "environment": dict(env), "folder": str(cwd or Path.cwd())}
        # Each pair is what we keep, and what goes to the other side.
        stdin, stdout, stderr, end = os.pipe()[::-1], os.pipe(), os.pipe(), os.pipe()
        theirs = [stdin[1], stdout[1], stderr[1], end[1]]
        try:
            with self._one_at_a_time:
                socket.send_fds(self._line, [json.dumps(wish).encode()], theirs)
                pid = self._line.recv(64)
        finally:
            for each in theirs:
                os.close(each)
        assert pid, "the nursery itself could not start; its own words are above"
        return Born(
            int(pid),
            os.fdopen(stdin[0], "w"),
            os.fdopen(stdout[0]),
            os.fdopen(stderr[0]),
            end[0],
        )

    def run(
        self, arguments: Sequence[str], *, env: Mapping[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """What such a command wrote, and how it ended."""
        born = self.start(arguments, env=env)
        born.stdin.close()  # nobody answers a question
        watchdog = threading.Timer(timeout, born.kill)
        watchdog.start()
        try:
            with born.stdout, born.stderr:
                said: list[str] = []
                reader = threading.Thread(target=lambda: said.append(born.stderr.read()))
                reader.start()
                out = born.stdout.read()
                reader.join()
            return subprocess.CompletedProcess(list(arguments), born.wait(), out, "".join(said))
        finally:
            watchdog.cancel()

    def close(self) -> None:
        """Ends the process; what was forked from it ends by itself, or was ended."""
        self._line.close()
        self._process.wait()


@cache
def nursery() -> Nursery:
    """The one of this process of tests."""
    return Nursery()


def neutral() -> dict[str, str]:
    """The environment without a shell's own settings and model keys: they would change the test."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DUOLOGUE_", "LIVEKIT_")) and not name.endswith("_API_KEY")
    }


# ------------------------------------------------------------------ the other side


def _become(wish: dict[str, object], inherited: Sequence[int]) -> None:
    """Makes a process that was forked look as if it had been started."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for target, source in enumerate(inherited):
        os.dup2(source, target)
        os.close(source)
    environment, arguments = wish["environment"], wish["arguments"]
    assert isinstance(environment, dict)
    assert isinstance(arguments, list)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(str(wish["folder"]))
    random.seed()
    # `duologue` does not look where it is started; what the tests are made of is not there.
    sys.path[:] = [each for each in sys.path if Path(each).resolve() != HERE]
    sys.argv = ["duologue", *arguments]


def _serve(line: socket.socket) -> int:
    """Forks for each wish that comes; in a child, the exit code of its command."""
    ends: dict[int, int] = {}
    died, dies = socket.socketpair()
    died.setblocking(False)
    dies.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(dies.fileno(), warn_on_full_buffer=False)
    while True:
        ready, _, _ = select.select([line, died], (), ())
        if died in ready:
            died.recv(4096)
            while ends:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    break
                code = str(os.waitstatus_to_exitcode(status)).encode()
                with contextlib.suppress(BrokenPipeError):
                    os.write(ends[pid], code)
                os.close(ends.pop(pid))
        if line not in ready:
            continue
        wish, given, _, _ = socket.recv_fds(line, MOST, 4)
        if not wish:
            return 0
        *streams, told = given
        child = os.fork()
        if not child:
            for ours in (line, died, dies):
                ours.close()
            for number in (told, *ends.values()):
                os.close(number)
            _become(json.loads(wish), streams)
            from duologue.cli import main

            return main()
        for each in streams:
            os.close(each)
        ends[child] = told
        line.send(str(child).encode())


def main() -> int:
    """Loads what commands need, and forks."""
    import duologue.cli.app
    import duologue.cli.catalog
    import duologue.server.logs
    import duologue.server.serve
    import duologue.store.postgres
    import duologue.testing.models  # noqa: F401  # what agents of tests are made of

    gc.collect()
    gc.freeze()  # what all share is not looked at again
    return _serve(socket.socket(fileno=int(sys.argv[1])))


if __name__ == "__main__":
    sys.exit(main())

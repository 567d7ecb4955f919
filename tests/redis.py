"""A real Redis for the tests that need one: started, stopped and started again by them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest

INSTALL: Final = "apt-get install redis-server"


class Redis:
    """A server on loopback which keeps its port when it goes and comes back."""

    def __init__(self, binary: str, home: Path) -> None:
        self._binary = binary
        self._home = home
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Runs, with nothing in it, and answers."""
        options = ("--save", "", "--appendonly", "no", "--bind", "127.0.0.1")
        command = [self._binary, "--port", str(self._port), *options, "--dir", str(self._home)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        give_up = time.monotonic() + 30
        while not self._answers():
            if time.monotonic() > give_up or self._process.poll() is not None:
                raise RuntimeError(f"redis-server does not answer on port {self._port}")
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Goes, by default as a machine does that loses power."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def freeze(self) -> None:
        """Hangs: lines stay, and nothing is answered."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Goes on where it was."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            with closing(socket.create_connection(("127.0.0.1", self._port), 1)) as line:
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
        except OSError:
            return False


@contextmanager
def server() -> Iterator[Redis]:
    """A fresh server, gone at the end."""
    binary = shutil.which("redis-server")
    if binary is None:
        words = f"no redis-server here; {INSTALL}"
        if os.environ.get("DUOLOGUE_TEST_REQUIRE") == "all":
            pytest.fail(words)
        pytest.skip(words)
    home = Path(tempfile.mkdtemp(prefix="duologue-redis-"))
    redis = Redis(binary, home)
    try:
        redis.start()
        yield redis
    finally:
        redis.stop()
        shutil.rmtree(home, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

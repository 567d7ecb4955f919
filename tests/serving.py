"""A `duologue serve` of its own for a test: a real process, a real data folder, a free port."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any, Self

from tests.nursery import Born, neutral, nursery

from duologue.cli.dev import CHILD

COMMAND = str(Path(sys.executable).with_name("duologue"))
START = 120.0
"""Seconds in which a server must listen; models load meanwhile, on a busy machine."""


class House:
    """A data folder, and the server process on it; both are the test's own."""

    def __init__(
        self, data: Path, *files: Path, mode: str = "serve", port: int = 0, **settings: str | float
    ) -> None:
        self.data = data
        self.mode = mode
        self.files = files
        self.url = ""
        self._settings = {f"DUOLOGUE_{name.upper()}": str(v) for name, v in settings.items()}
        self._process: Born | subprocess.Popen[str] | None = None
        self._log: list[str] = []
        self._readers: list[threading.Thread] = []
        self._port = port

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # ---------------------------------------------------------------- the process

    def start(self) -> None:
        """Starts the server and waits until it listens; a second start keeps the port."""
        options = ["--data", str(self.data), "--json"]
        if self.mode != "worker":
            options += ["--port", str(self._port)]
        if self.mode == "dev":
            options.append("--no-open")
        arguments = [self.mode, *map(str, self.files), *options]
        # A worker makes processes of the program that was started; another tree is another program.
        if self.mode == "worker" or "PYTHONPATH" in self._environment:
            self._process = subprocess.Popen(
                [COMMAND, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=self._environment,
                cwd=self.data.parent,
            )
        else:
            self._process = nursery().start(arguments, env=self._environment, cwd=self.data.parent)
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._read(self._process.stderr)
        watchdog = threading.Timer(START, self._process.kill)
        watchdog.start()
        try:
            self.url = self._address(self._process.stdout)
        finally:
            watchdog.cancel()
        if not self.url:
            self._gone()
            raise AssertionError(f"the server did not start:\n{self.log}")
        self._port = int(self.url.rpartition(":")[2])
        self._read(self._process.stdout)

    def stop(self) -> int:
        """Asks the server to close, and gives its exit code; one that runs no more is no error."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
        return self._gone()

    def signal(self, number: signal.Signals) -> None:
        """Sends the server a signal, and waits for nothing."""
        assert self._process is not None
        self._process.send_signal(number)

    def wait(self, seconds: float = START) -> int:
        """Waits until the server ended by itself, and gives its exit code."""
        assert self._process is not None
        self._process.wait(seconds)
        return self._gone()

    def kill(self) -> None:
        """Ends the server without a word, as a power cut does."""
        assert self._process is not None
        self._process.kill()
        self._gone()

    @property
    def log(self) -> str:
        """What the server wrote to its log so far."""
        return "".join(self._log)

    # ---------------------------------------------------------------- its commands

    def command(self, *arguments: str) -> Any:
        """What a command of the house answers, from JSON; the data folder is added."""
        whole = [*arguments, "--data", str(self.data), "--json"]
        done = nursery().run(whole, env=self._environment, timeout=START)
        if done.returncode:
            raise AssertionError(f"duologue {' '.join(arguments)}: {done.stderr or done.stdout}")
        return json.loads(done.stdout)

    def secret_key(self) -> str:
        """A new secret key."""
        return str(self.command("keys", "create", "--kind", "secret")["key"])

    def publish(self, *agents: str) -> None:
        """Lets callers reach these agents."""
        for agent in agents:
            self.command("agents", "publish", agent)

    def messages(self, conversation_id: str) -> list[dict[str, Any]]:
        """What was said in a conversation, as the store has it."""
        exported = self.command("conversations", "export", conversation_id)
        return [one for one in exported["messages"] if one["kind"] == "message"]

    # ---------------------------------------------------------------- within

    @property
    def _environment(self) -> dict[str, str]:
        # Nobody saves files here: `duologue dev` runs without what looks for that.
        alone = {CHILD: "1"} if self.mode == "dev" else {}
        return neutral() | alone | self._settings

    def _address(self, lines: IO[str]) -> str:
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if event.get("event") in ("listening", "working"):
                return str(event["url"])
        return ""

    def _read(self, lines: IO[str]) -> None:
        # A pipe that nobody reads fills up, and the server would wait for ever.
        reader = threading.Thread(target=self._log.extend, args=(lines,))
        reader.start()
        self._readers.append(reader)

    def _gone(self) -> int:
        assert self._process is not None
        code = self._process.wait()
        for reader in self._readers:
            reader.join()
        self._readers.clear()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()
        self._process = None
        return code

"""Servers that start at once: each is forked from a process that has imported everything.

What runs is `duologue dev` without its supervisor: a process, a port, a data folder and a log of
its own, which may be killed. Starting Python and its libraries anew costs seconds each time.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Self

PATIENCE = 120.0
"""Seconds in which a server must listen, or end."""


class Nursery:
    """The process that servers are forked from."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.promises.forking"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            env={
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("DUOLOGUE_", "LIVEKIT_")) and not name.endswith("_API_KEY")
            },
        )

    def bear(self, wish: dict[str, Any]) -> int:
        """The id of a new process that serves as it was wished."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(wish) + "\n")
        self._process.stdin.flush()
        born = self._process.stdout.readline()
        assert born, "the nursery itself could not start; its own words are above"
        return int(born)

    def close(self) -> None:
        """Ends the process; its servers end by themselves, or were ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()


class Server:
    """One server: `with Server(nursery, folder, agents) as server` runs at `server.url`."""

    def __init__(
        self, nursery: Nursery, folder: Path, agents: Path, *, mode: str = "dev", **settings: Any
    ) -> None:
        self.data = folder / "data"
        self.url = ""
        self.pid = 0
        self._nursery = nursery
        self._agents = agents
        self._mode = mode
        self._settings = settings
        self._output = folder / "server.log"
        self.temporary = folder / "temporary"
        """Where it has files for the moment."""
        self.temporary.mkdir(exist_ok=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Starts, and returns when it listens; a second start keeps the port."""
        said = self._output.stat().st_size if self._output.exists() else 0
        self.pid = self._nursery.bear(
            {
                "agents": str(self._agents),
                "mode": self._mode,
                "output": str(self._output),
                "temporary": str(self.temporary),
                "settings": {"port": 0, "data": str(self.data), **self._settings},
            }
        )
        end = time.monotonic() + PATIENCE
        while not (url := _address(self.log[said:])):
            assert time.monotonic() < end, f"it does not listen:\n{self.log}"
            assert self.runs, f"it did not start:\n{self.log}"
            time.sleep(0.02)
        self.url = url
        self._settings["port"] = int(url.rpartition(":")[2])

    def stop(self) -> None:
        """Asks it to close, and waits until it did."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it without a word, as a power cut does."""
        self._end(signal.SIGKILL)

    @property
    def runs(self) -> bool:
        """Whether the process lives."""
        return self.pid != 0 and Path(f"/proc/{self.pid}").exists()

    @property
    def log(self) -> str:
        """All that it wrote so far, of every start."""
        return self._output.read_text() if self._output.exists() else ""

    @property
    def database(self) -> Path:
        """Its SQLite file."""
        return self.data / "duologue.db"

    @property
    def resident(self) -> int:
        """Bytes of memory that it holds."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * resource.getpagesize()

    @property
    def open_files(self) -> list[str]:
        """What its file descriptors lead to."""
        found = []
        for each in Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                found.append(str(each.readlink()))
            except FileNotFoundError:  # closed while we looked
                continue
        return found

    def _end(self, how: signal.Signals) -> None:
        if not self.runs:
            return
        os.kill(self.pid, how)
        end = time.monotonic() + PATIENCE
        while self.runs:
            assert time.monotonic() < end, f"it does not end:\n{self.log}"
            time.sleep(0.02)
        self.pid = 0


def _address(log: str) -> str:
    """Where a server says that it listens."""
    for line in log.splitlines(keepends=True):
        if line.startswith('{"event": "listening"') and line.endswith("\n"):
            return str(json.loads(line)["url"])
    return ""


def _serve(wish: dict[str, Any]) -> None:
    """Serves in this process until it is told to end."""
    from duologue.cli.catalog import catalog
    from duologue.server import logs
    from duologue.server.serve import run
    from duologue.settings import load

    tempfile.tempdir = wish["temporary"]
    settings = load(None, {}, **wish["settings"])
    loaded = catalog([Path(wish["agents"])], settings)
    logs.configure("json", settings.log_level)

    def announce(url: str) -> None:
        os.write(1, (json.dumps({"event": "listening", "url": url}) + "\n").encode())

    run(settings, loaded, mode=wish["mode"], announce=announce)


def _fork(wish: dict[str, Any]) -> int:
    """Serves in a child, whose output goes into a file."""
    if child := os.fork():
        return child
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        out = os.open(wish["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for target, source in ((0, nothing), (1, out), (2, out)):
            os.dup2(source, target)
        _serve(wish)
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Forks a server for each line that comes, and says its process's id."""
    import duologue.cli.catalog
    import duologue.server.logs
    import duologue.server.serve
    import duologue.store.postgres
    import duologue.testing.models  # noqa: F401  # what agents of tests are made of

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead need nobody to wait for them
    for line in sys.stdin:
        sys.stdout.write(f"{_fork(json.loads(line))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

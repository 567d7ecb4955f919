"""A real PostgreSQL server for the tests that need one: made, started and stopped by them."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

INSTALL = "apt-get install postgresql"


class Postgres:
    """One server on loopback, which can be stopped and started again at the same address."""

    def __init__(self, home: Path, binaries: Path, as_user: list[str]) -> None:
        port = _free_port()
        data = home / "data"
        self.url = f"postgresql://tester@127.0.0.1:{port}"
        """Its address, to which a database name is appended."""
        self._options = (
            f"-p {port} -c listen_addresses=127.0.0.1 -k {home} -c fsync=off -c max_connections=90"
        )
        _run([*as_user, binaries / "initdb", "-D", data, "-U", "tester", "-A", "trust", "-N"])
        self._control = [*as_user, binaries / "pg_ctl", "-D", data, "-w", "-l", home / "log"]

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        _run([*self._control, "-o", self._options, "start"])

    def stop(self) -> None:
        """Ends it at once: what was not committed never was."""
        _run([*self._control, "-m", "immediate", "stop"])


@contextmanager
def running() -> Iterator[Postgres]:
    """A fresh server that a test may stop and start."""
    binaries = find()
    if binaries is None:
        words = f"no PostgreSQL server binaries here; {INSTALL}"
        if os.environ.get("DUOLOGUE_TEST_REQUIRE") == "all":
            pytest.fail(words)
        pytest.skip(words)
    home = Path(tempfile.mkdtemp(prefix="duologue-pg-"))
    try:
        made = Postgres(home, binaries, _user(home))
        made.start()
        try:
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def server() -> Iterator[str]:
    """The address of a fresh server on loopback, to which a database name is appended."""
    with running() as made:
        yield made.url


def find() -> Path | None:
    """Where initdb lies, the newest version first."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    return found[0].parent if found else None


def _user(home: Path) -> list[str]:
    """PostgreSQL refuses to be root; root lets its user `postgres` do it."""
    if os.geteuid() != 0:
        return []
    owner = pwd.getpwnam("postgres")
    os.chown(home, owner.pw_uid, owner.pw_gid)
    return ["runuser", "-u", "postgres", "--"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _run(command: list[object]) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd="/",
        text=True,
        timeout=60,
    )
    if done.returncode != 0:
        pytest.fail(f"{command[-1]} failed: {done.stderr}")

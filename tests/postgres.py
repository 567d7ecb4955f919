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


@contextmanager
def server() -> Iterator[str]:
    """The address of a fresh server on loopback, to which a database name is appended."""
    binaries = find()
    if binaries is None:
        words = f"no PostgreSQL server binaries here; {INSTALL}"
        if os.environ.get("DUOLOGUE_TEST_REQUIRE") == "all":
            pytest.fail(words)
        pytest.skip(words)
    home = Path(tempfile.mkdtemp(prefix="duologue-pg-"))
    as_user = _user(home)
    data = home / "data"
    port = _free_port()
    options = (
        f"-p {port} -c listen_addresses=127.0.0.1 -k {home} -c fsync=off -c max_connections=90"
    )
    try:
        _run([*as_user, binaries / "initdb", "-D", data, "-U", "tester", "-A", "trust", "-N"])
        control = [*as_user, binaries / "pg_ctl", "-D", data, "-w", "-l", home / "log"]
        _run([*control, "-o", options, "start"])
        try:
            yield f"postgresql://tester@127.0.0.1:{port}"
        finally:
            _run([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(home, ignore_errors=True)


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

"""The units of deploy/systemd: understood by systemd, and run by it for real."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from tests.deploy.machine import PATIENCE, ROOT, Machine
from tests.rooms.livekit import LiveKit
from tests.serving import COMMAND

from duologue.settings import Settings

UNITS = ROOT / "deploy" / "systemd"
REGISTERED = "registered with LiveKit"
"""What a worker says when LiveKit knows it."""
NAMES = ["duologue.service", "duologue-worker@.service"]


def lines(name: str) -> dict[str, str]:
    """The settings of a unit, the last one of a name."""
    text = (UNITS / name).read_text(encoding="utf-8")
    pairs = (each.partition("=") for each in text.splitlines() if "=" in each)
    return {key: value for key, _, value in pairs if not key.startswith("#")}


@pytest.mark.parametrize("name", NAMES)
def test_systemd_understands_the_unit(tmp_path: Path, name: str) -> None:
    """`systemd-analyze verify` finds nothing; only the program's path is the one of the tests."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze: apt-get install systemd")
    shown = name.replace("@", "@1")
    for each in NAMES:
        text = (UNITS / each).read_text(encoding="utf-8")
        moved = text.replace("/opt/duologue/bin/duologue", COMMAND)
        (tmp_path / each.replace("@", "@1")).write_text(moved)
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / shown],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert shown not in done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_a_unit_waits_longer_than_a_drain(name: str) -> None:
    """Turns get `drain_seconds` to end and sockets 10 s to close before systemd kills."""
    unit = lines(name)
    assert unit["KillSignal"] == "SIGTERM"
    assert int(unit["TimeoutStopSec"]) > Settings().drain_seconds + 10


def test_the_worker_is_as_guarded_as_the_server() -> None:
    """Both units differ in what they say and run, and in nothing else."""
    server, worker = lines(NAMES[0]), lines(NAMES[1])
    differ = {
        name for name in server.keys() | worker.keys() if server.get(name) != worker.get(name)
    }
    assert differ == {"Description", "After", "ExecStart"}


def eventually(true: Callable[[], bool], machine: Machine) -> None:
    """Waits until it is true."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, machine.log
        time.sleep(0.2)


def spoken_with(machine: Machine, url: str) -> str:
    """What a caller hears who speaks with the offline voices: all models run behind the guards."""
    as_user = ("runuser", "-u", "duologue", "--", "env", "PYTHONPATH=/opt/source")
    program = (*as_user, "LD_LIBRARY_PATH=/opt/python/lib", "/opt/duologue/bin/duologue")
    options = ("--data", "/var/lib/duologue", "--json")
    machine.until(*program, "agents", "publish", "demo", *options)
    made = machine.until(*program, "keys", "create", "--kind", "secret", *options)
    key = json.loads(made)["key"]
    done = subprocess.run(
        [COMMAND, "call", "demo", "--say", "Hello.", "--url", url, "--key", key],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    return done.stdout + done.stderr


def started(machine: Machine, unit: str) -> str:
    """Starts a unit, whose process has no right at all; its number."""
    done = machine.run("systemctl", "start", unit)
    assert done.returncode == 0, done.stderr + machine.log
    pid = machine.of(unit, "MainPID")
    eventually(lambda: "Uid" in machine.run("cat", f"/proc/{pid}/status").stdout, machine)
    status = dict(
        line.split(":\t", 1)
        for line in machine.run("cat", f"/proc/{pid}/status").stdout.splitlines()
        if ":\t" in line
    )
    assert status["Uid"].split() == ["990"] * 4
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    return pid


@pytest.mark.rooms
def test_the_worker_runs_under_systemd_as_its_unit_says(tmp_path: Path, livekit: LiveKit) -> None:
    """It registers with LiveKit, comes back when it is killed, and ends well when it is asked."""
    unit = "duologue-worker@1.service"
    names = {f"DUOLOGUE_{name.upper()}": str(value) for name, value in livekit.settings.items()}

    def registered(times: int) -> bool:
        return machine.log.count(REGISTERED) >= times

    with Machine(tmp_path / "machine", names) as machine:
        pid = started(machine, unit)
        eventually(lambda: registered(1), machine)
        machine.run("kill", "-9", pid)
        eventually(lambda: machine.of(unit, "NRestarts") == "1", machine)
        eventually(lambda: registered(2), machine)
        assert machine.run("systemctl", "stop", unit).returncode == 0
        assert machine.of(unit, "Result") == "success"
        assert machine.of(unit, "ExecMainStatus") == "0"


@pytest.mark.voice
def test_the_server_runs_under_systemd_as_its_unit_says(tmp_path: Path) -> None:
    """It serves without any right, comes back when it is killed, and ends well when it is asked."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        try:
            return httpx.get(f"{url}/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    with Machine(tmp_path / "machine", {"DUOLOGUE_PORT": str(port)}) as machine:
        pid = started(machine, "duologue.service")
        eventually(ready, machine)
        assert "1 answer, heard" in spoken_with(machine, url), machine.log
        state = machine.run("stat", "-c", "%U %a", "/var/lib/duologue").stdout.split()
        assert state == ["duologue", "700"]
        machine.run("kill", "-9", pid)
        eventually(lambda: machine.of("duologue.service", "NRestarts") == "1", machine)
        eventually(ready, machine)
        assert machine.run("systemctl", "stop", "duologue.service").returncode == 0
        assert machine.of("duologue.service", "Result") == "success"
        assert machine.of("duologue.service", "ExecMainStatus") == "0"
        assert not ready()

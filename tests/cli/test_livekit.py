"""A LiveKit server of our own: found, started on loopback, and never left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from tests.cli.conftest import Shell
from tests.cli.test_agents import FILE
from tests.cli.test_serving import eventually, greeting
from tests.rooms.livekit import LiveKit

from duologue.cli import livekit as local
from duologue.errors import DuologueError

PATIENCE = 60.0


def descendants(pid: int) -> set[int]:
    """The processes that a process started, and theirs."""
    found = set[int]()
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            children = (task / "children").read_text().split()
        except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            continue
        for child in children:
            found |= {int(child), *descendants(int(child))}
    return found


def program(pid: int) -> str:
    """What a process runs; nothing when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def servers_of(pid: int) -> set[int]:
    """The LiveKit servers below a process."""
    return {each for each in descendants(pid) if program(each).endswith(local.PROGRAM)}


def instead(script: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts a shell script in the place of the LiveKit server."""
    fake = folder / local.PROGRAM
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """`duologue dev --livekit`, in an environment that knows of no other LiveKit."""
    return subprocess.Popen(
        [sys.executable, "-m", "duologue", "dev", *arguments, "--livekit", "--no-open"],
        cwd=folder,
        env={
            name: text
            for name, text in os.environ.items()
            if not name.startswith(("DUOLOGUE_", "LIVEKIT_"))
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def test_without_the_program_dev_says_how_to_get_one(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither settings nor program: the three settings and the ways to install are named."""
    for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    answer = shell("dev", "--livekit", "--no-open")
    assert answer.code == 1
    for word in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "livekit-server", "brew"):
        assert word in answer.err


def test_a_server_that_ends_at_once_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last words are the reason."""
    script = "echo 'something'; echo 'no such option' >&2; exit 3"
    instead(script, tmp_path, monkeypatch)
    with pytest.raises(DuologueError, match="no such option"), local.server():
        pass


def test_ports_that_are_always_taken_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few others are tried, not without end, and then the program's words are the reason."""
    tried = tmp_path / "tried"
    instead(
        f'grep "^port" "$2" >> {tried}\n'
        "echo 'listen udp 127.0.0.1:7882: bind: address already in use'",
        tmp_path,
        monkeypatch,
    )
    with pytest.raises(DuologueError, match="already in use"), local.server():
        pass
    assert len(tried.read_text().splitlines()) == local.TRIES


def test_the_configuration_is_for_loopback_and_for_us_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the program is given names only 127.0.0.1, and nobody else may read it."""
    told = tmp_path / "told"
    instead(
        f'stat -c %a "$2" > {told}; cat "$2" >> {told}\n'
        f'exec {sys.executable} -c "\n'
        "import re, sys\n"
        "from http.server import BaseHTTPRequestHandler as Any, HTTPServer\n"
        "text = open(sys.argv[1]).read()\n"
        "port = int(re.search('^port: (.*)', text).group(1))\n"
        "Any.do_POST = lambda self: (self.send_response(200), self.end_headers())\n"
        "HTTPServer(('127.0.0.1', port), Any).serve_forever()\n"
        '" "$2"',
        tmp_path,
        monkeypatch,
    )
    with local.server() as running:
        mode, _, text = told.read_text().partition("\n")
        assert mode == "600"
        assert f"port: {running.url.rpartition(':')[2]}\n" in text
        assert "bind_addresses: [127.0.0.1]" in text
        assert "node_ip: 127.0.0.1" in text
        assert len(running.api_secret) == 32
        assert running.api_secret in text
        assert running.environment["DUOLOGUE_LIVEKIT_URL"] == running.url


@pytest.mark.rooms
@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_port_that_was_lost_is_not_taken_for_our_own(
    livekit: LiveKit, monkeypatch: pytest.MonkeyPatch, which: int
) -> None:
    """Who was faster is left alone, even another LiveKit: the server starts with other ports."""
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(type=socket.SOCK_DGRAM) as udp,
    ):
        udp.bind(("127.0.0.1", 0))
        lost = [livekit.port, tcp.getsockname()[1], udp.getsockname()[1]][which]
        choose = local._free_ports
        chosen: list[tuple[int, ...]] = []

        def unlucky(port: int) -> tuple[int, ...]:
            ports = list(choose(port))
            if not chosen:
                ports[which] = lost
            chosen.append(tuple(ports))
            return chosen[-1]

        monkeypatch.setattr(local, "_free_ports", unlucky)
        with local.server() as running:
            assert len(chosen) == 2
            assert running.url == f"ws://127.0.0.1:{chosen[1][0]}"
            assert lost not in chosen[1]


@pytest.mark.rooms
def test_dev_brings_its_own_server_which_outlives_a_reload(
    livekit: LiveKit, tmp_path: Path
) -> None:
    """One server for all children of the command, and none when it ended."""
    assert livekit.url  # the program is here, and on the path
    file = tmp_path / "desk.py"
    file.write_text(FILE)
    with start(tmp_path, "desk.py", "--port", "0", "--json") as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        url = told["url"]
        answer = httpx.post(
            f"{url}/api/token", json={"room_config": {"agents": [{"agent_name": "desk"}]}}
        )
        assert answer.status_code == 201, answer.text
        assert answer.json()["server_url"] == told["livekit"]
        servers = servers_of(process.pid)
        assert len(servers) == 1
        file.write_text(FILE.replace("Good day.", "Good evening."))
        eventually(lambda: "Good evening." in greeting(url))
        assert servers_of(process.pid) == servers
        process.terminate()
        assert process.wait(PATIENCE) == 0
    assert not any(program(each) for each in servers)


@pytest.mark.rooms
def test_the_server_of_dev_ends_even_when_dev_is_killed(livekit: LiveKit, tmp_path: Path) -> None:
    """Nothing stays behind."""
    assert livekit.url
    (tmp_path / "desk.py").write_text(FILE)
    with start(tmp_path, "desk.py", "--port", "0", "--json") as process:
        assert process.stdout is not None
        assert "livekit" in json.loads(process.stdout.readline())
        family = descendants(process.pid)
        assert servers_of(process.pid)
        process.send_signal(signal.SIGKILL)
        eventually(lambda: not any(program(each) for each in family))


@pytest.mark.rooms
def test_dev_uses_the_livekit_that_is_set(livekit: LiveKit, tmp_path: Path) -> None:
    """With an address in the environment, no server is started."""
    (tmp_path / "desk.py").write_text(FILE)
    environment = {
        name: text for name, text in os.environ.items() if not name.startswith("DUOLOGUE_")
    } | {
        "LIVEKIT_URL": livekit.url,
        "LIVEKIT_API_KEY": livekit.api_key,
        "LIVEKIT_API_SECRET": livekit.api_secret,
    }
    command = ["dev", "desk.py", "--livekit", "--port", "0", "--no-open", "--json"]
    with subprocess.Popen(
        [sys.executable, "-m", "duologue", *command],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["livekit"] == livekit.url
        assert not servers_of(process.pid)
        process.terminate()
        assert process.wait(PATIENCE) == 0

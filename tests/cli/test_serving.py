"""`duologue dev` and `duologue serve` as real processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cli.conftest import Shell
from tests.cli.test_agents import FILE

from duologue.cli.dev import has_display, insecure
from duologue.settings import Settings

PATIENCE = 60.0


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command of its own process group, which is gone at the end whatever happened."""
    process = subprocess.Popen(
        [sys.executable, "-m", "duologue", *arguments],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if not k.startswith("DUOLOGUE_")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        finally:
            process.kill()
            process.communicate()


def listening(process: subprocess.Popen[str]) -> str:
    """The address that the first line tells."""
    assert process.stdout is not None
    told: dict[str, Any] = json.loads(process.stdout.readline())
    assert told["event"] == "listening"
    return str(told["url"])


def eventually(true: Any) -> None:
    """Waits until it is true."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def greeting(url: str) -> str:
    """What a widget would greet with now; nothing while the server starts anew."""
    try:
        return httpx.get(f"{url}/api/widget/agent", params={"agent": "desk"}, timeout=5).text
    except httpx.TransportError:
        return ""


def test_dev_serves_a_file_and_reloads_it_on_the_same_port(tmp_path: Path) -> None:
    """A widget shows the greeting of the file, and the new one after it is saved."""
    file = tmp_path / "desk.py"
    file.write_text(FILE)
    with running(tmp_path, "dev", "desk.py", "--port", "0", "--no-open", "--json") as process:
        url = listening(process)
        assert "Good day." in greeting(url)
        answer = httpx.post(f"{url}/v1/agents/web/authorize_session", json={"agent_id": "desk"})
        assert answer.status_code == 200
        file.write_text(FILE.replace("Good day.", "Good evening."))
        eventually(lambda: "Good evening." in greeting(url))
        process.terminate()
        assert process.wait(PATIENCE) == 0


def test_the_child_of_dev_ends_even_when_its_supervisor_is_killed(tmp_path: Path) -> None:
    """Nothing stays behind on the port."""
    (tmp_path / "desk.py").write_text(FILE)
    with running(tmp_path, "dev", "desk.py", "--port", "0", "--no-open", "--json") as process:
        url = listening(process)
        process.send_signal(signal.SIGKILL)
        port = int(url.rpartition(":")[2])

        def free() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) != 0

        eventually(free)


def test_serve_says_what_is_missing_and_refuses_who_has_no_key(shell: Shell) -> None:
    """Without agent and key the first lines name both commands; a published agent needs a key."""
    (shell.folder / "desk.py").write_text(FILE)
    with running(shell.folder, "serve", "desk.py", "--port", "0") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        url = lines[0].split()[-1]
        assert "duologue agents publish desk" in lines[1]
        assert "duologue keys create" in lines[2]
        door = f"{url}/v1/agents/web/authorize_session"
        assert httpx.post(door, json={"agent_id": "desk"}).status_code == 401
        key = shell("keys", "create", "--kind", "secret", "--json").json["key"]
        headers = {"authorization": f"Bearer {key}"}
        assert httpx.post(door, json={"agent_id": "desk"}, headers=headers).status_code == 403
        shell("agents", "publish", "desk")
        assert httpx.post(door, json={"agent_id": "desk"}, headers=headers).status_code == 200


def test_dev_refuses_a_missing_file_and_exits(shell: Shell) -> None:
    """A mistyped file is told at once."""
    answer = shell("dev", "gone.py", "--no-open")
    assert answer.code == 1
    assert "gone.py: there is no such file" in answer.err


@pytest.mark.parametrize(
    ("host", "words"),
    [("127.0.0.1", "without a key"), ("::1", "without a key"), ("0.0.0.0", "outside")],
)
def test_dev_says_what_is_insecure(host: str, words: str) -> None:
    """On this machine keys are not needed; elsewhere the line is not encrypted."""
    assert words in " ".join(insecure(Settings(host=host)))


def test_dev_behind_a_public_address_says_that_keys_are_needed() -> None:
    """A proxy may lead anybody here, so nobody is let in for being near."""
    outside = " ".join(insecure(Settings(public_url="https://agents.example")))
    assert "https://agents.example leads here, so nobody gets in without a key" in outside
    here = " ".join(insecure(Settings(public_url="http://localhost:9000/")))
    assert "Whoever sits at this machine" in here


def test_a_browser_is_opened_only_for_somebody_who_sees_it() -> None:
    """Without a display, or with output into a file, no browser is opened."""
    assert not has_display({})
    assert not has_display({"DISPLAY": ":0"}) or sys.stdout.isatty()

"""The systems under measurement: how each is started, joined, and what it costs."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from bench.machine import ROOT

NAMES: Final = ("duologue", "plain AgentSession", "pipecat")
SERVER_CORE: Final = 0
TICK: Final = os.sysconf("SC_CLK_TCK")
PEERS: Final = {"plain AgentSession": "bench.peer_plain", "pipecat": "bench.peer_pipecat"}
PYTHON_OF_PEERS: Final = ROOT / ".bench" / "bin" / "python"


@dataclass
class System:
    """A running server."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    key: str = ""
    folder: str = ""
    agent: str = "bench"
    fields: dict[str, Any] = field(default_factory=dict)
    """What authorize is asked beside the agent: capabilities."""

    @property
    def pid(self) -> int:
        """The server's process."""
        return self.process.pid

    async def path(self, client: httpx.AsyncClient, **fields: Any) -> str:
        """The address of a new session's socket; ours wants to be asked for it."""
        if self.name != "duologue":
            return "/ws"
        answer = await self.authorize(client, **fields)
        answer.raise_for_status()
        key = answer.json()["client_session_key"]
        return f"/v1/agents/web/websocket?client_session_key={key}"

    async def authorize(self, client: httpx.AsyncClient, **fields: Any) -> httpx.Response:
        """Asks our server for a session."""
        return await client.post(
            f"http://127.0.0.1:{self.port}/v1/agents/web/authorize_session",
            json={"agent_id": self.agent, **self.fields, **fields},
            headers={"authorization": f"Bearer {self.key}"},
        )

    def cpu(self) -> float:
        """Seconds of processor that it and its children used so far, all threads."""
        return sum(_cpu(pid) for pid in family(self.pid))

    def memory(self) -> float:
        """Megabytes that it and its children hold."""
        return sum(_resident(pid) for pid in family(self.pid))


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += family(int(child))
    return found


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


def _resident(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    kilobytes = next((line.split()[1] for line in status.splitlines() if "VmRSS" in line), "0")
    return int(kilobytes) / 1024


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def running(
    name: str, *, agent_file: str = "bench/agent_file.py", **settings: Any
) -> Iterator[System]:
    """One of the systems, alone on its core; settings are ours only."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, PYTHONPATH=str(ROOT))
        key = ""
        if name == "duologue":
            environment |= {
                "DUOLOGUE_MAX_SESSIONS": str(settings.pop("max_sessions", 1000)),
                "DUOLOGUE_AUTHORIZE_PER_MINUTE": "1000000",
            }
            environment |= {f"DUOLOGUE_{key.upper()}": str(v) for key, v in settings.items()}
            _ours(environment, "agents", "publish", "bench", agent_file, "--data", folder)
            made = _ours(
                environment, *("keys", "create", "--kind", "secret", "--data", folder, "--json")
            )
            key = json.loads(made)["key"]
            command = [sys.executable, "-m", "duologue", "serve", agent_file]
            command += ["--port", str(port), "--data", folder]
        else:
            if not PYTHON_OF_PEERS.exists():
                raise SystemExit("the peers are not installed: make .bench/.peers")
            command = [str(PYTHON_OF_PEERS), "-m", PEERS[name], str(port)]
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["taskset", "-c", str(SERVER_CORE), *command],
                cwd=ROOT, env=environment, stdout=output, stderr=output,
            )  # fmt: skip
        try:
            _wait(process, port, log)
            yield System(name, process, port, key, folder)
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
            said = log.read_text(errors="replace")
            if "Traceback" in said:
                print(f"--- {name} said, at the end:\n{said[-2000:]}", file=sys.stderr)


def _ours(environment: dict[str, str], *words: str) -> bytes:
    done = subprocess.run(
        [sys.executable, "-m", "duologue", *words], cwd=ROOT, env=environment, capture_output=True
    )
    if done.returncode:
        raise SystemExit(f"duologue {' '.join(words)}: {done.stderr.decode()}")
    return done.stdout


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise SystemExit(f"a server did not come up:\n{log.read_text(errors='replace')[-3000:]}")

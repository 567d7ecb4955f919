"""The systems under measurement: how each is started, joined, and what it costs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from bench.conditions import AUTHORIZE, SOCKET
from bench.machine import ROOT

NAMES: Final = ("duologue", "plain AgentSession", "pipecat")
SERVER_CORE: Final = 0
TICK: Final = os.sysconf("SC_CLK_TCK")
PEERS: Final = {
    "plain AgentSession": "bench.peer_plain",
    "pipecat": "bench.peer_pipecat",
    "stock worker": "bench.peer_worker",
}
AGENT: Final = "bench/agent_file.py"
PYTHON_OF_PEERS: Final = ROOT / ".bench" / "bin" / "python"


@dataclass
class System:
    """A running server."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    key: str = ""
    folder: str = ""

    @property
    def pid(self) -> int:
        """The server's process."""
        return self.process.pid

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def path(self, client: httpx.AsyncClient) -> str:
        """The address of a new session's socket."""
        answer = await self.authorize(client)
        answer.raise_for_status()
        return f"{SOCKET}?client_session_key={answer.json()['client_session_key']}"

    async def authorize(self, client: httpx.AsyncClient) -> httpx.Response:
        """Asks for a session."""
        return await client.post(
            self.url + AUTHORIZE,
            json={"agent_id": "bench"},
            headers={"authorization": f"Bearer {self.key}"} if self.key else {},
        )

    def cpu(self) -> float:
        """Seconds of processor that it and its children used so far, all threads."""
        return sum(_cpu(pid) for pid in family(self.pid))

    def memory(self) -> float:
        """Megabytes that it and its children hold."""
        return sum(_resident(pid) for pid in family(self.pid))


def core_busy(core: int = SERVER_CORE) -> float:
    """Seconds in which anybody used a core so far."""
    line = next(
        line
        for line in Path("/proc/stat").read_text().splitlines()
        if line.startswith(f"cpu{core} ")
    )
    user, nice, system, _, _, *interrupts = map(int, line.split()[1:8])
    return (user + nice + system + sum(interrupts)) / TICK


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
    name: str,
    *,
    hears_once: bool = False,
    source: Path | None = None,
    cores: str = str(SERVER_CORE),
    **settings: Any,
) -> Iterator[System]:
    """One of the systems, alone on its core; settings, and another source tree, are ours only."""
    port = free_port()
    # Told to end, we end as by Ctrl-C: the server does not outlive us.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(source.resolve() / "src")] if source is not None else []
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join([*paths, str(ROOT)]))
        environment |= {"BENCH_HEARS": "once" if hears_once else "always"}
        key = ""
        if name == "duologue":
            settings = {"max_sessions": 1000, "authorize_per_minute": 1_000_000, **settings}
            environment |= {f"DUOLOGUE_{each.upper()}": str(v) for each, v in settings.items()}
            _ours(environment, "agents", "publish", "bench", AGENT, "--data", folder)
            secret = ("keys", "create", "--kind", "secret", "--data", folder, "--json")
            key = json.loads(_ours(environment, *secret))["key"]
            command = [sys.executable, "-m", "duologue", "serve", AGENT]
            command += ["--port", str(port), "--data", folder]
        else:
            if not PYTHON_OF_PEERS.exists():
                raise SystemExit("the peers are not installed: make .bench/.peers")
            command = [str(PYTHON_OF_PEERS), "-m", PEERS[name], str(port)]
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["taskset", "-c", cores, *command],
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

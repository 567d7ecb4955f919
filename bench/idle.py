"""Memory of idle sockets: a thousand open sessions over a server that holds none.

Each socket is a whole session: authorized, its agent started, ready and greeted, its microphone
silent. Run: `python -m bench.idle [COUNT]`.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import websockets

from bench.authorize import duologue, free_port
from bench.figures import keep
from bench.machine import described


def resident(pid: int) -> float:
    """Megabytes that a process holds."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise SystemExit("the server is gone")


async def opened(
    client: httpx.AsyncClient, port: int, key: str, agent: str
) -> websockets.ClientConnection:
    """One session, connected and quiet."""
    answer = await client.post(
        f"http://127.0.0.1:{port}/v1/agents/web/authorize_session",
        json={"agent_id": agent},
        headers={"authorization": f"Bearer {key}"},
    )
    answer.raise_for_status()
    session_key = answer.json()["client_session_key"]
    url = f"ws://127.0.0.1:{port}/v1/agents/web/websocket?client_session_key={session_key}"
    socket = await websockets.connect(url, compression=None, ping_interval=None)
    await socket.send('{"type":"client.ready"}')
    return socket


async def measure(port: int, pid: int, key: str, agent: str, count: int) -> None:
    """Opens the sockets and prints what each costs."""
    async with httpx.AsyncClient(timeout=60) as client:
        first = [await opened(client, port, key, agent) for _ in range(5)]
        await asyncio.sleep(3)
        base = resident(pid)
        sockets = [await opened(client, port, key, agent) for _ in range(count)]
        await asyncio.sleep(5)
        held = resident(pid)
        print(described())
        print(
            f"{count} idle sockets: {held - base:.1f} MB over the base of {base:.0f} MB,"
            f" {(held - base) / count * 1024:.0f} KB each (goal: at most 60 MB for 1,000)"
        )
        keep("idle", count=count, megabytes=held - base)
        for socket in [*first, *sockets]:
            await socket.close()
        await asyncio.sleep(5)
        print(f"after they left: {resident(pid) - base:+.1f} MB")


AGENT = """
from livekit.agents import Agent

import duologue


@duologue.agent("quiet")
class Quiet(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="Say nothing until you are asked.")
"""


def main() -> None:
    """Starts a server with a quiet agent and measures it."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    os.environ["DUOLOGUE_MAX_SESSIONS"] = str(count + 100)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "quiet.py"
        file.write_text(AGENT)
        subprocess.run(
            duologue("agents", "publish", "quiet", str(file), "--data", folder),
            check=True,
            capture_output=True,
        )
        made = subprocess.run(
            duologue("keys", "create", "--kind", "secret", "--data", folder, "--json"),
            check=True,
            capture_output=True,
        )
        key = json.loads(made.stdout)["key"]
        port = free_port()
        command = duologue("serve", str(file), "--port", str(port), "--data", folder)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(300):
                try:
                    httpx.get(f"http://127.0.0.1:{port}/health")
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            asyncio.run(measure(port, process.pid, key, "quiet", count))
        finally:
            process.terminate()
            process.wait(60)


if __name__ == "__main__":
    main()

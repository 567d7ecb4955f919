"""Authorize requests a second, beside a bare Starlette endpoint that does the same writes.

Both servers run on one core; the client, on the other, keeps 16 connections busy. Rounds
alternate, so that what else the machine does falls on both. Run: `make bench` or
`python -m bench.authorize`.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.figures import keep
from bench.machine import described
from bench.peer_authorize import KEY

CONNECTIONS = 16
ROUNDS = 5
SECONDS = 3.0


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    """A server process on core 0, up when its port answers."""
    process = subprocess.Popen(
        ["taskset", "-c", "0", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        else:
            raise SystemExit(f"{command} did not come up")
        yield
    finally:
        process.terminate()
        process.wait(20)


async def one_connection(port: int, key: str, until: float, times: list[float], agent: str) -> None:
    """Sends requests one after the other over one kept connection."""
    body = json.dumps({"agent_id": agent, "metadata": {"user": "u1"}, "sdk_version": "2.7.0"})
    request = (
        f"POST /v1/agents/web/authorize_session HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        answer = await reader.readexactly(length)
        if b" 200 " not in head[:20]:
            raise SystemExit(f"{head!r} {answer!r}")
        times.append(time.perf_counter() - began)
    writer.close()


async def load(port: int, key: str, seconds: float, agent: str = "demo") -> list[float]:
    """The time of each request within a round."""
    times: list[float] = []
    until = time.perf_counter() + seconds
    lines = (one_connection(port, key, until, times, agent) for _ in range(CONNECTIONS))
    await asyncio.gather(*lines)
    return times


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def duologue(*words: str) -> list[str]:
    """The command line of our own program."""
    return [sys.executable, "-m", "duologue", *words]


def main() -> None:
    """Measures both servers and prints the ratio."""
    os.sched_setaffinity(0, {1} if (os.cpu_count() or 1) > 1 else {0})
    with tempfile.TemporaryDirectory() as folder:
        ours, peer = free_port(), free_port()
        os.environ["DUOLOGUE_AUTHORIZE_PER_MINUTE"] = "100000000"
        subprocess.run(
            duologue("agents", "publish", "demo", "--data", folder), check=True, capture_output=True
        )
        made = subprocess.run(
            duologue("keys", "create", "--kind", "secret", "--data", folder, "--json"),
            check=True,
            capture_output=True,
        )
        key = json.loads(made.stdout)["key"]
        serve = duologue("serve", "--port", str(ours), "--data", folder)
        beside = [sys.executable, "-m", "bench.peer_authorize", folder, str(peer)]
        with running(serve, ours), running(beside, peer):
            figures: dict[str, list[float]] = {"duologue": [], "starlette+sqlite3": []}
            rates: dict[str, list[float]] = {"duologue": [], "starlette+sqlite3": []}
            for port, secret in ((ours, key), (peer, KEY)):
                asyncio.run(load(port, secret, 1.0))  # warm up
            for _ in range(ROUNDS):
                for name, port, secret in (
                    ("duologue", ours, key),
                    ("starlette+sqlite3", peer, KEY),
                ):
                    times = asyncio.run(load(port, secret, SECONDS))
                    figures[name] += times
                    rates[name].append(len(times) / SECONDS)
    print(described())
    for name, times in figures.items():
        cuts = statistics.quantiles(times, n=100)
        rate = statistics.median(rates[name])
        print(
            f"{name:18} {rate:7.0f} requests/s   p50 {cuts[49] * 1000:5.1f} ms"
            f"   p99 {cuts[98] * 1000:5.1f} ms   at {CONNECTIONS} connections"
        )
    ratio = statistics.median(rates["duologue"]) / statistics.median(rates["starlette+sqlite3"])
    print(f"ratio              {ratio:.2f} (goal: at least 0.60)")
    keep("authorize", rates={name: statistics.median(each) for name, each in rates.items()})


if __name__ == "__main__":
    main()

"""Tokens of rooms a second, beside a bare Starlette endpoint that signs with livekit-api.

Both servers run on one core; the client, on the other, keeps 16 connections busy. Rounds
alternate, so that what else the machine does falls on both. Run: `make bench` or
`python -m bench.tokens [--quick]`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from bench.authorize import CONNECTIONS, ROUNDS, SECONDS, duologue, free_port, running
from bench.figures import keep
from bench.machine import described
from bench.peer_tokens import API_KEY, API_SECRET, KEY, URL

GOAL = 0.8
ASKED = {
    "room_name": "blue",
    "participant_name": "Jo",
    "participant_identity": "jo",
    "room_config": {"agents": [{"agent_name": "demo", "metadata": '{"plan": "gold"}'}]},
}


async def one_connection(port: int, key: str, until: float, times: list[float]) -> None:
    """Sends requests one after the other over one kept connection."""
    body = json.dumps(ASKED)
    request = (
        f"POST /api/token HTTP/1.1\r\nHost: 127.0.0.1\r\n"
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
        if b" 201 " not in head[:20]:
            raise SystemExit(f"{head!r} {answer!r}")
        times.append(time.perf_counter() - began)
    writer.close()


async def load(port: int, key: str, seconds: float) -> list[float]:
    """The time of each request within a round."""
    times: list[float] = []
    until = time.perf_counter() + seconds
    await asyncio.gather(*(one_connection(port, key, until, times) for _ in range(CONNECTIONS)))
    return times


def main() -> None:
    """Measures both servers and prints the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke test")
    quick = parser.parse_args().quick
    rounds, seconds = (1, 0.5) if quick else (ROUNDS, SECONDS)
    os.sched_setaffinity(0, {1} if (os.cpu_count() or 1) > 1 else {0})
    os.environ |= {
        "DUOLOGUE_AUTHORIZE_PER_MINUTE": "100000000",
        "DUOLOGUE_LIVEKIT_URL": URL,
        "DUOLOGUE_LIVEKIT_API_KEY": API_KEY,
        "DUOLOGUE_LIVEKIT_API_SECRET": API_SECRET,
    }
    with tempfile.TemporaryDirectory() as folder:
        ours, peer = free_port(), free_port()
        subprocess.run(
            duologue("agents", "publish", "demo", "--data", folder), check=True, capture_output=True
        )
        made = subprocess.run(
            duologue("keys", "create", "--kind", "secret", "--data", folder, "--json"),
            check=True,
            capture_output=True,
        )
        servers = (
            ("duologue", ours, json.loads(made.stdout)["key"]),
            ("starlette+livekit-api", peer, KEY),
        )
        serve = duologue("serve", "--port", str(ours), "--data", folder)
        beside = [sys.executable, "-m", "bench.peer_tokens", str(peer)]
        figures: dict[str, list[float]] = {name: [] for name, *_ in servers}
        rates: dict[str, list[float]] = {name: [] for name, *_ in servers}
        with running(serve, ours), running(beside, peer):
            for _, port, key in servers:
                asyncio.run(load(port, key, seconds / 3))  # warm up
            for _ in range(rounds):
                for name, port, key in servers:
                    times = asyncio.run(load(port, key, seconds))
                    figures[name] += times
                    rates[name].append(len(times) / seconds)
    print(described())
    for name, times in figures.items():
        cuts = statistics.quantiles(times, n=100)
        rate = statistics.median(rates[name])
        print(
            f"{name:22} {rate:7.0f} tokens/s   p50 {cuts[49] * 1000:5.1f} ms"
            f"   p99 {cuts[98] * 1000:5.1f} ms   at {CONNECTIONS} connections"
        )
    ours_rate, peer_rate = (statistics.median(rates[name]) for name, *_ in servers)
    print(f"ratio                  {ours_rate / peer_rate:.2f} (goal: at least {GOAL:.2f})")
    if not quick:
        keep("tokens", rates={name: statistics.median(each) for name, each in rates.items()})


if __name__ == "__main__":
    main()

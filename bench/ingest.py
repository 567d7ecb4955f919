"""Spans a second that one core takes in, through the OTLP door, Insights' and Prefactor's.

The server runs on one core; the sender, on the other, keeps four connections busy with requests
that were packed before. A span counts when it is in the store, with its run's turns put together:
what is divided by is the server's own processor time. A request holds a turn of livekit-agents'
spans, as a worker sends it every few seconds. Once of many runs, ten turns each, and once of runs
of three hundred turns: a long run must cost no more a span. Run: `make bench` or
`python -m bench.ingest [--quick]`.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from livekit import api
from tests.trace.ingest.requests import span, traces

from bench.authorize import duologue, free_port
from bench.figures import keep, say
from bench.machine import described
from bench.peer_tokens import API_KEY, API_SECRET, URL
from bench.systems import TICK

SPANS: Final = 9
SHAPES: Final = {"many runs of 10 turns": (60, 10), "runs of 300 turns": (4, 300)}
CONNECTIONS: Final = 4
WORDS: Final = "I would like to order a table for two, at the window if you please. "
Request = tuple[str, bytes, dict[str, str]]


class Door(NamedTuple):
    """Where spans are told, and how."""

    path: str
    headers: dict[str, str]
    body: Callable[[int, int], bytes]


def turn_of(run: int, number: int, **about: Any) -> bytes:
    """A turn's spans, packed."""
    trace, base, at = f"{0xBE:016x}{run + 1:016x}", number * SPANS + 2, number * 10.0
    given: dict[str, Any] = {"trace": trace, **about}
    told = traces(
        span(base, "user_turn", at, at + 2, parent=1, lk__pii__user_transcript=f"{WORDS}{number}",
             lk__end_of_turn_delay=0.5, lk__transcription_delay=0.2, **given),
        span(base + 1, "eou_wait", at + 1, at + 2, parent=base, **given),
        span(base + 2, "agent_turn", at + 2, at + 6, parent=1, lk__e2e_latency=0.9,
             lk__pii__user_input=f"{WORDS}{number}", lk__pii__response__text=WORDS, **given),
        span(base + 3, "llm_node", at + 2, at + 3, parent=base + 2, **given),
        span(base + 4, "llm_request", at + 2, at + 3, parent=base + 3, gen_ai__request__model="m",
             gen_ai__usage__input_tokens=700, gen_ai__input__messages=WORDS * 20, **given),
        span(base + 5, "tts_node", at + 2, at + 3, parent=base + 2, **given),
        span(base + 6, "tts_request", at + 2, at + 3, parent=base + 5, **given),
        span(base + 7, "agent_speaking", at + 3, at + 6, parent=base + 2, **given),
        span(base + 8, "user_speaking", at, at + 2, parent=1, **given),
        service__name="clerk",
    )  # fmt: skip
    return gzip.compress(told)


def step_of(run: int, number: int) -> bytes:
    """A turn's steps as our own wrapper sends them to Prefactor's API: in bulk."""
    instance, items = f"{run + 1:032x}", []
    if not number:
        items.append(
            {
                "_type": "agent_instances/register",
                "idempotency_key": f"register-{run}",
                "id": instance,
                "agent_version": {"name": "clerk"},
                "agent_schema_version": {"external_identifier": "1", "span_type_schemas": []},
            }
        )
    for place in range(SPANS):
        kind = ("user_turn", "assistant_turn", "llm", "tts", "state")[min(place, 4)]
        began = f"2026-09-20T{number // 60 % 24:02}:{number % 60:02}:{place:02}+00:00"
        items.append(
            {
                "_type": "agent_spans/create",
                "idempotency_key": f"{run}-{number}-{place}-step",
                "agent_instance_id": instance,
                "schema_name": f"livekit:{kind}",
                "status": "complete",
                "payload": {},
                "result_payload": {"transcript": f"{WORDS}{number}"},
                "started_at": began,
                "finished_at": began,
            }
        )
    return gzip.compress(json.dumps({"items": items}).encode())


def doors(key: str) -> dict[str, Door]:
    """The three of them."""
    token = api.AccessToken(API_KEY, API_SECRET)
    grant = token.with_observability_grants(api.ObservabilityGrants(write=True))
    worker = grant.with_ttl(timedelta(hours=1)).to_jwt()
    proto, packed = {"content-type": "application/x-protobuf"}, {"content-encoding": "gzip"}

    def job(run: int, number: int) -> bytes:
        return turn_of(run, number, job_id=f"AJ_{run}", room_id="RM_1")

    return {
        "OTLP": Door("/v1/traces", {"authorization": f"Bearer {key}"} | proto | packed, turn_of),
        "Insights": Door(
            "/observability/traces/otlp/v0",
            {"authorization": f"Bearer {worker}"} | proto | packed,
            job,
        ),
        "Prefactor": Door("/api/v1/bulk", {"authorization": f"Bearer {key}"} | packed, step_of),
    }


async def told(port: int, door: Door, runs: list[list[bytes]]) -> None:
    """Sends all runs, each in its order, over a few connections."""
    waiting = list(runs)

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = "".join(f"{name}: {value}\r\n" for name, value in door.headers.items())
        while waiting:
            for body in waiting.pop():
                request = (
                    f"POST {door.path} HTTP/1.1\r\nhost: x\r\n{head}content-length: {len(body)}"
                )
                writer.write(request.encode() + b"\r\n\r\n" + body)
                answer = await reader.readuntil(b"\r\n\r\n")
                length = int(answer.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                content = await reader.readexactly(length)
                if b" 200 " not in answer[:20] or b'"error"' in content[:2000]:
                    raise RuntimeError(f"{answer!r} {content[:500]!r}")
        writer.close()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))


def spent(pid: int) -> float:
    """Processor seconds that a process used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def measured(folder: str, *, quick: bool) -> dict[str, dict[str, float]]:
    """Spans a processor-second, by door and shape."""
    port = free_port()
    made = subprocess.run(
        duologue(
            "keys", "create", "--kind", "secret", "--scope", "ingest", "--data", folder, "--json"
        ),
        check=True,
        capture_output=True,
    )
    key = json.loads(made.stdout)["key"]
    command = ["taskset", "-c", "0", *duologue("serve", "--port", str(port), "--data", folder)]
    found: dict[str, dict[str, float]] = {}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _await(port)
            first = 1
            for name, door in doors(key).items():
                asyncio.run(told(port, door, [[door.body(0, number) for number in range(20)]]))
                for shape, (runs, turns) in SHAPES.items():
                    runs, turns = (2, min(turns, 20)) if quick else (runs, turns)
                    bodies = [
                        [door.body(first + run, number) for number in range(turns)]
                        for run in range(runs)
                    ]
                    first += runs
                    began = spent(server.pid)
                    asyncio.run(told(port, door, bodies))
                    rate = runs * turns * SPANS / max(spent(server.pid) - began, 1 / TICK)
                    found.setdefault(name, {})[shape] = round(rate)
                    say(f"{name}, {shape}: {rate:.0f} spans a second")
        finally:
            server.terminate()
    return found


def _await(port: int) -> None:
    for _ in range(600):
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.1)
    raise SystemExit("the server did not come up")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke test, no figures")
    quick = parser.parse_args().quick
    os.sched_setaffinity(0, {1} if (os.cpu_count() or 1) > 1 else {0})
    os.environ |= {
        "DUOLOGUE_AUTHORIZE_PER_MINUTE": "100000000",
        "DUOLOGUE_TRACE_DAYS": "36500",
        "DUOLOGUE_LIVEKIT_URL": URL,
        "DUOLOGUE_LIVEKIT_API_KEY": API_KEY,
        "DUOLOGUE_LIVEKIT_API_SECRET": API_SECRET,
    }
    with tempfile.TemporaryDirectory() as folder:
        found = measured(folder, quick=quick)
    print(described())
    for name, shapes in found.items():
        for shape, rate in shapes.items():
            print(f"{name:10} {shape:22} {rate:6.0f} spans a second of one core")
    if not quick:
        keep("ingest", doors=found)


if __name__ == "__main__":
    main()

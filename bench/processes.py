"""What several processes, a database server and many sessions cost: does it scale?

Four questions, each answered with processor time of a session, which neighbours falsify less than
latencies: talking sessions in one and in two processes on PostgreSQL and Redis; what a session
costs as there are more of them, idle and talking; PostgreSQL beside SQLite; and authorize requests
a second of each. On a machine with two cores the callers of two processes share the second core
with the servers: then more sessions held are a lower bound, and the processor time is the figure.
What PostgreSQL and Redis themselves use is counted apart. It takes about six minutes.
Run: `python -m bench.processes [--quick]`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final, NamedTuple

import httpx
from sqlalchemy import make_url, text
from tests import postgres, redis

import redis as redis_client
from bench import authorize
from bench.capacity import harm
from bench.figures import keep, quiet, say
from bench.line import Socket
from bench.load import READY, Measured, generate, percentile, run
from bench.machine import described
from bench.sounds import LOOP_SECONDS
from bench.systems import System, running
from duologue.store.database import unit

CORES: Final = {1: "0", 2: "0,1"}
IDLE: Final = (1, 100, 1000)
TALKING: Final = (1, 32, 128)
WATCH: Final = 10.0
"""Seconds in which idle sessions are watched."""
SECONDS: Final = 4.0
"""Seconds of authorize requests."""


class Backing(NamedTuple):
    """The servers behind several processes, and what they have used."""

    settings: dict[str, Any]
    pids: list[int]

    def cpu(self) -> float:
        """Seconds of processor that PostgreSQL and Redis used so far."""
        return sum(_used(pid) for pid in self.pids)

    def done(self) -> tuple[int, int]:
        """Transactions that PostgreSQL committed so far, and commands that Redis obeyed."""
        with unit(self.settings["database_url"]) as conn:
            asked = "SELECT sum(xact_commit)::bigint FROM pg_stat_database"
            commits = int(conn.execute(text(asked)).scalar_one())
        with redis_client.Redis.from_url(self.settings["redis_url"]) as client:
            return commits, int(client.info("stats")["total_commands_processed"])


def _used(pid: int) -> float:
    """Seconds of processor of a process, those of its children that live included."""
    return System("", _Known(pid), 0).cpu()  # type: ignore[arg-type]  # of it only the id is asked


class _Known(NamedTuple):
    pid: int


@contextmanager
def backing() -> Iterator[Backing]:
    """A fresh PostgreSQL and a fresh Redis."""
    with ExitStack() as stack:
        database = stack.enter_context(postgres.server())
        cache = stack.enter_context(redis.server())
        settings = {"database_url": f"{database}/postgres", "redis_url": cache.url}
        ports = [str(make_url(address).port) for address in settings.values()]
        yield Backing(settings, [pid for port in ports for pid in _listening(port)])


def _listening(port: str) -> list[int]:
    """The first process of a PostgreSQL, or the Redis, that was told to use a port."""
    found = []
    for each in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{each}/cmdline", encoding="utf-8") as file:
                words = file.read().split("\0")
        except OSError:
            continue
        first = words[0].endswith("/postgres") or "redis-server" in words[0]
        if first and port in " ".join(words).replace(":", " ").split():
            found.append(int(each))
    return found


# ---------------------------------------------------------------- talking


def talking(quick: bool) -> dict[str, Any]:
    """Sessions that talk, in one process and in two."""
    window = LOOP_SECONDS / 2 if quick else LOOP_SECONDS
    steps = [(1, 8), (2, 8)] if quick else [(1, 160), (2, 160), (2, 240)]
    found, alone = {}, 0.0
    for workers, sessions in steps:
        quiet(patience=0 if quick else 60)
        with (
            backing() as behind,
            running("duologue", cores=CORES[workers], workers=workers, **behind.settings) as system,
        ):
            if not alone:  # nobody is faster for a neighbour process that has nothing to do
                single = generate(run(system, 1, seconds=2 * window))
                alone = percentile(single.responses, 0.5)
            before, done = behind.cpu(), behind.done()
            step = generate(run(system, sessions, seconds=window))
            # They joined one after the other in the first round: half of it counts for each.
            lived = (window + LOOP_SECONDS) * sessions
            spent = (behind.cpu() - before) / lived * 1000
            commits, commands = (
                (now - then) / lived * 60 for now, then in zip(behind.done(), done, strict=True)
            )
        told = _told(step)
        verdict = harm(step, alone) or "held"
        print(
            f"{workers} process{'es' * (workers > 1)}, {told}, PostgreSQL and Redis"
            f" {spent:.2f} ms/s each, {commits:.0f} commits and {commands:.0f} commands"
            f" a session-minute: {verdict}",
            flush=True,
        )
        found[f"{workers}x{sessions}"] = {
            "cpu": step.cpu, "behind": spent, "commits": commits, "commands": commands,
            "held": verdict == "held", "p95": percentile(step.responses, 0.95), "late": step.late,
        }  # fmt: skip
    return found


def growth(quick: bool) -> dict[str, Any]:
    """What one of many talking sessions costs, on SQLite, and one step of it on PostgreSQL."""
    window = LOOP_SECONDS / 2 if quick else LOOP_SECONDS
    found = {}
    with running("duologue") as system:
        for sessions in (1, 4) if quick else TALKING:
            found[f"sqlite {sessions}"] = _grown("SQLite", system, sessions, window)
    with backing() as behind, running("duologue", **behind.settings) as system:
        sessions = 4 if quick else TALKING[1]
        found[f"postgres {sessions}"] = _grown("PostgreSQL", system, sessions, window)
    return found


def _grown(name: str, system: System, sessions: int, window: float) -> float:
    step = generate(run(system, sessions, seconds=window))
    print(f"{name}, 1 process, {_told(step)}", flush=True)
    return step.cpu


def _told(step: Measured) -> str:
    return (
        f"{step.sessions} talking: {step.cpu:.2f} ms of processor a session-second"
        f" ({step.cpu * 60 / 1000:.2f} s a session-minute), {step.got}/{step.expected} answers,"
        f" {step.underruns} underruns, response p95 {percentile(step.responses, 0.95):.0f} ms,"
        f" late sends {step.late:.1%}, others {step.others:.0%} of core 0"
    )


# ---------------------------------------------------------------- idle


async def idle(system: System, counts: tuple[int, ...]) -> dict[str, Any]:
    """What sessions cost that are open, ready, and silent without a microphone."""
    found: dict[str, Any] = {}
    sockets: list[Socket] = []
    async with httpx.AsyncClient(timeout=60) as client:
        await _opened(system, client)  # it loads what all share
        await asyncio.sleep(2)
        base, resting = system.memory(), await _spent(system)
        for count in counts:
            while len(sockets) < count:
                sockets.append(await _opened(system, client))
            await asyncio.sleep(5)
            spent = max(0.0, await _spent(system) - resting) / count
            each = (system.memory() - base) / count
            found[str(count)] = {"cpu": spent, "megabytes": each}
            print(
                f"{count} idle: {spent:.3f} ms of processor a session-second,"
                f" {each:.2f} MB each ({sum(s.lost.done() for s in sockets)} lost)",
                flush=True,
            )
    for socket in sockets:
        socket.close()
    return found


async def _opened(system: System, client: httpx.AsyncClient) -> Socket:
    socket = await Socket.connect(system.port, await system.path(client), lambda _: None)
    socket.write(READY)
    return socket


async def _spent(system: System) -> float:
    """Milliseconds of processor a second."""
    before = system.cpu()
    await asyncio.sleep(WATCH)
    return (system.cpu() - before) / WATCH * 1000


# ---------------------------------------------------------------- authorize


def admitted(quick: bool) -> dict[str, float]:
    """Authorize requests a second: SQLite, PostgreSQL, and two processes on PostgreSQL."""
    found = {}
    with backing() as behind:
        for name, settings in (
            ("SQLite", {}),
            ("PostgreSQL", behind.settings),
            ("PostgreSQL, 2 processes", {**behind.settings, "workers": "2", "cores": CORES[2]}),
        ):
            with running("duologue", **settings) as system:
                asyncio.run(authorize.load(system.port, system.key, 1.0, "bench"))  # warm up
                seconds = 1.0 if quick else SECONDS
                used, behind_used = system.cpu(), behind.cpu()
                times = asyncio.run(authorize.load(system.port, system.key, seconds, "bench"))
                each = (system.cpu() - used) / len(times) * 1000
                server = (behind.cpu() - behind_used) / len(times) * 1000
            cuts = statistics.quantiles(times, n=100)
            found[name] = len(times) / seconds
            print(
                f"{name:24} {len(times) / seconds:6.0f} authorize/s, p50 {cuts[49] * 1000:.1f} ms,"
                f" p99 {cuts[98] * 1000:.1f} ms, {each:.2f} ms of processor each"
                f" and {server:.2f} ms of PostgreSQL and Redis",
                flush=True,
            )
    return found


def main() -> None:
    """Asks the four questions in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke test; keeps no figures")
    quick = parser.parse_args().quick
    os.sched_setaffinity(0, {1} if (os.cpu_count() or 1) > 1 else {0})
    print(described())
    print(
        f"{os.cpu_count()} cores: the callers have core 1; one process has core 0, two have both."
    )
    say("talking in one and in two processes")
    figures: dict[str, Any] = {"talking": talking(quick)}
    say("talking, more and more of them")
    figures["growth"] = growth(quick)
    say("idle")
    with running("duologue", max_sessions=2000) as system:
        figures["idle"] = asyncio.run(idle(system, (1, 20) if quick else IDLE))
    say("authorize")
    figures["authorize"] = admitted(quick)
    if not quick:
        keep("processes", **figures)


if __name__ == "__main__":
    main()

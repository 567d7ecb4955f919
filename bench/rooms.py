"""Rooms: start() to an agent that listens, alone and in a crowd, and memory, by a stock worker.

In-process in `duologue serve`, and through the dispatch of a stock livekit-agents worker, which
gives each job a process: at the same livekit-server, by the same client, with the same stub models.
Both servers have core 0; livekit-server and the client, our own `Session`, the other one. It tells
our server that it comes, as it always does; once more it does not, as other clients do not. Trials
alternate. Tokens are fetched before the clock runs, as LiveKit's hooks do at mount.
Run: `make bench` or `python -m bench.rooms [--quick]`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple
from uuid import uuid4

from livekit import api

from bench.conditions import WORKER
from bench.figures import keep, quiet, say
from bench.machine import described
from bench.systems import SERVER_CORE, System, core_busy, family, running
from duologue import Session, TokenSource
from duologue.cli import livekit
from duologue.client.road import Ticket
from duologue.client.token_options import TokenOptions

OURS: Final = "duologue"
UNSAID: Final = "duologue, unannounced"
STOCK: Final = "stock worker"
REGISTERED: Final = {OURS: "registered with LiveKit", STOCK: "registered worker"}
"""What each says in its log once it takes rooms."""
PATIENCE: Final = 60.0
START_GOAL: Final = 0.5
MEMORY_GOAL: Final = 0.1

Sources = dict[str, Callable[[], TokenSource]]


class Silence:
    """A microphone in a silent room."""

    rate = 16000

    def __init__(self) -> None:
        self._open = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self._open:
            yield bytes(self.rate // 50 * 2)
            await asyncio.sleep(0.02)

    async def aclose(self) -> None:
        """Ends the silence."""
        self._open = False


class Took(NamedTuple):
    """Milliseconds from `start()` until the client is in the room, and until its agent listens."""

    joined: float
    listening: float


async def opened(source: TokenSource) -> tuple[Session, Took]:
    """A session whose agent listens, and how long that took."""
    session = Session(
        source, agent_name="bench", pre_connect_audio=False, agent_connect_timeout=PATIENCE
    )
    await session.prepare()
    states: dict[str, float] = {}
    session.on("connection", lambda state: states.setdefault(state, time.perf_counter()))
    began = time.perf_counter()
    await session.start(microphone=Silence())
    await session.agent.wait_until_could_be_listening(PATIENCE)
    now = time.perf_counter()
    return session, Took((states["connected"] - began) * 1000, (now - began) * 1000)


async def idle(patience: float) -> None:
    """Waits until the servers' core rests: a stock worker warms its next process after each job."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        before = core_busy(SERVER_CORE)
        await asyncio.sleep(1)
        if core_busy(SERVER_CORE) - before < 0.2:
            return


async def starts(sources: Sources, trials: int, patience: float) -> dict[str, list[Took]]:
    """How long each start took, the systems in turn; the first of each does not count."""
    found: dict[str, list[Took]] = {name: [] for name in sources}
    for trial in range(trials + 1):
        for name, source in sources.items():
            session, took = await opened(source())
            await session.end()
            if trial:
                found[name].append(took)
            await idle(patience)
        say(f"start {trial} of {trials}")
    return found


class Crowd(NamedTuple):
    """Callers who come at once: megabytes before and each, and how long each waited."""

    base: float
    each: float
    waited: list[float]


async def crowd(
    system: System, source: Callable[[], TokenSource], count: int, settle: float
) -> Crowd:
    """So many sessions opened at the same moment: a worker has processes ready for a few."""
    await asyncio.sleep(settle)
    base = proportional(system)
    coming = await asyncio.gather(*(opened(source()) for _ in range(count)), return_exceptions=True)
    came = [each for each in coming if not isinstance(each, BaseException)]
    try:
        for each in coming:
            if isinstance(each, BaseException):
                raise each
        await asyncio.sleep(settle)
        held = proportional(system)
    finally:
        await asyncio.gather(*(session.end() for session, _ in came))
    return Crowd(base, (held - base) / count, [took.listening for _, took in came])


def proportional(system: System) -> float:
    """Megabytes of a system's processes; what several share is counted once."""
    return sum(_proportional(pid) for pid in family(system.pid))


def _proportional(pid: int) -> float:
    with suppress(OSError):  # it ended meanwhile
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def registered(system: System) -> None:
    """Waits until a system takes rooms: a job that is offered before is lost."""
    until = time.monotonic() + PATIENCE
    log = Path(system.folder) / "log"
    while REGISTERED[system.name] not in log.read_text(errors="replace"):
        if time.monotonic() > until:
            raise SystemExit(f"{system.name} did not register:\n{log.read_text()[-2000:]}")
        time.sleep(0.1)


def stock_source(server: livekit.Local) -> TokenSource:
    """A token for a new room, to which the stock worker is sent."""
    room = api.RoomConfiguration(agents=[api.RoomAgentDispatch(agent_name=WORKER)])
    name = uuid4().hex
    token = (
        api.AccessToken(server.api_key, server.api_secret)
        .with_identity(f"user-{name}")
        .with_grants(api.VideoGrants(room_join=True, room=name, can_update_own_metadata=True))
        .with_room_config(room)
    )
    return TokenSource.literal({"server_url": server.url, "participant_token": token.to_jwt()})


def our_source(system: System) -> TokenSource:
    """A token of our own door."""
    headers = {"Authorization": f"Bearer {system.key}"}
    return TokenSource.endpoint(f"{system.url}/api/token", headers=headers)


def unannounced(source: TokenSource) -> TokenSource:
    """The same for a client that tells nobody that it comes."""

    async def ask(options: TokenOptions) -> Ticket:
        return replace(await source.fetch(options), announce="")

    return TokenSource.custom(ask)


def main() -> None:
    """Starts livekit-server and both systems, measures, prints the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke test")
    parser.add_argument("--trials", type=int, default=20, help="starts of each system")
    parser.add_argument("--sessions", type=int, default=4, help="callers at once")
    given = parser.parse_args()
    trials, count = (2, 2) if given.quick else (given.trials, given.sessions)
    patience, settle = (3.0, 2.0) if given.quick else (30.0, 8.0)
    if not given.quick:
        quiet()
    os.sched_setaffinity(0, {1} if (os.cpu_count() or 1) > 1 else {0})
    os.environ["PATH"] += os.pathsep + str(Path.home() / "go" / "bin")
    everybody: set[int] = set()
    with ExitStack() as stack:
        server = stack.enter_context(livekit.server())
        os.environ |= {
            "LIVEKIT_URL": server.url,
            "LIVEKIT_API_KEY": server.api_key,
            "LIVEKIT_API_SECRET": server.api_secret,
        }
        systems = {
            OURS: stack.enter_context(
                running(
                    OURS,
                    livekit_url=server.url,
                    livekit_api_key=server.api_key,
                    livekit_api_secret=server.api_secret,
                )
            ),
            STOCK: stack.enter_context(running(STOCK)),
        }
        for system in systems.values():
            registered(system)
        sources: Sources = {
            OURS: lambda: our_source(systems[OURS]),
            UNSAID: lambda: unannounced(our_source(systems[OURS])),
            STOCK: lambda: stock_source(server),
        }
        took = asyncio.run(starts(sources, trials, patience))
        held = {
            name: asyncio.run(crowd(system, sources[name], count, settle))
            for name, system in systems.items()
        }
        everybody = {pid for each in systems.values() for pid in family(each.pid)}
    _end(everybody)
    report(took, held, count, write=not given.quick)


def report(
    took: dict[str, list[Took]], crowds: dict[str, Crowd], count: int, *, write: bool
) -> None:
    """Prints the figures and their ratios, and keeps them."""
    print(described())
    rows = {}
    for name, times in took.items():
        listening = [each.listening for each in times]
        row = rows[name] = {
            "p50": statistics.median(listening),
            "p95": statistics.quantiles(listening, n=20)[18],
            "joined": statistics.median(each.joined for each in times),
        }
        print(
            f"{name:21} start to listening: p50 {row['p50']:.0f} ms, p95 {row['p95']:.0f} ms, of it"
            f" {row['joined']:.0f} ms the client's own way in"
        )
    for name, held in crowds.items():
        row = rows[name]
        row |= {"crowd": statistics.median(held.waited), "crowd_last": max(held.waited)}
        row |= {"base": held.base, "each": held.each}
        print(
            f"{name:21} {count} at once: p50 {row['crowd']:.0f} ms, last"
            f" {row['crowd_last']:.0f} ms; memory: {row['base']:.0f} MB before,"
            f" {row['each']:.2f} MB a session"
        )
    ours, theirs = rows[OURS], rows[STOCK]
    ratios = {key: ours[key] / theirs[key] for key in ("p50", "crowd", "crowd_last", "each")}
    unsaid = rows[UNSAID]["p50"] / theirs["p50"]
    print(
        f"one start, ours to theirs      {ratios['p50']:.2f} (goal: at most {START_GOAL}),"
        f" unannounced {unsaid:.2f}"
    )
    of_crowd = f"{ratios['crowd']:.2f}, the last {ratios['crowd_last']:.2f}"
    print(f"{count} at once, ours to theirs      {of_crowd}")
    print(f"memory each, ours to theirs    {ratios['each']:.3f} (goal: at most {MEMORY_GOAL})")
    if write:
        keep("rooms", systems=rows, sessions=count, trials=len(took[OURS]))


def _end(pids: set[int]) -> None:
    """Ends what a worker left behind: processes of its own that outlived it."""
    for pid in pids:
        with suppress(OSError):
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"python" in command:
                os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()

"""Twice as many callers as one core holds: those who are in keep their sound, the others are told.

Every refused caller comes back after the seconds that `Retry-After` names, as a well-behaved
client does. Run: `python -m bench.overload [--capacity N]`; without a number, the one that
`bench.talking capacity` found.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from typing import Any, Final

import httpx

from bench.capacity import UNDERRUNS
from bench.conditions import ANSWER_SECONDS, SOCKET, VOICE_RATE
from bench.figures import keep, kept, quiet
from bench.line import Refused
from bench.load import Caller, generate, percentile
from bench.machine import described, versions
from bench.sounds import LOOP_SECONDS, VARIANTS, loop
from bench.systems import System, running

SECONDS: Final = 2 * LOOP_SECONDS


class Crowd:
    """Twice the callers that there is room for."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.callers: list[Caller] = []
        self.refused: Counter[str] = Counter()
        self.refused_in: list[float] = []
        """Milliseconds in which each refused request was answered."""
        self.asked = 0

    async def come(self, client: httpx.AsyncClient, number: int) -> None:
        """Asks until there is room; cancelled in the end."""
        while True:
            self.asked += 1
            began = asyncio.get_running_loop().time()
            answer = await self.system.authorize(client)
            took = (asyncio.get_running_loop().time() - began) * 1000
            wait = answer.headers.get("retry-after")
            if answer.status_code == 200:
                key = answer.json()["client_session_key"]
                caller = Caller(self.system, loop(number % VARIANTS))
                try:
                    await caller.join(client, f"{SOCKET}?client_session_key={key}")
                except Refused:  # the last place was taken between the key and the socket
                    self.refused["503 at the socket"] += 1
                else:
                    self.callers.append(caller)
                    return
            else:
                self.refused_in.append(took)
                code = answer.json().get("code")
                self.refused[f"{answer.status_code} {code} retry {wait}"] += 1
            await asyncio.sleep(float(wait or 1))


async def crowd(system: System, capacity: int) -> dict[str, Any]:
    """Lets twice the capacity come, and looks after those who are in."""
    clock = asyncio.get_running_loop()
    group = Crowd(system)
    async with httpx.AsyncClient(timeout=60) as client:
        tasks = []
        begin = clock.time()
        for number in range(2 * capacity):
            # Those who are let in speak evenly one after another, as when capacity was measured.
            due = begin + number * LOOP_SECONDS / capacity
            await asyncio.sleep(due - clock.time())
            tasks.append(asyncio.create_task(group.come(client, number)))
        since, used = clock.time(), system.cpu()
        await asyncio.sleep(SECONDS)
        until = clock.time()
        busy = (system.cpu() - used) / (until - since)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        lost = sum(not caller.connected for caller in group.callers)
        for caller in group.callers:
            caller.leave()
    last = until - ANSWER_SECONDS - 1.5
    answers = [a for c in group.callers for a in c.answers if since <= a.asked <= last]
    minutes = sum(answer.samples for answer in answers) / VOICE_RATE / 60
    times = [(answer.first - answer.asked) * 1000 for answer in answers if answer.first]
    return {
        "capacity": capacity,
        "came": 2 * capacity,
        "admitted": len(group.callers),
        "refusals": dict(group.refused),
        "refused_p95": percentile(group.refused_in, 0.95),
        "lost": lost,
        "answers": f"{sum(a.heard for a in answers)}/{len(answers)}",
        "underruns": sum(answer.underruns for answer in answers),
        "underruns_a_minute": sum(answer.underruns for answer in answers) / max(minutes, 0.01),
        "p95": percentile(times, 0.95),
        "busy": busy,
    }


def lines(row: dict[str, Any]) -> list[str]:
    """What happened, in words."""
    told = (
        f"{row['came']} callers where {row['capacity']} have room: {row['admitted']} in,"
        f" {row['lost']} of them lost; the others were told {row['refusals']},"
        f" p95 in {row['refused_p95']:.0f} ms"
    )
    heard = (
        f"those who are in: {row['answers']} answers, {row['underruns_a_minute']:.2f} underruns a"
        f" minute (goal: at most {UNDERRUNS}), response p95 {row['p95']:.0f} ms,"
        f" {row['busy']:.0%} of the core"
    )
    return [told, heard]


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--capacity", type=int)
    parser.add_argument("--quick", action="store_true", help="a smoke test, no figures")
    given = parser.parse_args()
    capacity = 4 if given.quick else given.capacity
    if capacity is None:
        found = (kept("capacity") or {}).get("systems", {}).get("duologue")
        if found is None:
            raise SystemExit(
                "the capacity is not known yet: run `python -m bench.talking capacity`"
            )
        capacity = found["held"]
    print(described(), versions(), sep="\n")
    if not given.quick:
        quiet()
    with running("duologue", max_sessions=capacity) as system:
        row = generate(crowd(system, capacity))
    print(*lines(row), sep="\n")
    if not given.quick:
        keep("overload", **row)


if __name__ == "__main__":
    main()

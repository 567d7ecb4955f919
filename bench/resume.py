"""How fast an answer goes on after a reload or a lost line, and what is lost or heard twice of it.

From when the new socket is open to the first sound, and by the place of every sample in the
answer: what was heard again, and what was never heard. Run: `python -m bench.resume`.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from functools import partial
from typing import Any, Final, Literal

from bench import calls
from bench.barge_in import together
from bench.conditions import VOICE_RATE
from bench.figures import keep, quiet
from bench.load import generate, percentile
from bench.machine import described, versions
from bench.systems import System, running

Way = Literal["reload", "drop"]
TRIALS: Final = 40
GOAL: Final = 300


async def broken(system: System, client: calls.Kind, way: Way) -> tuple[float, int, int]:
    """Milliseconds to the first sound, samples heard twice, samples lost."""
    async with calls.caller(system, client) as call:
        await call.say(calls.anywhere(calls.question()))
        turn = await call.answering()
        await call.hears(turn, int(random.uniform(1.0, 3.5) * VOICE_RATE))
        if way == "reload":
            await call.reload()
        else:
            await call.drop()
        before = calls.played(call)[-1]
        left = len(call.record.events)
        await asyncio.sleep(0.3)
        await call.reconnect(same_key=way == "drop" and client == "stock")
        opened = await call.event("connected", after=left)
        first = await call.event("response.audio", after=left)
        await asyncio.sleep(0.3)
        after = next(sound for sound in calls.played(call) if sound.at >= opened.at)
    stopped = _place(before.pcm) + len(before.pcm) // 2
    goes_on = _place(after.pcm)
    milliseconds = calls.seconds(first.at - opened.at) * 1000
    return milliseconds, max(0, stopped - goes_on), max(0, goes_on - stopped)


def _place(pcm: bytes) -> int:
    found = calls.place(pcm)
    if found is None:
        raise RuntimeError("this sound is not of the answer")
    return found


def measure(client: calls.Kind, way: Way, trials: int) -> dict[str, Any]:
    """The figures of one client and one way to go."""
    with running("duologue") as system:
        found = generate(together([partial(broken, system, client, way)] * trials))
    times = [one[0] for one in found]
    return {
        "trials": trials,
        "p50": percentile(times, 0.5),
        "p95": percentile(times, 0.95),
        "twice_p50": percentile([one[1] for one in found], 0.5),
        "twice_most": max(one[1] for one in found),
        "lost_most": max(one[2] for one in found),
    }


def line(name: str, row: dict[str, Any]) -> str:
    """One row of the table."""
    return (
        f"{name:22} sound p50 {row['p50']:4.0f} ms, p95 {row['p95']:4.0f} ms after it"
        f" opened (goal: {GOAL}); heard twice p50 {row['twice_p50'] / 16:.0f} ms, at most"
        f" {row['twice_most']} samples ({row['twice_most'] / 16:.0f} ms); lost at most"
        f" {row['lost_most']} samples; {row['trials']} trials"
    )


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke test, no figures")
    given = parser.parse_args()
    random.seed(2)
    print(described(), versions(), sep="\n")
    figures: dict[str, Any] = {}
    cases: list[tuple[calls.Kind, Way]] = [
        *(("own", "reload"), ("own", "drop"), ("stock", "reload"), ("stock", "drop"))
    ]
    for client, way in cases[:2] if given.quick else cases:
        if not given.quick:
            quiet()
        name = f"{'our' if client == 'own' else client} client, {way}"
        figures[name] = measure(client, way, 3 if given.quick else TRIALS)
        print(line(name, figures[name]))
    if not given.quick:
        keep("resume", cases=figures)


if __name__ == "__main__":
    main()

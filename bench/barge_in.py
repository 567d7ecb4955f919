"""Barge-in to silence, and disturbances that are no reason for it: ours and two peers alike.

Barge-in: from the first audible sample of the caller's words to the last sample of the agent's
that the caller's loudspeaker plays. Disturbances: each sound of `duologue.testing.disturbances`
once, over an answer, with a recognizer that finds no words in it; an answer that is not heard to
its end, or begins anew, was cut; a silence of over a second is a long pause, a shorter one a
hesitation. Each system has its own defaults for interruptions.
Run: `python -m bench.barge_in [--only NAME]`.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final

from bench import calls, sounds
from bench.conditions import ANSWER_SECONDS, VOICE_RATE
from bench.figures import keep, quiet
from bench.load import generate, percentile
from bench.machine import described, versions
from bench.systems import System, running
from duologue.testing import disturbances
from duologue.testing.player import Played
from duologue.testing.speech import Recording, speak

RIVALS: Final[dict[str, tuple[str, calls.Kind]]] = {
    "duologue, stock client": ("duologue", "stock"),
    "duologue, our client": ("duologue", "own"),
    "plain AgentSession": ("plain AgentSession", "stock"),
    "pipecat": ("pipecat", "stock"),
}
GOALS: Final = {"duologue, stock client": 400, "duologue, our client": 200}
WORDS: Final = (
    "No, wait a moment, I meant another train.",
    "Stop, please, that is not what I asked.",
    "Actually, can I say something first?",
    "Excuse me, which platform was that?",
)
AT_ONCE: Final = 6
HESITATION: Final = 0.1
LONG: Final = 1.0


async def barge_in(system: System, client: calls.Kind, words: Recording) -> float | None:
    """Milliseconds until the agent is silent; none if it went on."""
    async with calls.caller(system, client) as call:
        await call.say(calls.anywhere(calls.question()))
        turn = await call.answering()
        await call.hears(turn, int(random.uniform(1.0, 2.5) * VOICE_RATE))
        await call.say(calls.anywhere(words))
        await asyncio.sleep(0.3)
        onset = call.record.of_type("voice.began")[-1].at
        over = onset + int(words.seconds * VOICE_RATE)
        # The answer to these words comes later than this, whoever answers.
        heard = [sound for sound in calls.played(call) if sound.at <= over]
        last = calls.ends(heard[-1])
        return None if last >= over else max(0.0, calls.seconds(last - onset) * 1000)


async def disturb(system: System, client: calls.Kind, sound: Recording) -> str:
    """What a disturbance did to an answer."""
    async with calls.caller(system, client) as call:
        await call.say(calls.anywhere(calls.question()))
        turn = await call.answering()
        await call.hears(turn, int(1.2 * VOICE_RATE))
        await call.say(calls.anywhere(sound))
        onset = call.record.of_type("voice.began")[-1].at
        for _ in range(80):
            await asyncio.sleep(0.1)
            heard = calls.played(call)
            if sum(len(one.pcm) for one in heard) // 2 >= ANSWER_SECONDS * VOICE_RATE * 0.99:
                break
        return verdict(calls.played(call), onset)


def verdict(heard: list[Played], onset: int) -> str:
    """Cut, a long pause, a hesitation, or nothing."""
    reached, longest = 0, 0
    for before, sound in zip([None, *heard], heard, strict=False):
        begins = calls.place(sound.pcm)
        if before is not None and calls.ends(sound) > onset:
            longest = max(longest, sound.at - calls.ends(before))
        if begins is not None:
            if begins < reached - VOICE_RATE:  # it began anew
                return "cut"
            reached = max(reached, begins + len(sound.pcm) // 2)
    if reached < ANSWER_SECONDS * VOICE_RATE * 0.95:
        return "cut"
    if longest > LONG * VOICE_RATE:
        return "long pause"
    return "hesitation" if longest > HESITATION * VOICE_RATE else "nothing"


async def together(work: Sequence[Callable[[], Awaitable[Any]]]) -> list[Any]:
    """Does things a few at a time, in order of their answers."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, act: Callable[[], Awaitable[Any]]) -> Any:
        await asyncio.sleep(0.37 * (number % AT_ONCE))
        async with places:
            return await act()

    return list(await asyncio.gather(*(one(*entry) for entry in enumerate(work))))


def measure(name: str, trials: int, sample: int | None) -> dict[str, Any]:
    """Both figures of one rival."""
    of, client = RIVALS[name]
    said = [sounds.audible(speak(words)) for words in WORDS]
    loud = [one.louder(sounds.LOUD / one.energy) for one in said]
    found = disturbances.all()[:sample]
    with running(of) as system:
        trial = partial(barge_in, system, client)
        work = [partial(trial, loud[number % len(loud)]) for number in range(trials)]
        times = generate(together(work))
    with running(of, hears_once=True) as system:
        trials_of = [partial(disturb, system, client, one.recording) for one in found]
        verdicts = generate(together(trials_of))
    silenced = [time for time in times if time is not None]
    by_sound = dict(zip((one.name for one in found), verdicts, strict=True))
    return {
        "trials": trials,
        "silenced": len(silenced),
        "p50": percentile(silenced, 0.5),
        "p95": percentile(silenced, 0.95),
        "disturbances": len(found),
        "verdicts": dict(Counter(verdicts)),
        "by_sound": {sound: what for sound, what in by_sound.items() if what != "nothing"},
    }


def lines(figures: dict[str, Any]) -> list[str]:
    """The table."""
    shown = []
    for name, row in figures.items():
        goal = f" (goal: {GOALS[name]})" if name in GOALS else ""
        counts = ", ".join(
            f"{row['verdicts'].get(kind, 0)} {kind}" for kind in ("cut", "long pause", "hesitation")
        )
        shown.append(
            f"{name:24} silent after p50 {row['p50']:4.0f} ms, p95 {row['p95']:4.0f} ms{goal},"
            f" {row['silenced']}/{row['trials']}; of {row['disturbances']} disturbances: {counts}"
        )
        shown.append(f"{'':24} {row['by_sound']}")
    return shown


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="a part of one rival's name")
    parser.add_argument("--quick", action="store_true", help="a smoke test, no figures")
    given = parser.parse_args()
    random.seed(1)
    print(described(), versions(), sep="\n")
    figures: dict[str, Any] = {}
    for name in RIVALS:
        if given.only and given.only not in name:
            continue
        if not given.quick:
            quiet()
        figures[name] = measure(name, 4 if given.quick else 24, 6 if given.quick else None)
        print(*lines({name: figures[name]}), sep="\n")
    if not given.quick and not given.only:
        keep("barge_in", rivals=figures)


if __name__ == "__main__":
    main()

"""Our own part of the response: what remains of it without voice detection's and the models' waits.

Voice detection is deterministic: run over a caller's sound beforehand, it tells in which message
of the microphone the end of speech becomes known. From when that message leaves the caller to the
first sound of the answer, everything but the three models' fixed delays is the server's own.
The plain AgentSession server shares our voice detection, so its own part is known as well; whole
responses are compared with pipecat's, too, by `bench.talking`.
Run: `python -m bench.response [--only NAME] [--sessions 1,16,48]`.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any, Final

import numpy as np
import soxr
from livekit import rtc
from livekit.agents import inference
from livekit.agents.vad import VADEventType

from bench.conditions import MIC_FRAME, MIC_RATE, MODELS, SILENCE
from bench.figures import keep, quiet, say
from bench.load import generate, percentile, run
from bench.machine import described, versions
from bench.sounds import LOOP_FRAMES, LOOP_SECONDS, VARIANTS, loop
from bench.systems import NAMES, running

RATE: Final = 16000
SESSIONS: Final = (1, 16, 48)
"""Alone, and as many as the peers hold."""
ROUNDS: Final = 24
"""Questions of a single session; more sessions ask as many together, or one each."""
GOAL: Final = 30.0
"""Milliseconds at the 95th percentile."""


async def deciding(rounds: int) -> dict[int, list[int]]:
    """The message of each round, for each variant, in which the end of speech becomes known."""
    found = await asyncio.gather(*(_deciding(variant, rounds) for variant in range(VARIANTS)))
    return dict(enumerate(found))


async def _deciding(variant: int, rounds: int) -> list[int]:
    """What voice detection knew before decides with: the same sound may end a message later."""
    detection = inference.VAD(min_silence_duration=SILENCE)
    stream = detection.stream()
    resampler = soxr.ResampleStream(MIC_RATE, RATE, 1, dtype="int16", quality="MQ")
    ends: list[int] = []
    sent = 0

    async def listen() -> None:
        nonlocal ends
        async for event in stream:
            ends += [sent] if event.type == VADEventType.END_OF_SPEECH else []

    listening = asyncio.create_task(listen())
    pcm = np.frombuffer(loop(variant).pcm, "<i2")
    for sent in range(rounds * LOOP_FRAMES):
        begin = sent % LOOP_FRAMES * MIC_FRAME
        samples = resampler.resample_chunk(pcm[begin : begin + MIC_FRAME])
        if samples.size:
            stream.push_frame(rtc.AudioFrame(samples.tobytes(), RATE, 1, samples.size))
        await asyncio.sleep(0.02)
    await stream.aclose()
    listening.cancel()
    if len(ends) != rounds:
        raise SystemExit(f"voice detection hears {len(ends)} ends in {rounds} questions")
    return [end % LOOP_FRAMES for end in ends]


def measure(
    name: str, sessions: tuple[int, ...], rounds: int, decides: dict[int, list[int]]
) -> dict[str, Any]:
    """A system's own part at each number of sessions, in milliseconds."""
    figures: dict[str, Any] = {}
    for count in sessions:
        with running(name) as system:
            seconds = LOOP_SECONDS * max(1, rounds // count)
            measured = generate(run(system, count, seconds=seconds, decides=decides))
        own = [value - MODELS * 1000 for value in measured.own_parts]
        figures[str(count)] = {
            "p50": percentile(own, 0.5),
            "p95": percentile(own, 0.95),
            "answers": len(own),
            "whole_p50": percentile(measured.responses, 0.5),
            "whole_p95": percentile(measured.responses, 0.95),
            "others": measured.others,
        }
    return figures


def lines(name: str, figures: dict[str, Any]) -> list[str]:
    """The table."""
    return [
        f"{name:20}{count:>3} sessions: own part p50 {row['p50']:5.1f} ms, p95 {row['p95']:5.1f} ms"
        f" (goal: at most {GOAL:.0f}); end of speech to sound p50 {row['whole_p50']:.0f} ms,"
        f" p95 {row['whole_p95']:.0f} ms; {row['answers']} answers,"
        f" others used {row['others']:.0%} of the core"
        for count, row in figures.items()
    ]


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="the first letters of one system's name")
    parser.add_argument("--sessions", default=",".join(map(str, SESSIONS)))
    parser.add_argument("--quick", action="store_true", help="a smoke test, no figures")
    given = parser.parse_args()
    counts = (4,) if given.quick else tuple(int(one) for one in given.sessions.split(","))
    print(described(), versions(), sep="\n")
    rounds = 4 if given.quick else ROUNDS
    decides = generate(deciding(rounds + 3))
    say(f"the end of speech is known in messages {decides}, it is in {loop(0).end_frame}")
    figures: dict[str, Any] = {}
    for name in NAMES[:2]:
        if given.only and not name.startswith(given.only):
            continue
        if not given.quick:
            quiet()
        figures[name] = measure(name, counts, rounds, decides)
        print(*lines(name, figures[name]), sep="\n")
    if not given.quick and not given.only:
        keep("response", systems=figures)


if __name__ == "__main__":
    main()

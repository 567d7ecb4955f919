"""The page's figures beside the truth: calls whose models take times that are known.

A run of ours, in this process, with everything but the models as it is served. Voice detection,
recognizer, model and voice take the times that they are told, and the agent's own code looks
something up for a known while before the model is asked. The truth is what a clock at both ends
says: when the last loud sample was handed in, when the transcript came out, when the turn was
taken as over, when the first sample of the answer arrived. Each part of the page must be within
20 ms of it. Run: `make bench` or `python -m bench.known_delays [--quick]`.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from livekit import rtc
from livekit.agents import Agent, ChatContext, ChatMessage, stt, vad
from tests.pipeline.stage import Client, Stage, stage, until

from bench.figures import keep, quiet, say
from bench.machine import described
from duologue.core import happenings as h
from duologue.store import trace_lists
from duologue.testing.models import ScriptedAnswers, ScriptedSTT, ToneTTS
from duologue.trace.entries import Turn

GOAL: Final = 20.0
RATE: Final = 16000
PIECE: Final = 160
"""Samples that are handed in at once: 10 ms."""
SILENCE: Final = 0.3
MIN_DELAY: Final = 0.5
WORDS: Final = "I would like to book a table"
ROUNDS: Final = 6
SHOWN: Final = ("eou", "stt", "llm", "tts", "unexplained", "e2e")


class Case(NamedTuple):
    """What the models take, in seconds, and the agent's own code."""

    hears: float
    thinks: float
    speaks: float
    looks_up: float


CASES: Final = {
    "model asked while the silence is waited out": Case(0.1, 0.4, 0.15, 0.0),
    "recognizer slower than the wait": Case(0.6, 0.2, 0.1, 0.0),
    "own code looks something up first": Case(0.1, 0.25, 0.1, 0.35),
}


class Clock:
    """When things happened in truth."""

    def __init__(self) -> None:
        self.silent = self.heard = self.over = self.asked = self.sounds = 0.0


class KnownVAD(vad.VAD):
    """Says of speech that it is over after a known silence; what is loud is speech."""

    def __init__(self) -> None:
        super().__init__(capabilities=vad.VADCapabilities(update_interval=0.032))

    def stream(self) -> vad.VADStream:
        """A stream of its own."""
        return _Detecting(self)


class _Detecting(vad.VADStream):
    async def _main_task(self) -> None:
        speech = silence = 0.0
        speaking = False
        async for given in self._input_ch:
            if not isinstance(given, rtc.AudioFrame):
                continue
            found = np.nonzero(np.abs(np.frombuffer(given.data, dtype=np.int16)) > 500)[0]
            loud = bool(found.size)
            speech = speech + given.duration if loud or speaking else 0.0
            rest = given.samples_per_channel - (int(found[-1]) + 1 if loud else 0)
            silence = (0.0 if loud else silence) + rest / given.sample_rate
            if loud and not speaking and speech > 0.05:
                speaking = True
                self._send(vad.VADEventType.START_OF_SPEECH, speech, 0.0)
            elif speaking and silence >= SILENCE:
                self._send(vad.VADEventType.END_OF_SPEECH, speech - silence, silence)
                speaking, speech = False, 0.0
            self._send(vad.VADEventType.INFERENCE_DONE, speech, silence, speaking=speaking)

    def _send(
        self, kind: vad.VADEventType, speech: float, silence: float, *, speaking: bool = False
    ) -> None:
        self._event_ch.send_nowait(
            vad.VADEvent(
                type=kind,
                samples_index=0,
                timestamp=time.time(),
                speech_duration=speech,
                silence_duration=silence,
                speaking=speaking,
                raw_accumulated_speech=speech,
                raw_accumulated_silence=silence,
            )
        )


class KnownSTT(ScriptedSTT):
    """Notes when its transcript comes out."""

    def __init__(self, case: Case, clock: Clock) -> None:
        super().__init__([WORDS], delay=case.hears)
        self.clock = clock

    def stream(self, **given: Any) -> stt.RecognizeStream:
        """A stream whose transcripts are noted."""
        made = super().stream(**given)
        send = made._event_ch.send_nowait

        def noted(event: stt.SpeechEvent) -> None:
            if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT:
                self.clock.heard = self.clock.heard or time.time()
            send(event)

        made._event_ch.send_nowait = noted  # type: ignore[assignment]  # of this stream alone
        return made


class KnownModel(ScriptedAnswers):
    """Notes when it is asked the last time: an answer to what was not yet all is thrown away."""

    def __init__(self, case: Case, clock: Clock) -> None:
        super().__init__(["A table for two it is."] * 4, delay=case.thinks)
        self.clock = clock

    def chat(self, **given: Any) -> Any:
        """The answer."""
        self.clock.asked = time.time()
        return super().chat(**given)


def clerk(case: Case, clock: Clock) -> Callable[[], Agent]:
    """What makes the agent of a case."""

    class Clerk(Agent):
        async def on_user_turn_completed(
            self, turn_ctx: ChatContext, new_message: ChatMessage
        ) -> None:
            clock.over = time.time()
            if case.looks_up:
                await asyncio.sleep(case.looks_up)
                turn_ctx.add_message(role="assistant", content="There is a table for two.")

    return lambda: Clerk(instructions="Be brief.")


async def speak(client: Client, clock: Clock) -> None:
    """Makes a noise of a second into the microphone, in real time, and is silent afterwards."""
    chance = np.random.default_rng(0)
    loud = (chance.standard_normal(RATE) * 6000).clip(-30000, 30000).astype("<i2").tobytes()
    sound = bytes(RATE) + loud + bytes(4 * RATE)
    began, last = time.time(), len(bytes(RATE) + loud)
    for start in range(0, len(sound), 2 * PIECE):
        client.run.floor.hear(sound[start : start + 2 * PIECE], RATE)
        if start + 2 * PIECE == last:
            clock.silent = time.time()
        await asyncio.sleep(max(0.0, began + (start / 2 + PIECE) / RATE - time.time()))


async def one(folder: Path, case: Case) -> tuple[dict[str, float], dict[str, float]]:
    """The page's figures of one call in milliseconds, and the truth."""
    clock = Clock()
    turns = {"silence": SILENCE, "min_delay": MIN_DELAY}
    async with stage(
        folder,
        stt=KnownSTT(case, clock),
        vad=KnownVAD(),
        make=clerk(case, clock),
        greeting="",
        turns=turns,
        llm=KnownModel(case, clock),
        tts=ToneTTS(delay=case.speaks),
    ) as desk:
        client = await desk.join()
        speaking = asyncio.create_task(speak(client, clock))
        await client.until(h.AgentAudio)
        clock.sounds = time.time()
        await speaking
        await client.said("A table for two it is.")
        shown = await figures(desk, client)
    return shown, truth(case, clock)


async def figures(desk: Stage, client: Client) -> dict[str, float]:
    """What the page shows of the one turn of a run."""
    run = client.run.id
    await desk.leave(client)
    await desk.host._settle()
    await until(lambda: not desk.host.tracing.ledger.report.pending)
    (turn,) = await desk.host.db.read(trace_lists.turns_of, desk.org_id, run)
    told = {name: getattr(turn, name) for name in Turn.__struct_fields__ if name != "trace"}
    parts = Turn(trace="", **told).parts()
    return {**parts, "e2e": turn.e2e_ms or 0.0, "transcript": turn.stt_ms or 0.0}


def truth(case: Case, clock: Clock) -> dict[str, float]:
    """Where the time went until the agent sounded, by the clock at both ends."""
    first_word = clock.asked + case.thinks
    eou = clock.over - clock.silent
    known = {
        "eou": eou,
        "stt": max(0.0, clock.heard - clock.silent - eou),
        "llm": first_word - max(clock.asked, clock.over + case.looks_up),
        "tts": case.speaks,
        "e2e": clock.sounds - clock.silent,
        "transcript": clock.heard - clock.silent,
    }
    known["unexplained"] = known["e2e"] - sum(known[each] for each in ("eou", "stt", "llm", "tts"))
    return {name: seconds * 1000 for name, seconds in known.items()}


async def measured(rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Medians by case and part: what is shown, what is true, and the largest difference."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for name, case in CASES.items():
        calls = []
        for number in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                calls.append(await one(Path(folder), case))
            say(f"{name}: {number + 1} of {rounds}")
        found[name] = {
            part: {
                "shown": statistics.median(shown[part] for shown, _ in calls),
                "true": statistics.median(true[part] for _, true in calls),
                "apart": statistics.median(abs(shown[part] - true[part]) for shown, true in calls),
                "most": max(abs(shown[part] - true[part]) for shown, true in calls),
            }
            for part in (*SHOWN, "transcript")
        }
    return found


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke test, no figures")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    if not given.quick:
        quiet(60)
    found = asyncio.run(measured(1 if given.quick else ROUNDS))
    print(described())
    for name, parts in found.items():
        print(name)
        for part, row in parts.items():
            late = "" if row["apart"] <= GOAL else "  more than 20 ms apart"
            print(
                f"  {part:12} shown {row['shown']:7.1f}  true {row['true']:7.1f}"
                f"  apart {row['apart']:5.1f}, at most {row['most']:5.1f} ms{late}"
            )
    if not given.quick:
        keep("known_delays", cases=found, rounds=ROUNDS)


if __name__ == "__main__":
    main()

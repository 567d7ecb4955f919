"""What callers say: a spoken question in low room noise, cut into the stock client's messages."""

from __future__ import annotations

import base64
import functools
import json
from dataclasses import dataclass
from typing import Final

import numpy as np

from bench.conditions import MIC_FRAME, MIC_RATE, QUESTION
from bench.line import frame
from duologue.testing.speech import Recording, noise, speak

LOOP_FRAMES: Final = 84
"""A whole number of voice detection's 32 ms windows, so that every round is heard alike."""
FRAME_SECONDS: Final = MIC_FRAME / MIC_RATE
LOOP_SECONDS: Final = LOOP_FRAMES * FRAME_SECONDS
"""9.4 s: a question of 2.1 s, then time for the answer and a breath."""
ROOM: Final = 0.0008
"""Energy of the room between words."""
LOUD: Final = 0.12
"""Energy of the speech: a caller who is close to the microphone."""
VARIANTS: Final = 8
"""Places within a message at which the question may end."""


@dataclass(frozen=True)
class Loop:
    """One round of a caller, as bytes to be written, and where the speech is in it."""

    frames: tuple[bytes, ...]
    pcm: bytes
    onset: int
    """The first audible sample."""
    end: int
    """The sample after the last audible one."""

    @property
    def end_frame(self) -> int:
        """The message that carries the end of the speech."""
        return (self.end - 1) // MIC_FRAME

    @property
    def end_lag(self) -> float:
        """Seconds from the end of speech until the message that carries it is full."""
        return ((self.end_frame + 1) * MIC_FRAME - self.end) / MIC_RATE


def audible(recording: Recording) -> Recording:
    """The part of a recording from its first to its last audible sample."""
    samples = np.abs(np.frombuffer(recording.pcm, dtype="<i2").astype(np.int32))
    loud = np.flatnonzero(samples > samples.max() * 0.03)
    return Recording(recording.pcm[loud[0] * 2 : (loud[-1] + 1) * 2], recording.rate)


@functools.cache
def question() -> Recording:
    """The question at the microphone's rate, 2.1 s long."""
    spoken = audible(speak(QUESTION))
    spoken = audible(speak(QUESTION, speed=spoken.seconds / 2.1)).at(MIC_RATE)
    return audible(spoken.louder(LOUD / spoken.energy))


def message(pcm: bytes) -> bytes:
    """A microphone's message, as a whole frame of the socket."""
    content = base64.b64encode(pcm).decode("ascii")
    return frame(json.dumps({"type": "client.audio", "content": content}).encode())


def mixed(pieces: list[tuple[int, Recording]], samples: int, seed: int = 0) -> bytes:
    """Recordings at their places, in a room."""
    room = noise(samples / MIC_RATE + 1, ROOM, MIC_RATE, seed).pcm[: samples * 2]
    sound = np.frombuffer(room, dtype="<i2").astype(np.int32)
    for at, recording in pieces:
        heard = np.frombuffer(recording.at(MIC_RATE).pcm, dtype="<i2")[: samples - at]
        sound[at : at + heard.size] += heard
    return np.clip(sound, -32768, 32767).astype("<i2").tobytes()


def frames(pcm: bytes) -> tuple[bytes, ...]:
    """The messages that carry a sound."""
    step = MIC_FRAME * 2
    return tuple(message(pcm[at : at + step]) for at in range(0, len(pcm), step))


@functools.cache
def loop(variant: int) -> Loop:
    """A round whose question ends at another place within a message for each variant."""
    onset = 2 * MIC_FRAME + variant * MIC_FRAME // VARIANTS
    spoken = question()
    pcm = mixed([(onset, spoken)], LOOP_FRAMES * MIC_FRAME, seed=variant)
    return Loop(frames(pcm), pcm, onset, onset + spoken.samples)


@functools.cache
def silent_loop() -> Loop:
    """A round in which nobody speaks."""
    pcm = mixed([], LOOP_FRAMES * MIC_FRAME)
    return Loop(frames(pcm), pcm, 0, 0)

"""Sounds that reach a microphone and are no reason to stop talking: the same on every machine.

An agent that is spoken over should fall silent; one that hears any of these should go on, or at
least go on again. The levels are those of a headset or a laptop's microphone at a desk, where the
offline voice speaks at about -22 dBFS.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

import numpy as np

from duologue.testing.noises import (
    RATE,
    at_level,
    banded,
    claps,
    clatter,
    music,
    pink,
    rough_cough,
    slam,
    throat,
    typing,
)
from duologue.testing.speech import Recording, Samples, Voice, cough, noise, speak

Kind = Literal[
    "cough", "mm-hm", "throat", "clap", "slam", "keyboard", "noise", "music", "babble", "clatter"
]


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One sound, by a name that stays the same."""

    name: str
    kind: Kind
    recording: Recording


@functools.cache
def all() -> tuple[Disturbance, ...]:  # noqa: A001
    """Every disturbance; made once a process."""
    return (*_made(), *_spoken())


def of(*kinds: Kind) -> tuple[Disturbance, ...]:
    """The disturbances of these kinds."""
    return tuple(one for one in all() if one.kind in kinds)


def _spoken() -> list[Disturbance]:
    """Listeners who agree, and a room in which others talk."""
    found = []
    agreeing: list[tuple[str, Voice]] = [
        ("Mm-hm.", "middle"), ("Mm-hm.", "low"), ("Mm-hm.", "high"), ("Uh-huh.", "middle"),
        ("Uh-huh.", "low"), ("Hm.", "middle"), ("Hmm.", "high"), ("Mmm.", "low"),
    ]  # fmt: skip
    for number, (text, voice) in enumerate(agreeing, 1):
        said = speak(text, voice)
        said = said.cut(said.audible_from / RATE).louder(0.6)
        found.append(Disturbance(f"mm-hm-{number}", "mm-hm", said))
    for number, (level, seconds) in enumerate([(0.004, 3.0), (0.008, 2.0)], 1):
        found.append(Disturbance(f"babble-{number}", "babble", _babble(level, seconds)))
    return found


def _babble(level: float, seconds: float) -> Recording:
    """Three people at other tables, all at once."""
    lines: list[tuple[str, Voice]] = [
        ("We should leave before the rain comes, do you not think so?", "low"),
        ("And then she told me that the train had gone without us.", "high"),
        ("There is more soup in the kitchen if anybody wants some.", "middle"),
    ]
    count = int(seconds * RATE)
    mixed: Samples = np.zeros(count)
    for text, voice in lines:
        said = speak(text, voice)
        mixed += np.resize(said.cut(said.audible_from / RATE).floats, count)
    return at_level(banded(mixed, 80, 2500), level)


def _made() -> list[Disturbance]:
    """Everything that needs no voice model."""
    found: list[Disturbance] = [
        Disturbance("cough-1", "cough", cough(RATE, seed=1)),
        Disturbance("cough-2", "cough", cough(RATE, seed=2).louder(0.5)),
    ]
    found += [
        Disturbance(f"cough-{seed}", "cough", rough_cough(seed, voiced=voiced))
        for seed, voiced in ((3, 0.0), (4, 0.1), (5, 0.2))
    ]
    for number, seconds in enumerate((0.4, 0.6, 0.8), 1):
        found.append(Disturbance(f"throat-{number}", "throat", throat(number, seconds)))
    for number, times in enumerate(([0.0], [0.0, 0.35], [0.0, 0.22, 0.44, 0.66]), 1):
        found.append(Disturbance(f"clap-{number}", "clap", claps(number, times)))
    for number, hertz in enumerate((62.0, 95.0), 1):
        found.append(Disturbance(f"slam-{number}", "slam", slam(number, hertz)))
    for number, (a_second, level) in enumerate(((6.0, 0.02), (11.0, 0.05)), 1):
        found.append(Disturbance(f"keyboard-{number}", "keyboard", typing(number, a_second, level)))
    found += [
        Disturbance("noise-white-1", "noise", noise(0.3, 0.05, RATE, seed=1)),
        Disturbance("noise-white-2", "noise", noise(1.0, 0.02, RATE, seed=2)),
        Disturbance("noise-pink-1", "noise", pink(3, 0.5, 0.05)),
        Disturbance("noise-pink-2", "noise", pink(4, 1.5, 0.02)),
        Disturbance("music-1", "music", music(0.02, [262, 330, 392, 523, 392, 330])),
        Disturbance("music-2", "music", music(0.01, [220, 262, 330, 440, 415, 349])),
        Disturbance("clatter-1", "clatter", clatter(1, 0.08)),
        Disturbance("clatter-2", "clatter", clatter(2, 0.03)),
    ]
    return found

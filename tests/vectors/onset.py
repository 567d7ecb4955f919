"""Writes onset.json anew: `python tests/vectors/onset.py`. What Python says there, TypeScript says.

The sequences are told here with the hops at which a voice begins and ends, as they should be; the
windows, and what was heard of real sounds, are measured.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from duologue.core.onset import Onset
from duologue.testing.features import HOP, RATE, WINDOW, features
from duologue.testing.speech import Recording, cough, noise, silence, speak, tone

QUIET, VOWEL, HISS, BEEP = [-70, 0.2], [-25, 0.9], [-30, 0.2], [-15, 0.0]
SEQUENCES: list[dict[str, Any]] = [
    # runs: [hops, level, voicing, playing]; began and ended: the hops, counted from 0
    {"name": "silence", "runs": [[50, *QUIET, False]], "began": [], "ended": []},
    {
        "name": "a vowel begins at its third hop and ends after thirteen quiet ones",
        "runs": [[10, *QUIET, False], [20, *VOWEL, False], [30, *QUIET, False]],
        "began": [12],
        "ended": [42],
    },
    {
        "name": "a hiss before a vowel: one voiced hop is enough",
        "runs": [[10, *QUIET, False], [6, *HISS, False], [9, *VOWEL, False], [20, *QUIET, False]],
        "began": [16],
        "ended": [37],
    },
    {
        "name": "a cough: loud, and not voiced",
        "runs": [[10, *QUIET, False], [20, *HISS, False], [30, *QUIET, False]],
        "began": [],
        "ended": [],
    },
    {
        "name": "a click with one voiced hop",
        "runs": [[10, *QUIET, False], [2, *HISS, False], [1, *VOWEL, False], [30, *QUIET, False]],
        "began": [],
        "ended": [],
    },
    {
        "name": "a beep whose beginning and end look voiced",
        "runs": [
            [10, *QUIET, False],
            [2, *VOWEL, False],
            [20, *BEEP, False],
            [2, *VOWEL, False],
            [20, *QUIET, False],
        ],
        "began": [],
        "ended": [],
    },
    {
        "name": "a breath between two words is no end",
        "runs": [
            [10, *QUIET, False],
            [10, *VOWEL, False],
            [12, *QUIET, False],
            [10, *VOWEL, False],
            [20, *QUIET, False],
        ],
        "began": [12],
        "ended": [54],
    },
    {
        "name": "too faint to be meant",
        "runs": [[10, -90, 0.0, False], [40, -56, 0.9, False]],
        "began": [],
        "ended": [],
    },
    {
        "name": "a voiced hum becomes the room, and a voice above it is still found",
        "runs": [
            [5, *QUIET, False],
            [200, -54, 0.4, False],
            [50, -47, 0.9, False],
            [10, -25, 0.9, False],
            [30, -54, 0.4, False],
        ],
        "began": [257],
        "ended": [277],
    },
    {
        "name": "a voice over the agent",
        "runs": [[40, *QUIET, True], [4, *VOWEL, True], [20, *VOWEL, False], [30, *QUIET, False]],
        "began": [42],
        "ended": [76],
    },
    {
        "name": "what is much quieter than the user's own voice does not interrupt",
        "runs": [
            [10, *QUIET, False],
            [60, *VOWEL, False],
            [20, *QUIET, False],
            [20, -38, 0.9, True],
            [20, *QUIET, True],
            [5, -32, 0.9, True],
            [20, *QUIET, False],
        ],
        "began": [12, 132],
        "ended": [82, 147],
    },
    {
        "name": "a voice that is quieter each time becomes the usual one",
        "runs": [
            [10, *QUIET, False],
            [60, *VOWEL, False],
            [20, *QUIET, False],
            [60, -34, 0.9, False],
            [20, *QUIET, False],
            [60, -34, 0.9, False],
            [20, *QUIET, False],
            [5, -38, 0.9, True],
            [20, *QUIET, False],
        ],
        "began": [12, 92, 172, 252],
        "ended": [82, 162, 242, 267],
    },
    {
        "name": "a steady echo of the agent is learned, and a voice above it is found",
        "runs": [
            [20, *QUIET, True],
            [60, -58, 0.7, True],
            [60, -53, 0.7, True],
            [5, *VOWEL, True],
            [20, *VOWEL, False],
            [20, *QUIET, False],
        ],
        "began": [142],
        "ended": [177],
    },
    {
        "name": "an echo that stops when the agent pauses is not taken for a voice again",
        "runs": [
            [20, *QUIET, True],
            [4, -45, 0.8, True],
            [40, *QUIET, False],
            [40, -45, 0.8, True],
            [20, *QUIET, True],
            [5, *VOWEL, True],
            [20, *QUIET, False],
        ],
        "began": [22, 126],
        "ended": [36, 141],
    },
]


def windows() -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """512 samples of each kind of sound."""
    time = np.arange(WINDOW) / RATE
    hiss = np.random.default_rng(7).standard_normal(WINDOW)
    vowel = sum(np.cos(2 * np.pi * 140 * n * time + n * n) / n for n in range(1, 13))
    spoken = _floats(speak("What are your opening hours?").at(RATE))
    return {
        "silence": np.zeros(WINDOW),
        "white noise": hiss * 0.1,
        "a buzz of 140 Hz": vowel * 0.1,
        "a buzz of 140 Hz in noise": vowel * 0.1 + hiss * 0.05,
        "a beep": np.sin(2 * np.pi * 440 * time) * 0.5,
        "only an offset": np.full(WINDOW, 0.25),
        "a click": np.eye(1, WINDOW, 100)[0] * 0.9,
        "speech": spoken[RATE // 2 : RATE // 2 + WINDOW],
    }


def real() -> dict[str, Recording]:
    """Sounds that are heard from their first hop to their last."""
    hush = silence(0.3)
    return {
        "a sentence in a quiet room": hush + speak("Stop. Wait a moment.") + hush,
        "a sentence in noise": (hush + speak("No, I meant Tuesday.", "high")).with_noise(15),
        "a cough": hush + cough() + hush,
        "a burst of noise": hush + noise(0.5, 0.1) + hush,
        "a beep": hush + tone(0.4) + hush,
    }


def build() -> dict[str, Any]:
    """Everything of the file."""
    measured = []
    for name, window in windows().items():
        samples = [int(one) for one in np.round(window * 32768)]
        level, voicing = features(np.array(samples) / 32768)
        row = {"name": name, "level": round(level, 6), "voicing": round(voicing, 6)}
        measured.append({**row, "samples": samples})
    heard = []
    for name, recording in real().items():
        onset, sound = Onset(), _floats(recording.at(RATE))
        heard_row: dict[str, Any] = {"name": name, "hops": [], "began": [], "ended": []}
        for i, end in enumerate(range(WINDOW, sound.size + 1, HOP)):
            level, voicing = (round(one, 3) for one in features(sound[end - WINDOW : end]))
            heard_row["hops"].append([level, voicing])
            said = onset.hop(level, voicing, playing=False)
            if said in ("began", "ended"):
                heard_row[said].append(i)
        heard.append(heard_row)
    about = "Where a voice begins: written by onset.py beside it; Python and TypeScript pass it."
    return {"about": about, "windows": measured, "sequences": SEQUENCES, "heard": heard}


def _floats(recording: Recording) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.frombuffer(recording.pcm, dtype="<i2").astype(np.float64) / 32768


def _lines(rows: list[Any]) -> str:
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]"


if __name__ == "__main__":
    # One line a row: a change of a number is one line of a difference.
    parts = ",\n".join(
        f"{json.dumps(key)}: " + (json.dumps(rows) if isinstance(rows, str) else _lines(rows))
        for key, rows in build().items()
    )
    Path(__file__).with_suffix(".json").write_text(f"{{\n{parts}\n}}\n", encoding="utf-8")

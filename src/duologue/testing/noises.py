"""Sounds that are no speech, made of sines and seeded noise: the same on every machine."""

from __future__ import annotations

from typing import Final

import numpy as np

from duologue.testing.speech import VOICE_RATE, Recording, Samples, from_floats

RATE: Final = VOICE_RATE


def rough_cough(seed: int, *, voiced: float) -> Recording:
    """The burst that opens the throat, the air that follows, and a bit of voice at the end."""
    generator = np.random.default_rng(seed)
    bursts: list[Samples] = []
    for length in generator.uniform(0.2, 0.32, size=2):
        count = int(length * RATE)
        time = np.arange(count) / RATE
        air = banded(generator.standard_normal(count), 350, 4500) * np.exp(-time * 14)
        air[: RATE // 100] *= 2.5
        pulse = _pulses(generator, count, pitch=float(generator.uniform(150, 260)), jitter=0.12)
        tail = np.exp(-(((time - length * 0.65) / 0.05) ** 2)) * voiced
        bursts += [air / np.abs(air).max() * 0.55 + pulse * tail, np.zeros(RATE // 12)]
    return from_floats(np.concatenate(bursts), RATE)


def throat(seed: int, seconds: float) -> Recording:
    """A rough, uneven rattle under 100 Hz with air in it: "ahem" without the vowel."""
    generator = np.random.default_rng(seed)
    parts: list[Samples] = []
    for length in (seconds * 0.35, seconds * 0.65):
        count = int(length * RATE)
        rattle = _pulses(generator, count, pitch=75.0, jitter=0.35)
        air = banded(generator.standard_normal(count), 200, 3000) * 0.25
        parts += [(rattle + air) * np.hanning(count) * 0.2, np.zeros(RATE // 20)]
    return from_floats(np.concatenate(parts), RATE)


def claps(seed: int, times: list[float]) -> Recording:
    """Hands that meet: a few milliseconds, and the room's answer."""
    generator = np.random.default_rng(seed)
    track: Samples = np.zeros(int((times[-1] + 0.3) * RATE))
    for time in times:
        count = int(0.25 * RATE)
        fall = np.exp(-np.arange(count) / RATE * 160) + 0.05 * np.exp(-np.arange(count) / RATE * 18)
        clap = banded(generator.standard_normal(count) * fall, 700, 5000)
        at = int(time * RATE)
        track[at : at + count] += clap / np.abs(clap).max() * 0.6
    return from_floats(track, RATE)


def slam(seed: int, hertz: float) -> Recording:
    """A door: a crack, a boom that dies away, and the frame that rattles."""
    generator = np.random.default_rng(seed)
    time = np.arange(int(0.6 * RATE)) / RATE
    boom = np.sin(2 * np.pi * hertz * time * (1 - 0.15 * time)) * np.exp(-time * 9) * 0.45
    crack = banded(generator.standard_normal(time.size), 150, 2500) * np.exp(-time * 45)
    rattle = banded(generator.standard_normal(time.size), 300, 1500) * np.exp(-time * 8)
    return from_floats(boom + crack * 0.4 + rattle * 0.05, RATE)


def typing(seed: int, a_second: float, level: float) -> Recording:
    """Typing: a click when a key goes down, a softer one when it comes up."""
    generator = np.random.default_rng(seed)
    track: Samples = np.zeros(int(2.0 * RATE))
    at = 0.05
    while at < 1.85:
        for offset, loud in ((0.0, 1.0), (0.07, 0.4)):
            count = int(0.03 * RATE)
            click = banded(generator.standard_normal(count), 1000, 7000)
            click *= np.exp(-np.arange(count) / RATE * 300)
            start = int((at + offset) * RATE)
            track[start : start + count] += click / np.abs(click).max() * loud * level * 4
        at += float(generator.gamma(4.0, 0.25 / a_second))
    return from_floats(track, RATE)


def pink(seed: int, seconds: float, level: float) -> Recording:
    """Noise that falls by 3 dB an octave: wind, traffic, a tap."""
    white = np.random.default_rng(seed).standard_normal(int(seconds * RATE))
    spectrum = np.fft.rfft(white)
    frequencies = np.maximum(np.fft.rfftfreq(white.size, 1 / RATE), 40)
    return at_level(np.fft.irfft(spectrum / np.sqrt(frequencies), white.size), level)


def music(level: float, notes: list[int]) -> Recording:
    """A tune with overtones from a small loudspeaker in the next room."""
    time = np.arange(int(0.3 * RATE)) / RATE
    tune = [
        sum(np.sin(2 * np.pi * note * n * time) / n**1.5 for n in range(1, 6)) * np.exp(-time * 5)
        for note in notes
    ]
    return at_level(np.concatenate(tune), level)


def clatter(seed: int, level: float) -> Recording:
    """A cup put on its saucer: hard, high, and gone."""
    generator = np.random.default_rng(seed)
    time = np.arange(int(0.5 * RATE)) / RATE
    ring = np.zeros(time.size)
    for start in (0.0, 0.09, 0.15):
        later = np.maximum(time - start, 0)
        for hertz in generator.uniform(2100, 6500, size=4):
            ring += np.sin(2 * np.pi * hertz * later) * np.exp(-later * 35) * (time >= start)
    return at_level(ring, level)


def _pulses(generator: np.random.Generator, count: int, *, pitch: float, jitter: float) -> Samples:
    """What vocal folds do, as unevenly as `jitter` says, through a throat of about 500 Hz."""
    track: Samples = np.zeros(count)
    at = 0.0
    while at < count:
        track[int(at)] = 1.0
        at += RATE / pitch * max(0.3, 1 + jitter * float(generator.standard_normal()))
    voice = banded(track, 80, 900)
    return voice / max(1e-9, float(np.abs(voice).max()))


def banded(samples: Samples, low: float, high: float) -> Samples:
    """The part between two frequencies, with soft edges."""
    frequencies = np.fft.rfftfreq(samples.size, 1 / RATE)
    rises = 1 / (1 + (low / np.maximum(frequencies, 1)) ** 4)
    falls = 1 / (1 + (frequencies / high) ** 4)
    return np.fft.irfft(np.fft.rfft(samples) * rises * falls, samples.size)


def at_level(samples: Samples, level: float) -> Recording:
    """The samples at our rate, with the given energy."""
    """The samples at our rate, with the given energy."""
    return from_floats(samples * (level / float(np.sqrt(np.mean(samples**2)))), RATE)

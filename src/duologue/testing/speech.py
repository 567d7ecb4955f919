"""Sound for tests: speech of an offline voice, noises that are no speech, and what was said."""

from __future__ import annotations

import functools
import threading
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

import numpy as np
import soxr

Voice = Literal["middle", "low", "high"]
Samples = np.ndarray[tuple[int], np.dtype[np.float64]]

VOICE_RATE: Final = 24000
EAR_RATE: Final = 16000
"""What the offline recognizer hears."""
AUDIBLE: Final = 0.002
"""The energy below which there is nothing to hear."""

_PITCH: Final[dict[Voice, float]] = {"middle": 1.0, "low": 0.86, "high": 1.08}
"""One voice model ships with hibari-tts; pitch makes three people of it."""

_MAKING: Final = threading.Lock()
"""One text at a time is spoken, from whatever thread."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A piece of sound: PCM16 mono and its rate."""

    pcm: bytes
    rate: int

    @property
    def samples(self) -> int:
        """How many samples it has."""
        return len(self.pcm) // 2

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.samples / self.rate

    @property
    def floats(self) -> Samples:
        """Its samples between -1 and 1."""
        return _floats(self.pcm)

    @property
    def energy(self) -> float:
        """The root mean square, of full scale: 0 is silence, speech is about 0.05."""
        return energy(self.pcm)

    @property
    def audible_from(self) -> int:
        """The first sample of the first 10 ms in which there is something to hear.

        It is the number of samples where there is nothing; the offline voice starts 0.3 s late.
        """
        step = self.rate // 100 * 2
        starts = range(0, len(self.pcm), step)
        found = (at // 2 for at in starts if energy(self.pcm[at : at + step]) > AUDIBLE)
        return next(found, self.samples)

    def at(self, rate: int) -> Recording:
        """The same sound at another rate."""
        if rate == self.rate:
            return self
        return from_floats(soxr.resample(self.floats, self.rate, rate), rate)

    def cut(self, start: float, end: float | None = None) -> Recording:
        """The part between two seconds."""
        last = None if end is None else int(end * self.rate) * 2
        return Recording(self.pcm[int(start * self.rate) * 2 : last], self.rate)

    def louder(self, factor: float) -> Recording:
        """The same sound, its samples multiplied."""
        return from_floats(self.floats * factor, self.rate)

    def with_noise(self, snr_db: float, seed: int = 0) -> Recording:
        """The same sound over white noise that is `snr_db` decibels below it."""
        scale = self.energy / 10 ** (snr_db / 20)
        hiss = np.random.default_rng(seed).standard_normal(self.samples) * scale
        return from_floats(self.floats + hiss, self.rate)

    def __add__(self, other: Recording) -> Recording:
        """One after the other, at the rate of the first."""
        return Recording(self.pcm + other.at(self.rate).pcm, self.rate)

    def save(self, path: Path) -> Path:
        """Writes a WAV file and gives its path back."""
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self.rate)
            file.writeframes(self.pcm)
        return path

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads a WAV file of PCM16 mono."""
        with wave.open(str(path), "rb") as file:
            if (file.getnchannels(), file.getsampwidth()) != (1, 2):
                raise ValueError(f"{path} is not PCM16 mono")
            return cls(file.readframes(file.getnframes()), file.getframerate())


@functools.cache
def speak(text: str, voice: Voice = "middle", *, speed: float = 1.0) -> Recording:
    """The text spoken; the same words give the same samples, made once a process."""
    pitch = _PITCH[voice]
    # Resampling changes pitch and pace together; the pace is put right beforehand.
    with _MAKING:
        spoken = _model()(text, speed=speed / pitch, seed=1)
    return from_floats(soxr.resample(spoken, VOICE_RATE * pitch, VOICE_RATE), VOICE_RATE)


def from_floats(samples: Any, rate: int) -> Recording:
    """Samples between -1 and 1 as PCM16; what is louder is clipped."""
    clipped = np.clip(samples, -1.0, 32767 / 32768)
    return Recording(np.round(clipped * 32768).astype("<i2").tobytes(), rate)


def silence(seconds: float, rate: int = VOICE_RATE) -> Recording:
    """Nothing at all."""
    return Recording(bytes(int(seconds * rate) * 2), rate)


def noise(seconds: float, level: float = 0.02, rate: int = VOICE_RATE, seed: int = 0) -> Recording:
    """White noise with the given energy."""
    hiss = np.random.default_rng(seed).standard_normal(int(seconds * rate))
    return from_floats(hiss * level, rate)


def tone(seconds: float, hertz: float = 440.0, rate: int = VOICE_RATE) -> Recording:
    """A sine at a third of full scale."""
    return from_floats(np.sin(np.arange(int(seconds * rate)) * 2 * np.pi * hertz / rate) / 3, rate)


def cough(rate: int = VOICE_RATE, seed: int = 0) -> Recording:
    """Two bursts of noise that start hard and die away: loud, and no word."""
    generator = np.random.default_rng(seed)
    bursts = []
    for length in (0.16, 0.22):
        fall = np.exp(-np.linspace(0, 6, int(length * rate)))
        bursts += [generator.standard_normal(fall.size) * fall * 0.3, np.zeros(int(0.07 * rate))]
    return from_floats(np.concatenate(bursts), rate)


def mm_hm(voice: Voice = "middle") -> Recording:
    """A listener's "mm-hm": voiced, and no reason to stop talking."""
    return speak("Mm-hm.", voice)


def energy(pcm: bytes) -> float:
    """The root mean square of PCM16, of full scale."""
    return float(np.sqrt(np.mean(_floats(pcm) ** 2))) if len(pcm) >= 2 else 0.0


def understand(recording: Recording) -> str:
    """The words that the offline recognizer hears, in lower case; "" when there are none.

    It holds the interpreter for about a sixth of the sound's length.
    """
    if recording.energy < AUDIBLE:
        return ""  # the recognizer hears a word even in silence
    decoder = _decoder()
    decoder.reinit_feat()  # it adapts to what it heard before; here every answer is the same
    decoder.start_utt()
    decoder.process_raw(recording.at(EAR_RATE).pcm, full_utt=True)
    decoder.end_utt()
    hypothesis = decoder.hyp()
    return str(hypothesis.hypstr) if hypothesis is not None else ""


def words(text: str) -> list[str]:
    """The words of a text, in lower case and without punctuation, to compare what was heard."""
    return "".join(c if c.isalnum() or c == "'" else " " for c in text.lower()).split()


@functools.cache
def _model() -> Any:
    import hibari  # the model takes 0.3 s to load; tests without sound do not pay for it

    return hibari.Hibari()


@functools.cache
def _decoder() -> Any:
    import pocketsphinx  # 90 MB, only for tests that listen

    return pocketsphinx.Decoder(loglevel="FATAL")


def _floats(pcm: bytes) -> Samples:
    return np.frombuffer(pcm[: len(pcm) & ~1], dtype="<i2").astype(np.float64) / 32768

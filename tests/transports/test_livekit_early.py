"""Sound that was recorded before the agent was there."""

from __future__ import annotations

import io

import numpy as np
import pytest

from duologue.testing.speech import Recording, energy, tone
from duologue.transports.livekit.early import RATE, decoded, mono


def webm(recording: Recording) -> bytes:
    """The recording as a browser's recorder has it: Opus in WebM."""
    import av

    target = io.BytesIO()
    with av.open(target, "w", format="webm") as container:
        stream = container.add_stream("libopus", rate=48000, layout="mono")
        samples = np.frombuffer(recording.at(48000).pcm, dtype="<i2").reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = 48000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return target.getvalue()


def test_a_browsers_recording_is_decoded() -> None:
    """Opus in WebM becomes PCM at 16 kHz, of the same length and loudness."""
    pcm = decoded(webm(tone(2.0)))
    assert abs(len(pcm) / 2 / RATE - 2.0) < 0.1
    assert abs(energy(pcm) - tone(2.0).energy) < 0.05


def test_garbage_is_an_error_that_says_so() -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="cannot be decoded"):
        decoded(b"no sound at all" * 100)


def test_channels_are_mixed_and_halves_of_samples_cut_off() -> None:
    """Two channels become their mean."""
    assert mono(b"\x01\x00\x02", 1) == b"\x01\x00"
    both = np.array([100, 300, -100, -300], dtype="<i2").tobytes()
    assert np.frombuffer(mono(both + b"\x01", 2), dtype="<i2").tolist() == [200, -200]

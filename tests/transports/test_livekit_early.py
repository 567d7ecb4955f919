"""Sound that was recorded before the agent was there."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from duologue.testing.speech import Recording, energy, tone
from duologue.transports.livekit import early
from duologue.transports.livekit.early import RATE, decoded, heard, mono

SDP = b"""v=0
o=- 0 0 IN IP4 127.0.0.1
s=x
c=IN IP4 127.0.0.1
t=0 0
m=audio 45454 RTP/AVP 0
"""


def webm(recording: Recording, kind: str = "webm", codec: str = "libopus") -> bytes:
    """The recording as a browser's recorder has it: Opus in WebM."""
    import av

    target = io.BytesIO()
    with av.open(target, "w", format=kind) as container:
        stream: Any = container.add_stream(codec, rate=48000, layout="mono")
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


async def test_each_container_is_what_its_client_says() -> None:
    """WebM and Ogg are opened by name; the sound belongs to the track that is named."""
    for mime, kind in (("audio/webm;codecs=opus", "webm"), ("audio/ogg;codecs=opus", "ogg")):
        sent = early.Recording({"trackId": "TR_a"}, mime, webm(tone(1.0), kind))
        sound = await heard(sent)
        assert (sound.track, sound.rate) == ("TR_a", RATE)
        assert abs(len(sound.pcm) / 2 / RATE - 1.0) < 0.1


@pytest.mark.parametrize("mime", ["audio/webm", "audio/ogg"])
async def test_what_names_files_or_ports_opens_none(mime: str, tmp_path: Path) -> None:
    """A session description or a list of files is no recording, whatever it is called."""
    there = tmp_path / "local.webm"
    there.write_bytes(webm(tone(1.0)))
    for data in (SDP, f"ffconcat version 1.0\nfile '{there}'\n".encode(), b"#EXTM3U\n/etc/x\n"):
        with pytest.raises(ValueError, match="cannot be decoded"):
            await heard(early.Recording({}, mime, data))


def test_a_recording_that_grows_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoding ends at the limit, not where the recording ends."""
    small = webm(tone(3.0))
    monkeypatch.setattr(early, "LIMIT", 2 * RATE * 2)
    assert len(small) < early.LIMIT
    with pytest.raises(ValueError, match="when it is decoded"):
        decoded(small)


def test_sound_that_would_be_stretched_without_end_is_refused() -> None:
    """A header that says one sample a second makes hours of a moment; it is not believed."""
    import av

    target = io.BytesIO()
    with av.open(target, "w", format="webm") as container:
        stream: Any = container.add_stream(
            "vorbis", rate=48000, layout="stereo", options={"strict": "-2"}
        )
        stream.format = "fltp"
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 48000), np.float32), "fltp", "stereo")
        frame.sample_rate = 48000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    honest = target.getvalue()
    header = b"\x01vorbis\0\0\0\0\x02"
    lying = honest.replace(header + (48000).to_bytes(4, "little"), header + b"\x01\0\0\0")
    assert lying != honest
    assert decoded(honest)
    with pytest.raises(ValueError, match="1 samples a second"):
        decoded(lying)


def test_only_what_browsers_record_is_decoded() -> None:
    """Other codecs pack hours of silence into little, and no client sends them."""
    with pytest.raises(ValueError, match="not pcm_s16le"):
        decoded(webm(tone(1.0), "matroska", "pcm_s16le"))


@pytest.mark.parametrize(
    ("rate", "channels", "named"),
    [("1", "1", "sampleRate"), ("192001", "1", "sampleRate"), ("", "1", "sampleRate"),
     ("9" * 5000, "1", "sampleRate"), ("16000", "0", "channels"), ("16000", "9", "channels")],
)  # fmt: skip
async def test_raw_sound_says_what_it_is_within_reason(
    rate: str, channels: str, named: str
) -> None:
    """A rate of nearly nothing, or channels without number, are refused by name."""
    sent = early.Recording({"sampleRate": rate, "channels": channels}, "audio/pcm", bytes(64))
    with pytest.raises(ValueError, match=named):
        await heard(sent)


async def test_raw_sound_is_taken_at_the_lowest_and_highest_rate() -> None:
    """Both ends of what is allowed are allowed."""
    for rate, channels in (("8000", "1"), ("192000", "8")):
        sent = early.Recording({"sampleRate": rate, "channels": channels}, "audio/pcm", bytes(64))
        assert (await heard(sent)).rate == int(rate)

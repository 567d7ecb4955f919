"""Sound for tests."""

from pathlib import Path

import numpy as np
import pytest

from duologue.testing import speech
from duologue.testing.speech import Recording, Voice


@pytest.mark.voice
@pytest.mark.parametrize("voice", ["middle", "low", "high"])
def test_the_same_words_are_the_same_samples(voice: Voice) -> None:
    """Speech is made once a process, and sounds like speech."""
    spoken = speech.speak("I would like to book a table.", voice)
    assert speech.speak("I would like to book a table.", voice) is spoken
    assert spoken.rate == speech.VOICE_RATE
    assert 1.5 < spoken.seconds < 3.5
    assert 0.02 < spoken.energy < 0.2


@pytest.mark.voice
@pytest.mark.parametrize("rate", [8000, 24000])
def test_speech_is_understood(rate: int) -> None:
    """The recognizer hears most of the words, at the rate of a telephone too."""
    heard = speech.understand(speech.speak("I would like to book a table.").at(rate)).split()
    assert len({"i", "would", "like", "to", "book", "a", "table"} & set(heard)) >= 6


@pytest.mark.voice
def test_noises_are_loud_and_no_sentences() -> None:
    """A cough and a mm-hm are heard by a microphone, and are at most one word to a recognizer."""
    for sound in (speech.cough(), speech.mm_hm()):
        assert sound.energy > 0.02
        assert len(speech.understand(sound).split()) <= 1


@pytest.mark.voice
def test_silence_is_understood_as_nothing() -> None:
    """Without sound there are no words."""
    assert speech.understand(speech.silence(0.5)) == ""
    assert speech.understand(Recording(b"", 8000)) == ""


def test_another_rate_keeps_length_and_energy() -> None:
    """Resampling changes how many samples there are, and nothing that is heard."""
    tone = speech.tone(0.5, 300.0, 24000)
    low = tone.at(8000)
    assert (low.rate, low.samples) == (8000, 4000)
    assert low.energy == pytest.approx(tone.energy, rel=0.02)
    assert low.at(8000) is low


@pytest.mark.parametrize("snr", [0.0, 10.0, 20.0])
def test_noise_lies_as_far_below_as_asked(snr: float) -> None:
    """The difference between clean and noisy sound has the energy that the ratio says."""
    clean = speech.tone(1.0).louder(0.3)
    noisy = clean.with_noise(snr)
    difference = np.frombuffer(noisy.pcm, "<i2").astype(np.int32) - np.frombuffer(clean.pcm, "<i2")
    noise = speech.energy(difference.astype("<i2").tobytes())
    assert 20 * np.log10(clean.energy / noise) == pytest.approx(snr, abs=0.3)


def test_sounds_are_joined_cut_and_clipped() -> None:
    """Joining takes the first one's rate, cutting counts in seconds, and nothing wraps around."""
    joined = speech.silence(0.25, 8000) + speech.tone(0.25, rate=16000)
    assert (joined.rate, joined.samples) == (8000, 4000)
    assert joined.cut(0, 0.25).energy == 0
    assert joined.cut(0.25).energy > 0.2
    clipped = np.frombuffer(speech.tone(0.1).louder(100).pcm, "<i2")
    assert (clipped.min(), clipped.max()) == (-32768, 32767)


def test_a_file_holds_the_same_sound(tmp_path: Path) -> None:
    """A saved recording is loaded as it was, and another format is refused by name."""
    sound = speech.noise(0.1, rate=8000)
    assert Recording.load(sound.save(tmp_path / "noise.wav")) == sound
    broken = tmp_path / "noise.wav"
    data = bytearray(broken.read_bytes())
    data[22] = 2  # the number of channels
    broken.write_bytes(data)
    with pytest.raises(ValueError, match=r"noise\.wav is not PCM16 mono"):
        Recording.load(broken)

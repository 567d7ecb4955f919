"""Files that grow: played at any moment, each side on its own, none longer than what was heard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from duologue.pipeline.opus import OpusFile, length_of
from duologue.pipeline.tape import RATE, Samples

PLAYED = 48_000
"""Opus is always decoded at that rate."""


def tones(seconds: float, left: float, right: float) -> Samples:
    """A tone on each side; 0 Hz is silence."""
    time = np.arange(int(seconds * RATE)) / RATE
    sides = [0.3 * np.sin(2 * np.pi * hertz * time) for hertz in (left, right)]
    return np.round(np.stack(sides, axis=1) * 32767).astype(np.int16)


def heard(path: Path) -> Any:
    """What a player plays: two rows of samples between -1 and 1."""
    with av.open(str(path)) as file:
        return np.concatenate([each.to_ndarray() for each in file.decode(audio=0)], axis=1)


def pitch(sound: Any) -> float:
    """The strongest tone; 0 of what nobody hears."""
    if np.abs(sound).max() < 0.001:
        return 0.0
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(spectrum.argmax() * PLAYED / len(sound))


def test_each_side_is_heard_alone(tmp_path: Path) -> None:
    """A tone on the left is silence on the right, and the other way round."""
    file = OpusFile(tmp_path / "a.ogg")
    for left, right in ((400, 0), (0, 700), (400, 700)):
        file.write(tones(1.0, left, right))
    file.close()
    sound = heard(tmp_path / "a.ogg")
    for second, expected in enumerate([(400, 0), (0, 700), (400, 700)]):
        part = sound[:, int((second + 0.3) * PLAYED) : int((second + 0.8) * PLAYED)]
        assert [pitch(part[0]), pitch(part[1])] == pytest.approx(expected, abs=3)
    assert file.milliseconds == 3000
    assert length_of(tmp_path / "a.ogg") == pytest.approx(3000, abs=10)


def test_it_is_played_while_it_grows(tmp_path: Path) -> None:
    """What is on disk before the file is closed lacks no more than a page and a second."""
    path = tmp_path / "folder" / "a.ogg"
    file = OpusFile(path)
    for seconds in range(1, 6):
        file.write(tones(1.0, 400, 700))
        length = length_of(path)
        assert length is not None or seconds == 1
        assert seconds * 1000 - (length or 0) <= 1100
    sound = heard(path)
    assert pitch(sound[0, PLAYED : 2 * PLAYED]) == pytest.approx(400, abs=3)
    file.close()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_that_was_cut_anywhere_is_played_to_there(tmp_path: Path) -> None:
    """Killed in the midst of a page: that page is lost, and nothing before it."""
    path = tmp_path / "a.ogg"
    file = OpusFile(path)
    file.write(tones(4.0, 400, 0))
    file.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    length = length_of(path)
    assert length is not None
    assert 1500 <= length <= 2700
    assert pitch(heard(path)[0, PLAYED // 2 : PLAYED]) == pytest.approx(400, abs=3)


@pytest.mark.parametrize("content", [b"", b"OggS", b"no sound at all" * 99])
def test_what_is_no_sound_has_no_length(tmp_path: Path, content: bytes) -> None:
    """A server that was killed before the first page left nothing to play."""
    (tmp_path / "a.ogg").write_bytes(content)
    assert length_of(tmp_path / "a.ogg") is None


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    """Two recordings never share a name."""
    (tmp_path / "a.ogg").write_bytes(b"somebody's")
    with pytest.raises(FileExistsError):
        OpusFile(tmp_path / "a.ogg")

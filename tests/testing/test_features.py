"""What is heard in a window of sound."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from duologue.testing.features import RATE, WINDOW, features

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "vectors" / "onset.json").read_text(encoding="utf-8")
)
TIME = np.arange(WINDOW) / RATE


@pytest.mark.parametrize("row", VECTORS["windows"], ids=lambda row: row["name"])
def test_each_window_has_the_features_of_the_vectors(row: dict[str, Any]) -> None:
    """Level and voicing, as near as two languages count alike."""
    heard = features(np.array(row["samples"]) / 32768)
    assert heard == pytest.approx((row["level"], row["voicing"]), abs=1e-3)


def test_a_sine_at_full_scale_has_the_level_of_its_root_mean_square() -> None:
    """-3 dBFS, and half of it 6 dB less."""
    sine = np.sin(2 * np.pi * 250 * TIME)
    assert features(sine).level == pytest.approx(-3.01, abs=0.01)
    assert features(sine / 2).level == pytest.approx(-9.03, abs=0.01)


@pytest.mark.parametrize("hertz", [85, 120, 180, 250, 390])
def test_a_throat_is_voiced_at_every_pitch(hertz: int) -> None:
    """Overtones with the pitch of a man, a woman, a child."""
    throat = sum(np.cos(2 * np.pi * hertz * n * TIME + n * n) / n for n in range(1, 9))
    assert features(np.asarray(throat) * 0.1).voicing > 0.9


@pytest.mark.parametrize("hertz", [210, 440, 1000, 3000])
def test_a_beep_is_not(hertz: int) -> None:
    """A pure tone repeats better than any voice, and turns upside down in between."""
    assert features(np.sin(2 * np.pi * hertz * TIME) * 0.3).voicing == 0


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_not(seed: int) -> None:
    """White noise is hardly like itself a moment later."""
    hiss = np.random.default_rng(seed).standard_normal(WINDOW) * 0.1
    assert features(hiss).voicing < 0.35


def test_a_window_of_another_length_is_refused() -> None:
    """The error says how long a window is."""
    with pytest.raises(ValueError, match="512 samples, not 256"):
        features(np.zeros(256))

"""The recorded disturbances."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import get_args

import numpy as np
import pytest

from duologue.testing import disturbances, noises
from duologue.testing.disturbances import Kind
from duologue.testing.speech import Recording, understand

FULL_SCALE = 32767


@pytest.mark.voice
def test_there_is_a_set_of_every_kind_under_names_that_stay() -> None:
    """About thirty sounds, each under a name of its own; the set is the same object each time."""
    all_of_them = disturbances.all()
    assert disturbances.all() is all_of_them
    assert len(all_of_them) == len({one.name for one in all_of_them}) == 33
    assert {one.kind for one in all_of_them} == set(get_args(Kind))
    assert [one.name for one in disturbances.of("slam", "cough")] == [
        *(f"cough-{number}" for number in range(1, 6)),
        *(f"slam-{number}" for number in range(1, 3)),
    ]


@pytest.mark.voice
def test_the_levels_are_those_of_a_desk() -> None:
    """Loud things are loud, the room is not, and nothing is clipped or out of all proportion."""
    for one in disturbances.all():
        level = 20 * math.log10(one.recording.energy)
        assert -50 < level < -18, one.name
        assert 0.25 <= one.recording.seconds <= 3, one.name
        assert np.abs(np.frombuffer(one.recording.pcm, "<i2")).max() < FULL_SCALE, one.name
    loud = {kind: _loudest(kind) for kind in get_args(Kind)}
    assert loud["slam"] > loud["mm-hm"] > loud["babble"]


@pytest.mark.voice
def test_listeners_say_nothing_that_could_be_an_order() -> None:
    """To the recognizer a cough or a "mm-hm" is a word at most; only the room says more."""
    for one in disturbances.of("cough", "mm-hm")[::3]:
        assert len(understand(one.recording).split()) <= 1, one.name
    assert len(understand(disturbances.of("babble")[-1].recording).split()) > 2


def test_noises_are_the_same_each_time_and_another_seed_is_another_noise() -> None:
    """What a bench measures today is what it measures tomorrow."""
    makers: list[Callable[[int], Recording]] = [
        lambda seed: noises.rough_cough(seed, voiced=0.2),
        lambda seed: noises.throat(seed, 0.5),
        lambda seed: noises.claps(seed, [0.0, 0.3]),
        lambda seed: noises.slam(seed, 80.0),
        lambda seed: noises.typing(seed, 8.0, 0.03),
        lambda seed: noises.pink(seed, 0.5, 0.03),
        lambda seed: noises.clatter(seed, 0.05),
    ]
    for make in makers:
        assert make(1) == make(1)
        assert make(1) != make(2)


def test_a_noise_has_the_energy_that_was_asked_for() -> None:
    """Levels are of the whole sound."""
    assert noises.pink(1, 1.0, 0.05).energy == pytest.approx(0.05, rel=0.01)
    assert noises.music(0.02, [262, 330]).energy == pytest.approx(0.02, rel=0.01)


def _loudest(kind: Kind) -> float:
    return max(one.recording.energy for one in disturbances.of(kind))

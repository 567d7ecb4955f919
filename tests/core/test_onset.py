"""Where a voice begins and ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.core.onset import Hop, Onset

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "vectors" / "onset.json").read_text(encoding="utf-8")
)

hops = st.lists(
    st.tuples(st.floats(-100, 0), st.floats(0, 1), st.booleans()), min_size=1, max_size=200
)


def outputs(length: int, began: list[int], ended: list[int]) -> list[Hop]:
    """What each hop says, from the hops at which voices begin and end."""
    said: list[Hop] = []
    speaking = False
    for i in range(length):
        if i in began:
            said.append("began")
            speaking = True
        elif i in ended:
            said.append("ended")
            speaking = False
        else:
            said.append("speaking" if speaking else "quiet")
    return said


@pytest.mark.parametrize("row", VECTORS["sequences"], ids=lambda row: row["name"])
def test_each_told_sequence_begins_and_ends_where_it_should(row: dict[str, Any]) -> None:
    """The vectors' hand-made sequences, hop by hop."""
    onset = Onset()
    said = [
        onset.hop(level, voicing, playing=playing)
        for count, level, voicing, playing in row["runs"]
        for _ in range(count)
    ]
    assert said == outputs(len(said), row["began"], row["ended"])


@pytest.mark.parametrize("row", VECTORS["heard"], ids=lambda row: row["name"])
def test_each_real_sound_begins_and_ends_where_it_did(row: dict[str, Any]) -> None:
    """What was measured of real sounds: sentences begin, a cough, a burst and a beep do not."""
    onset = Onset()
    said = [onset.hop(level, voicing, playing=False) for level, voicing in row["hops"]]
    assert said == outputs(len(said), row["began"], row["ended"])
    assert bool(row["began"]) == row["name"].startswith("a sentence")


@given(hops)
def test_beginnings_and_ends_take_turns(given_hops: list[tuple[float, float, bool]]) -> None:
    """Whatever is heard: quiet, began, speaking, ended, and never one without the other."""
    onset = Onset()
    before: Hop = "quiet"
    for level, voicing, playing in given_hops:
        hop = onset.hop(level, voicing, playing=playing)
        after_silence = before in ("quiet", "ended")
        assert hop in (("quiet", "began") if after_silence else ("speaking", "ended"))
        before = hop


@given(st.floats(-100, 0), st.booleans())
def test_what_is_not_voiced_never_begins(level: float, playing: bool) -> None:
    """However loud a noise is, and however long it lasts."""
    onset = Onset()
    assert {onset.hop(level, 0.5, playing=playing) for _ in range(100)} == {"quiet"}

"""How much of a text was heard when its sound was cut."""

from __future__ import annotations

from typing import Final

SPEAKING_RATE: Final = 15.0
"""Characters a second of ordinary speech, for when the length of the sound is not known yet."""


def heard(text: str, played: float, total: float | None) -> str:
    """The words of a text that were heard in `played` seconds of its `total` seconds of sound.

    A word counts when more than half of it was heard; without a total the ordinary rate of
    speech stands in.
    """
    if played <= 0 or not text:
        return ""
    if total is not None and played >= total:
        return text
    share = len(text) * played / total if total else played * SPEAKING_RATE
    end = 0
    for start, stop in _words(text):
        if share < (start + stop) / 2:
            break
        end = stop
    return text[:end].rstrip()


def _words(text: str) -> list[tuple[int, int]]:
    """Where each word of a text begins and ends."""
    spans: list[tuple[int, int]] = []
    start: int | None = None
    for index, letter in enumerate(text):
        if letter.isspace():
            if start is not None:
                spans.append((start, index))
                start = None
        elif start is None:
            start = index
    if start is not None:
        spans.append((start, len(text)))
    return spans

"""How much of a text was heard when its sound was cut."""

from __future__ import annotations

import re
from typing import Final

SPEAKING_RATE: Final = 15.0
"""Characters a second of ordinary speech, for when the length of the sound is not known yet."""
_WORD: Final = re.compile(r"\S+")


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
    for word in _WORD.finditer(text):
        if share < (word.start() + word.end()) / 2:
            break
        end = word.end()
    return text[:end].rstrip()

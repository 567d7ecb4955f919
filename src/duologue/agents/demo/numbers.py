"""Numbers among spoken words."""

from __future__ import annotations

import re
from typing import Final

from duologue.agents.voices.slots import TENS, UNITS, number_of

WORD: Final = (
    rf"(?:(?:{'|'.join(TENS)})(?: (?:{'|'.join(UNITS[1:10])}))?"
    rf"|{'|'.join(sorted(UNITS, key=len, reverse=True))}|(?:a|one) hundred)"
)
"""A number, as a piece of a regular expression over spoken words."""
NUMBER: Final = re.compile(rf"\b{WORD}\b")


def int_of(spoken: str) -> int:
    """The value of what `NUMBER` found."""
    value = number_of(spoken)
    return 0 if value is None else value

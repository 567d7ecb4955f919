"""What was heard as written English: capitals, a full stop or a question mark."""

from __future__ import annotations

from typing import Final

from duologue.agents.voices.slots import CAPITALS, split

_ASKS: Final = frozenset(
    split(
        "are can could did do does how how's is may shall what what's when where where's "
        "which who who's why will would"
    )
)


def written(heard: str) -> str:
    """The words as a sentence; nothing stays nothing."""
    parts = [word.capitalize() if word in CAPITALS else word for word in heard.split()]
    if not parts:
        return ""
    parts[0] = parts[0][0].upper() + parts[0][1:]
    asked = parts[1] if parts[0] in ("Hello", "Hi", "Please", "Sorry") and parts[1:] else parts[0]
    text = " ".join(parts)
    if text.endswith("."):  # p.m.
        return text
    return text + ("?" if asked.lower() in _ASKS else ".")

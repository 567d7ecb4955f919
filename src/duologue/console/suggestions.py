"""A few sentences to begin with, out of the phrases that an agent understands offline."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import Final

MOST: Final = 5
"""More would be a list to read, and nobody reads before they speak."""
SHORTEST: Final = 4
"""Words of a suggestion: shorter ones are replies, and begin nothing."""
_GREETINGS: Final = frozenset({"hello", "hi", "hey", "good"})
_OPTIONAL = re.compile(r"\[[^\[\]]*\]")
_CHOICE = re.compile(r"\(([^()|]*)[^()]*\)")
_SPACE = re.compile(r"\s+([.?!,])|\s+")


def suggestions(phrases: Iterable[str]) -> list[str]:
    """The first sentences that share no longer word with each other, as they would be written."""
    return list(islice(_different(phrases), MOST))


def _different(phrases: Iterable[str]) -> Iterable[str]:
    heard: set[str] = set()
    for phrase in phrases:
        sentence = _plain(phrase)
        words = re.findall(r"[\w']+", sentence.lower())
        longer = {word for word in words if len(word) > 3}
        if len(words) < SHORTEST or words[0] in _GREETINGS or not longer or longer & heard:
            continue
        heard |= longer
        yield sentence


def _plain(phrase: str) -> str:
    """A phrase of the grammar as one sentence: options left out, the first of every choice."""
    if "{" in phrase:  # a slot would need somebody's name or day
        return ""
    text = phrase
    for pattern, kept in ((_OPTIONAL, ""), (_CHOICE, r"\1")):
        while pattern.search(text):
            text = pattern.sub(kept, text)
    text = _SPACE.sub(lambda found: found[1] or " ", text).strip()
    return text[:1].upper() + text[1:]

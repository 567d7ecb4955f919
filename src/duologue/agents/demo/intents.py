"""What a caller means: rules over the words, then the nearest phrase for what was half heard."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Final

from duologue.agents.demo.numbers import NUMBER, int_of
from duologue.agents.demo.phrases import PHRASES
from duologue.agents.voices.grammar import words

# In this order: the first that fits is meant.
_RULES: Final = tuple(
    (intent, re.compile(rule))
    for intent, rule in (
        ("first", r"\b(did|do) i say\b|first thing i said|\bi said first\b"),
        ("repeat", r"\b(repeat|say)\b.*\bafter me\b"),
        ("hearing", r"\bhear me\b|\bare you there\b"),
        ("count", r"\bcount\b"),
        ("joke", r"\bjokes?\b|something funny"),
        ("cancel", r"\bcancel\b|\bnever mind\b|\bforget (it|that)\b"),
        ("hours", r"\b(opening|hours)\b|\bare you open\b|\b(when|what time).*\b(open|close)\b"),
        ("book", r"\b(book|reserve)\b|\ba table\b|\breservation\b"),
        ("time", r"\bwhat time\b|\b(what's|what is|tell me) the time\b"),
        ("date", r"\bwhat day\b|\b(date|today's)\b"),
        ("help", r"\bhelp\b|\bwhat can (you|i)\b|\bwho are you\b"),
        ("goodbye", r"\b(goodbye|good bye|bye|hang up)\b|^that's all\b"),
        ("thanks", r"^(great |okay )?(thank you|thanks)\b"),
        ("no", r"^no\b|\b(wrong|not right)\b"),
        ("yes", r"^(yes|yeah|yep|sure|okay|ok|correct)\b|\bthat('s| is) (right|correct)\b"),
        ("greeting", r"^(hello|hi|hey)( there)?$|^good (morning|afternoon|evening)$"),
    )
)
NEAR: Final = 0.72
"""How alike the words of an utterance and of a phrase must be to mean the same."""


def meaning(said: str) -> str:
    """The intent of an utterance; `unknown` when nothing comes near."""
    heard = words(said)
    text = " ".join(heard)
    if not text:
        return "unknown"
    for intent, rule in _RULES:
        if rule.search(text):
            return intent
    alike, intent = max(
        (SequenceMatcher(a=plain, b=heard, autojunk=False).ratio(), intent)
        for plain, intent in _PLAIN
    )
    return intent if alike >= NEAR else "unknown"


def counting(said: str) -> tuple[int, int]:
    """From where to where somebody asked to count; one to ten when it was not heard."""
    heard = " ".join(words(said))
    numbers = [int_of(found) for found in NUMBER.findall(heard)]
    if not numbers:
        return 1, 10
    if len(numbers) > 1 and re.search(r"\bfrom\b", heard):
        return numbers[0], numbers[1]
    return 1, numbers[-1]


def _plain(phrase: str) -> list[str]:
    """The words that a phrase cannot do without."""
    bare = re.sub(r"\[[^\[\]]*\]", " ", phrase)
    bare = re.sub(r"\(([^()|]*)[^()]*\)", r"\1", bare)
    return words(re.sub(r"\{\w+\}", " ", bare))


_PLAIN: Final = tuple(
    (plain, intent)
    for intent, phrases in PHRASES.items()
    if intent != "slot"
    for plain in map(_plain, phrases)
    if len(plain) > 1
)

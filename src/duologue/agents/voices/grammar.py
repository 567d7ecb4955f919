"""An agent's phrases as a grammar for the offline recognizer.

A phrase is a sentence as a caller says it, such as `Count from one to {number}.` In it
`{number}`, `{day}`, `{time}` and `{name}` stand for what may be said there, `[please]` may be left
out, and `(a table|something)` is one or the other. Case and punctuation mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from duologue.agents.voices.slots import RULES, SLOTS, number_words
from duologue.errors import DuologueError

_TOKEN: Final = re.compile(r"\{[^{}]*\}|[\[\]()|]|[^\s\[\](){}|]+|[{}]")
_CLOSES: Final = {"[": "]", "(": ")"}
_SAID: Final = re.compile(r"[a-z]+(?:'[a-z]+)*(?:\.[a-z]\.)?|\d+")


def grammar(phrases: Iterable[str]) -> str:
    """A JSGF grammar that accepts each of the phrases."""
    bodies = [body(phrase) for phrase in phrases]
    public = "\n  | ".join(bodies)
    rules = "\n".join(f"<{name}> = {rule};" for name, rule in RULES.items())
    return f"#JSGF V1.0;\ngrammar phrases;\npublic <phrase> =\n    {public};\n{rules}\n"


def body(phrase: str) -> str:
    """One phrase as an expansion of the grammar."""
    parts: list[str] = []
    open_brackets: list[str] = []
    for piece in _TOKEN.findall(phrase):
        if piece in _CLOSES:
            open_brackets.append(_CLOSES[piece])
            parts.append(piece)
        elif piece in ("]", ")"):
            if not open_brackets or open_brackets.pop() != piece:
                raise _wrong(phrase, f"{piece!r} closes nothing")
            parts.append(piece)
        elif piece == "|":
            parts.append(piece)
        elif piece.startswith("{"):
            slot = piece[1:-1].strip()
            if slot not in SLOTS:
                known = ", ".join(f"{{{name}}}" for name in SLOTS)
                raise _wrong(phrase, f"{piece} is no blank; there are {known}")
            parts.append(f"<{slot}>")
        else:
            parts += words(piece)
    if open_brackets:
        raise _wrong(phrase, f"{open_brackets[-1]!r} is missing")
    if not any(part[0].isalpha() or part[0] == "<" for part in parts):
        raise _wrong(phrase, "nothing is said in it")
    return " ".join(parts)


def pattern(phrases: Iterable[str]) -> re.Pattern[str]:
    """Matches what is a whole phrase; the recognizer also reports phrases that broke off."""
    return re.compile("|".join(f"(?:{_expression(body(phrase))})" for phrase in phrases))


def words(text: str) -> list[str]:
    """The words of a text as they are said: lower case, numbers spelled, no punctuation."""
    said: list[str] = []
    for word in _SAID.findall(text.lower().replace("’", "'")):
        if word.isdigit():
            number = int(word)
            digits = [number] if number < 100 else [int(digit) for digit in word]
            for one in digits:
                said += number_words(one).split()
        else:
            said.append(word)
    return said


def vocabulary(source: str) -> set[str]:
    """Every word that a grammar or an expansion of one can hear."""
    listed = re.sub(
        r"<[^>]*>|^#.*$|^grammar .*$|^public|[=;|()\[\]]", " ", source, flags=re.MULTILINE
    )
    return set(listed.split())


def _expression(expansion: str) -> str:
    """An expansion as a regular expression over words that each end in a space."""
    parts: list[str] = []
    for part in re.findall(r"<\w+>|[\[\]()|]|[^\s\[\]()|<>]+", expansion):
        if part[0] == "<":
            parts.append(f"(?:{_expression(RULES[part[1:-1]])})")
        elif part in "[(":
            parts.append("(?:")
        elif part in "])|":
            parts.append({"]": ")?", ")": ")", "|": "|"}[part])
        else:
            parts.append(re.escape(part) + " ")
    return "".join(parts)


def _wrong(phrase: str, reason: str) -> DuologueError:
    return DuologueError("phrase_invalid", phrase=phrase, reason=reason)

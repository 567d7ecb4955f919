"""The blanks of a phrase: what callers may say for `{number}`, `{day}`, `{time}`, `{name}`."""

from __future__ import annotations

from typing import Final


def split(words: str) -> tuple[str, ...]:
    """Words that stand in one string."""
    return tuple(words.split())


UNITS: Final = split(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
TENS: Final = split("twenty thirty forty fifty sixty seventy eighty ninety")
HOURS: Final = UNITS[1:13]
MINUTES: Final = ("fifteen", "thirty", "forty five", "oh five", "ten", "twenty")
DAYS: Final = split(
    "monday tuesday wednesday thursday friday saturday sunday today tonight tomorrow"
)
NAMES: Final = split(
    "adam alice andrew anna barbara brian carlos charlotte chris daniel david elena emily "
    "emma eric eva frank george grace hannah helen henry jack jacob james jane john julia "
    "karen kate kevin laura linda lisa lucas lucy maria mark martha martin mary matthew "
    "michael miller nancy nick nina oliver oscar patrick paul peter rachel rebecca richard "
    "robert sam sarah simon smith sophie steven susan thomas tom victor walter william"
)

RULES: Final[dict[str, str]] = {
    "number": f"<unit> | <tens> [<digit>] | {' | '.join(('a hundred', 'one hundred'))}",
    "day": f"[next | this] ({' | '.join(DAYS)})",
    "time": f"(<hour> [{' | '.join(MINUTES)} | o'clock] | half past <hour> | quarter past <hour> "
    "| quarter to <hour> | noon | midnight) [<half>]",
    "name": " | ".join(NAMES),
    # What the four are made of.
    "unit": " | ".join(UNITS),
    "tens": " | ".join(TENS),
    "digit": " | ".join(UNITS[1:10]),
    "hour": " | ".join(HOURS),
    "half": "a.m. | p.m. | in the morning | in the evening | in the afternoon",
}
"""The bodies of grammar rules; a phrase may use the first four."""

SLOTS: Final = ("number", "day", "time", "name")
CAPITALS: Final = frozenset({"i", "i'm", "i'd", "i'll", "i've", *DAYS[:7], *NAMES})
"""Words that written English begins with a capital."""


def number_words(number: int) -> str:
    """A number below one hundred as it is said."""
    if number < 20:
        return UNITS[number]
    tens, unit = divmod(number, 10)
    return TENS[tens - 2] + (f" {UNITS[unit]}" if unit else "")


def number_of(words: str) -> int | None:
    """The number that the words say, digits included; none when they say no number."""
    text = words.lower().strip()
    if text.isdigit():
        return int(text)
    if text in ("a hundred", "one hundred", "hundred"):
        return 100
    parts = text.replace("-", " ").split()
    if len(parts) == 1 and parts[0] in UNITS:
        return UNITS.index(parts[0])
    if parts and parts[0] in TENS:
        unit = UNITS.index(parts[1]) if len(parts) == 2 and parts[1] in UNITS[1:10] else 0
        return (TENS.index(parts[0]) + 2) * 10 + unit if len(parts) == 1 or unit else None
    return None

"""Booking a table: four slots, filled in any order, read from the talk itself.

Nothing is kept beside the messages, so that a conversation that was rebuilt from its record goes
on where it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from duologue.agents.demo.intents import meaning
from duologue.agents.demo.numbers import WORD, int_of
from duologue.agents.voices.grammar import words
from duologue.agents.voices.slots import CAPITALS, DAYS, HOURS

Slot = Literal["people", "day", "time", "name"]
Turn = tuple[Literal["user", "assistant"], str]

QUESTIONS: Final[dict[Slot, str]] = {
    "people": "For how many people?",
    "day": "For which day?",
    "time": "At what time?",
    "name": "And under what name?",
}
BOOKED: Final = "is booked"
DROPPED: Final = "No table then."
CHANGE: Final = "What should I change: the people, the day, the time or the name?"
"""Words in the agent's own answers by which a booking is known to be over or under repair."""

_HOUR: Final = "|".join(HOURS)
_HALF: Final = r"(?: (?:a\.m\.|p\.m\.|am|pm|in the (?:morning|afternoon|evening)))"
_MINUTES: Final = r"(?: (?:o'clock|oh five|fifteen|thirty|forty five|ten|twenty))"
_DAY: Final = re.compile(rf"\b(?:next )?(?:{'|'.join(DAYS)})\b")
_SURE_TIME: Final = re.compile(
    rf"\b(?:(?:half past|quarter past|quarter to) (?:{_HOUR})|noon|midnight"
    rf"|(?<=at )(?:{_HOUR}){_MINUTES}?|(?:{_HOUR}){_MINUTES}(?! people)"
    rf"|(?:{_HOUR})(?={_HALF})){_HALF}?"
)
_BARE_TIME: Final = re.compile(rf"\b(?:{_HOUR})\b")
_SURE_PEOPLE: Final = re.compile(
    rf"\b({WORD}) (?:people|persons|of us|guests)\b|\b(?:for|we are|we're) ({WORD})\b(?! o'clock)"
)
_BARE_NUMBER: Final = re.compile(rf"\b({WORD})\b")
_NAME: Final = re.compile(
    r"\b(?:my name is|the name is|i am|i'm|it's|it is|under|name)\s+([A-Za-z][\w'-]*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Booking:
    """What is known of the table that somebody wants."""

    people: int | None = None
    day: str | None = None
    time: str | None = None
    name: str | None = None

    @property
    def missing(self) -> Slot | None:
        """What to ask for next; none when all is known."""
        for slot in QUESTIONS:
            if getattr(self, slot) is None:
                return slot
        return None

    @property
    def summary(self) -> str:
        """The table in words."""
        people = "one person" if self.people == 1 else f"{self.people} people"
        return f"a table for {people}, {self.day} at {self.time}, under the name {self.name}"

    def heard(self, said: str, *, asked: Slot | None) -> Booking:
        """The booking after an utterance; what was asked for is understood from less."""
        text = " ".join(words(said))
        found = replace(self)
        if day := _DAY.search(text):
            found = replace(found, day=_capital(day[0]))
        if time := _SURE_TIME.search(text) or (asked == "time" and _BARE_TIME.search(text)):
            found = replace(found, time=time[0])
            text = text.replace(time[0], " ", 1)
        if people := _SURE_PEOPLE.search(text) or (asked == "people" and _BARE_NUMBER.search(text)):
            found = replace(found, people=int_of(next(filter(None, people.groups()))))
        if name := _name(said, bare=asked == "name"):
            found = replace(found, name=name)
        return found


def follow(talk: Iterable[Turn]) -> Booking | None:
    """The booking that the talk is in the middle of, if it is."""
    booking: Booking | None = None
    asked: Slot | None = None
    for role, text in talk:
        if role == "assistant":
            if BOOKED in text or DROPPED in text:
                booking = None
        elif booking is None:
            if meaning(text) == "book":
                booking = Booking().heard(text, asked=None)
        elif is_slot(text, booking, asked):
            booking = booking.heard(text, asked=asked)
        asked = booking.missing if booking else None
    return booking


def is_slot(said: str, booking: Booking, asked: Slot | None) -> bool:
    """Whether an utterance in the middle of a booking is about the booking."""
    meant = meaning(said)
    if meant in ("unknown", "book", "no", "yes", "greeting"):
        return booking.heard(said, asked=asked) != booking
    return False


def _name(said: str, *, bare: bool) -> str | None:
    found = _NAME.search(said)
    if found:
        name = found[1]
        return (
            None
            if words(name) and _BARE_NUMBER.fullmatch(words(name)[0])
            else _capital(name, named=True)
        )
    spoken = [word for word in words(said) if word not in ("please", "for", "um", "uh", "the")]
    if bare and 1 <= len(spoken) <= 2 and meaning(said) in ("unknown", "greeting"):
        return _capital(" ".join(spoken), named=True)
    return None


def _capital(text: str, *, named: bool = False) -> str:
    """Written English: `Friday` and `Anna`, but `next Friday` and `tomorrow`."""
    return " ".join(
        word.capitalize() if named or word in CAPITALS else word for word in text.split()
    )

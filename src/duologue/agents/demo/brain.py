"""The demo's mind: rules that answer from the talk so far, and call the agent's real tools."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from livekit.agents import llm

from duologue.agents.demo import booking
from duologue.agents.demo.intents import counting, meaning
from duologue.agents.voices.grammar import words
from duologue.agents.voices.scripted import Call, ScriptedLLM, text
from duologue.agents.voices.slots import DAYS, number_words

HELP: Final = (
    "Ask me for the time, the date, a joke, or our opening hours. I can count, repeat after you, "
    "remember what you said first, and book a table. Say goodbye to hang up."
)
UNKNOWN: Final = (
    "I'm sorry, that is beyond me. I am a demo without a language model, and I know about a dozen "
    "things; say help to hear them. With an OpenAI key set, I could talk about anything."
)
LISTENING: Final = "Say it, and I will repeat it."
JOKES: Final = (
    "Why did the scarecrow win a prize? Because he was outstanding in his field.",
    "I told my computer a joke. It said it had heard it before, byte for byte.",
    "What do you call a bear with no teeth? A gummy bear.",
)
SIMPLE: Final = {
    "hearing": "Yes, I can hear you loud and clear.",
    "greeting": "Hello! What can I do for you?",
    "help": HELP,
    "repeat": LISTENING,
    "thanks": "You are welcome. Is there anything else?",
    "yes": "Good. What would you like to do?",
    "no": "All right. Is there anything else?",
    "cancel": "There is nothing to cancel.",
    "unknown": UNKNOWN,
}


def _now() -> datetime:
    return datetime.now().astimezone()


class DemoBrain(ScriptedLLM):
    """Understands about a dozen things and remembers nothing but the talk."""

    def __init__(self, clock: Callable[[], datetime] = _now) -> None:
        super().__init__()
        self._clock = clock

    def answer(self, talk: llm.ChatContext, tools: frozenset[str]) -> Iterator[str | Call]:
        """What to say or which tool to call, now that the talk has come so far."""
        last = talk.items[-1] if talk.items else None
        turns: list[booking.Turn] = [
            (item.role, text(item))
            for item in talk.messages()
            if item.role in ("user", "assistant") and text(item)
        ]
        if isinstance(last, llm.FunctionCallOutput):
            yield last.output
            going_on = booking.follow(turns)
            if going_on is not None and booking.BOOKED not in last.output:
                yield f" {self._ask(going_on, again=True)}"
            return
        asked = [said for role, said in turns if role == "user"]
        if not asked:
            yield SIMPLE["greeting"]
            return
        if turns[:-1] and turns[-2] == ("assistant", LISTENING):
            yield asked[-1]
            return
        before = booking.follow(turns[:-1])
        if before is not None or meaning(asked[-1]) == "book":
            yield from self._book(before, turns)
        else:
            yield from self._reply(asked, turns)

    def _book(
        self, before: booking.Booking | None, turns: list[booking.Turn]
    ) -> Iterator[str | Call]:
        said, meant = turns[-1][1], meaning(turns[-1][1])
        wanted = booking.follow(turns)
        if wanted is None:  # cannot be: the utterance began a booking or one was going on
            return
        if meant in ("cancel", "goodbye"):
            yield f"{booking.DROPPED} "
            if meant == "goodbye":
                yield from self._reply([said], turns)
            else:
                yield "Is there anything else?"
        elif before == wanted and wanted.missing is None and meant == "yes":
            yield Call(
                "book_table",
                {
                    "people": wanted.people,
                    "day": wanted.day,
                    "time": wanted.time,
                    "name": wanted.name,
                },
            )
        elif before == wanted and wanted.missing is None and meant == "no":
            yield booking.CHANGE
        else:
            if before == wanted and meant == "hours":
                yield from self._reply([said], turns)
                return  # the question comes again behind the tool's answer
            if before == wanted and meant not in ("yes", "no", "unknown", "book"):
                yield from self._reply([said], turns)
            elif before == wanted and meant == "unknown":
                yield "I did not get that."
            question = self._ask(wanted, again=before == wanted)
            yield f" {question}" if before == wanted else question

    def _ask(self, wanted: booking.Booking, *, again: bool) -> str:
        missing = wanted.missing
        if missing is None:
            return f"So that is {wanted.summary}. Is that right?"
        known = wanted != booking.Booking()
        opening = "" if again else "Good. " if known else "With pleasure. "
        return opening + booking.QUESTIONS[missing]

    def _reply(self, asked: list[str], turns: list[booking.Turn]) -> Iterator[str | Call]:
        said = asked[-1]
        match meaning(said):
            case "time":
                yield f"It is {self._clock():%-I:%M %p}."
            case "date":
                yield f"Today is {self._clock():%A, %B %-d}."
            case "joke":
                told = sum(joke in heard for role, heard in turns for joke in JOKES)
                yield JOKES[told % len(JOKES)]
            case "count":
                yield count(*counting(said))
            case "hours":
                day = next((word for word in words(said) if word in DAYS), "")
                yield Call("opening_hours", {"day": day})
            case "repeat" if wanted := re.search(r"after me[\s:,.]+(\w.*)", said, re.IGNORECASE):
                yield wanted[1]
            case "first":
                users = [heard for role, heard in turns if role == "user"]
                yield f"The first thing you said was: {users[0]}"
            case "goodbye":
                yield "Goodbye! It was nice talking to you."
                yield Call("hang_up", {})
            case other:
                yield SIMPLE.get(other, UNKNOWN)


def count(first: int, last: int) -> str:
    """The numbers aloud, five to a breath; more than a hundred would be too much."""
    last = min(last, 100)
    step = 1 if last >= first else -1
    numbers = [
        number_words(n) if n < 100 else "one hundred" for n in range(first, last + step, step)
    ]
    breaths = [", ".join(numbers[start : start + 5]) for start in range(0, len(numbers), 5)]
    return " ".join(breath[0].upper() + breath[1:] + "." for breath in breaths)

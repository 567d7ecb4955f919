"""Three agents of a small hotel, for pictures of the console: quick, and never surprising."""

from __future__ import annotations

from livekit.agents import Agent

import duologue
from duologue.testing.models import ScriptedAnswers, ToneTTS

FACE = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 48 48'%3E"
    "%3Crect width='48' height='48' fill='%23dfe9e6'/%3E%3Cpath d='M8 48c2-12 9-17 16-17s14 5 16 17"
    "z' fill='%233d8388'/%3E%3Ccircle cx='24' cy='19' r='10' fill='%23e8b48f'/%3E%3Cpath d='M13 20"
    "c0-9 5-13 11-13s11 4 11 13c-3-1-5-4-6-7-4 4-11 6-16 7z' fill='%23553a28'/%3E%3C/svg%3E"
)
ANSWERS = [
    "Of course. For how many people, and for which evening?",
    "A table for two on Friday at eight. It is yours.",
    "Breakfast is from seven to ten, on Sundays until eleven.",
] * 20


@duologue.agent(
    "front-desk",
    name="Ada",
    avatar=FACE,
    greeting="Good evening, this is the Harbour Hotel. What can I do for you?",
    phrases=("I would like to book a table.", "When is breakfast?"),
    widget={"accent": "#1a7f5a", "feedback": True},
    trace_megabytes=500,
    tts=ToneTTS,
    llm=lambda: ScriptedAnswers(ANSWERS),
)
def front_desk() -> Agent:
    """Books rooms and tables."""
    return Agent(instructions="You are the front desk of a small hotel. Be brief and kind.")


@duologue.agent("concierge", greeting="What would you like to see?", navigation=True)
def concierge() -> Agent:
    """Knows the town."""
    return Agent(instructions="You know the town.")


@duologue.agent("kitchen", greeting="Kitchen.", turns={"trigger": "push_to_talk"}, trace_days=30)
def kitchen() -> Agent:
    """Takes orders of the staff."""
    return Agent(instructions="You take orders.")

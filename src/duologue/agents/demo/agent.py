"""The demo agent: a livekit Agent with real tools, and the two ways of taking turns with it."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import Final

from livekit.agents import Agent, function_tool

from duologue.agents.current import current
from duologue.agents.definition import AgentDefinition, LoadedAgent, TurnTaking
from duologue.agents.demo.booking import BOOKED
from duologue.agents.demo.brain import DemoBrain
from duologue.agents.demo.phrases import EVERY
from duologue.agents.registry import Catalog
from duologue.errors import DuologueError

BUILT_IN: Final = "built-in"
WEEK: Final = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
INSTRUCTIONS: Final = """\
You are the voice of the Corner Table, a small made-up restaurant, and of duologue, the software
that carries this conversation. Be warm and brief: you are heard, not read, so no lists and no
markup. Use your tools for opening hours, for booking a table (people, day, time and name; repeat
them and ask whether they are right before you book) and for hanging up after a goodbye.
"""


class DemoAgent(Agent):
    """The host of a made-up restaurant, who also tells jokes and counts."""

    def __init__(self) -> None:
        super().__init__(instructions=INSTRUCTIONS)

    async def on_enter(self) -> None:
        """Echoes the client's data."""
        with contextlib.suppress(DuologueError):  # in a bare AgentSession there is no client
            here = current()
            here.on_data(lambda data: here.send({"echo": data}))

    @function_tool
    async def opening_hours(self, day: str = "") -> str:
        """Says when the restaurant is open.

        Args:
            day: A day of the week, today, tomorrow, or nothing for the whole week.
        """
        asked = day.lower().removeprefix("next ")
        now = datetime.now().astimezone().weekday()
        named = {"today": now, "tonight": now, "tomorrow": (now + 1) % 7} | {
            name: index for index, name in enumerate(WEEK)
        }
        if asked not in named:
            return "We are open from noon to ten in the evening, every day but Monday."
        if named[asked] == 0:
            return f"{day.capitalize()} we are closed."
        return f"{day.capitalize()} we are open from noon to ten in the evening."

    @function_tool
    async def book_table(self, people: int, day: str, time: str, name: str) -> str:
        """Books a table, once the caller has said that everything is right.

        Args:
            people: How many will come.
            day: The day, as the caller said it.
            time: The time, as the caller said it.
            name: The name to book under.
        """
        guests = "one person" if people == 1 else f"{people} people"
        return f"Your table for {guests} {BOOKED}: {day} at {time}, under {name}. See you then!"

    @function_tool
    async def hang_up(self) -> None:
        """Ends the call, after goodbye was said."""
        with contextlib.suppress(DuologueError):
            current().end()


def catalog() -> Catalog:
    """The demo agents: one that listens all the time and one that waits for a button."""
    built_in = Catalog()
    for slug, name, trigger, hint in (
        ("demo", "Demo", "automatic", "Say help to hear what I can do."),
        ("demo-ptt", "Demo, push to talk", "push_to_talk", "Hold the button while you speak."),
    ):
        definition = AgentDefinition(
            slug=slug,
            name=name,
            greeting=f"Hello! This is the Corner Table. {hint}",
            instructions=INSTRUCTIONS,
            phrases=EVERY,
            turns=TurnTaking(trigger="push_to_talk" if trigger == "push_to_talk" else "automatic"),
        )
        built_in.add(LoadedAgent(definition, DemoAgent, BUILT_IN, {"offline_llm": DemoBrain}))
    return built_in

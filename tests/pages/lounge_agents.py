"""An agent that does what a page tells it by data: ends, looks, leads it elsewhere, echoes."""

from __future__ import annotations

from typing import Any

from livekit.agents import Agent

import duologue
from duologue.agents.current import Current
from duologue.testing.models import ScriptedAnswers, ToneTTS


@duologue.agent(
    "usher", greeting="Welcome.", vision=True, tts=ToneTTS, llm=lambda: ScriptedAnswers()
)
def usher() -> Agent:
    """Says again what it reads, and obeys what it is sent."""
    here = duologue.current()
    here.on_data(lambda data: obey(here, data))
    return Agent(instructions="Answer.")


def obey(here: Current, data: Any) -> None:
    """Does what the page wants."""
    match data:
        case {"do": "end"}:
            here.end("the show is over")
        case {"do": "look"}:
            frame = here.frame()
            here.send({"sees": None if frame is None else [frame.width, frame.height]})
        case {"do": "lead"}:
            here.navigate("/elsewhere")
        case _:
            here.send({"echo": data})

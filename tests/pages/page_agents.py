"""An agent that tells a page where it believes the page to be."""

from __future__ import annotations

from typing import Any

import msgspec
from livekit.agents import Agent

import duologue
from duologue.testing.models import ScriptedAnswers, ToneTTS


@duologue.agent(
    "usher", greeting="Welcome.", tts=ToneTTS, llm=lambda: ScriptedAnswers(["Yes."] * 9)
)
def usher() -> Agent:
    """Says where its visitor is whenever it is asked by data."""
    here = duologue.current()

    def where(_: Any) -> None:
        here.send({"page": None if here.page is None else msgspec.to_builtins(here.page)})

    here.on_data(where)
    return Agent(instructions="Answer.")

"""Agents for React's pages: one that says things again, and one that leads the page elsewhere."""

from __future__ import annotations

from typing import Any

from livekit.agents import Agent

import duologue
from duologue.agents.demo.brain import DemoBrain
from duologue.testing.models import ScriptedAnswers, ToneTTS


@duologue.agent("parrot", greeting="Hello from the corner.", tts=ToneTTS, llm=DemoBrain)
def parrot() -> Agent:
    """Answers as the demo does, by a voice that is made at once."""
    return Agent(instructions="Answer.")


@duologue.agent("other", greeting="Another one.", tts=ToneTTS, llm=lambda: ScriptedAnswers())
def other() -> Agent:
    """Is somebody else."""
    return Agent(instructions="Answer.")


@duologue.agent("guide", greeting="Where to?", tts=ToneTTS, llm=lambda: ScriptedAnswers())
def guide() -> Agent:
    """Leads to the page that it is told."""
    here = duologue.current()

    def go(message: Any) -> None:
        here.navigate(message["go"])

    here.on_data(go)
    return Agent(instructions="Lead.")

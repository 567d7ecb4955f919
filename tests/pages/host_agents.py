"""An agent for a picture: it thinks for as long as one looks at it."""

from __future__ import annotations

from livekit.agents import Agent

import duologue
from duologue.testing.models import ScriptedAnswers, ToneTTS


@duologue.agent(
    "demo",
    greeting="Hello, this is the Corner Table. What can I do for you?",
    tts=ToneTTS,
    llm=lambda: ScriptedAnswers(["Let me see."], delay=600.0),
)
def host() -> Agent:
    """Thinks for ten minutes."""
    return Agent(instructions="Think.")

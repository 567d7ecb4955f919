"""Agents for the page's tests: quick to answer, long to speak or think, and rulers."""

from __future__ import annotations

from livekit.agents import Agent

import duologue
from duologue.agents.demo.brain import DemoBrain
from duologue.testing.models import RulerTTS, ScriptedAnswers, ToneTTS

LONG = (
    "A sentence of two hundred characters or so, which takes twelve seconds to be said and has one "
    "dot, so that on a busy machine a page is loaded anew, or opened a second time, before it is "
    "over."
)
TALE = "Once upon a time there was a tale that nobody could end, for whoever told it, " * 8


@duologue.agent("parrot", greeting="Hi.", tts=ToneTTS, llm=DemoBrain)
def parrot() -> Agent:
    """Answers as the demo does, by a voice that is made at once."""
    return Agent(instructions="Answer.")


@duologue.agent("tale", greeting="Ask me for a tale.", tts=ToneTTS, llm=lambda: _tales())
def tale() -> Agent:
    """Tells a tale of forty seconds, whatever it is asked."""
    return Agent(instructions="Tell.")


@duologue.agent(
    "thinker", greeting="Well?", tts=ToneTTS, llm=lambda: ScriptedAnswers(["Yes."], delay=30.0)
)
def thinker() -> Agent:
    """Thinks for half a minute."""
    return Agent(instructions="Think.")


@duologue.agent("brief", greeting="Hi.", tts=ToneTTS, llm=DemoBrain, session_minutes=0.15)
def brief() -> Agent:
    """Has nine seconds for everybody."""
    return Agent(instructions="Answer.")


def _tales() -> ScriptedAnswers:
    return ScriptedAnswers([TALE + "slept."] * 20)


for tabs in ("takeover", "reject", "share"):

    @duologue.agent(
        f"ruler-{tabs}",
        greeting=LONG,
        tabs=tabs,
        tts=RulerTTS,
        llm=lambda: ScriptedAnswers([LONG] * 20),
    )
    def ruler() -> Agent:
        """Speaks so that every sample tells its place."""
        return Agent(instructions="Be long.")

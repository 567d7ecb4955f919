"""Agents for the page in a room: some understand, some tell long tales, one waits for a button."""

from __future__ import annotations

from livekit.agents import Agent

import duologue
from duologue.testing.models import ScriptedAnswers, ToneTTS

TALE = "Once upon a time there was a tale that nobody could end, for whoever told it, " * 8


@duologue.agent(
    "parrot",
    greeting="Hello, here I am.",
    phrases=("hello can you hear me", "tell me a tale please"),
    tts=ToneTTS,
    llm=lambda: ScriptedAnswers(),
)
def parrot() -> Agent:
    """Understands what is said, by the offline ears, and says it again."""
    return Agent(instructions="Answer.")


@duologue.agent(
    "tale",
    greeting="Ask me.",
    phrases=("hello can you hear me",),
    tts=ToneTTS,
    llm=lambda: ScriptedAnswers([TALE + "slept."]),
)
def tale() -> Agent:
    """Tells one tale of forty seconds; whoever says more than that hears it again."""
    return Agent(instructions="Tell.")


@duologue.agent(
    "walkie",
    greeting="Over to you.",
    phrases=("hello can you hear me",),
    turns={"trigger": "push_to_talk"},
    tts=ToneTTS,
    llm=lambda: ScriptedAnswers([TALE]),
)
def walkie() -> Agent:
    """Answers when the button is let go: first with a tale, then with what was said."""
    return Agent(instructions="Answer.")


@duologue.agent(
    "secret",
    greeting="Nobody else hears this.",
    phrases=("hello can you hear me",),
    encryption="optional",
    encryption_key=lambda: "a key that both sides have",
    tts=ToneTTS,
    llm=lambda: ScriptedAnswers(),
)
def secret() -> Agent:
    """Understands in secret, where it is asked to."""
    return Agent(instructions="Answer.")

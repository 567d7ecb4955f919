"""What an agent without a language model answers: the truth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from livekit.agents import llm

from duologue.agents.voices.scripted import Call, ScriptedLLM, text

WORDS: Final = (
    "I have no language model yet. Set OPENAI_API_KEY, or OPENAI_BASE_URL of a local server, "
    "and I will answer."
)


class KeylessLLM(ScriptedLLM):
    """Repeats what was heard, so that voices can be tried, and says what is missing."""

    def answer(self, talk: llm.ChatContext, tools: frozenset[str]) -> Iterator[str | Call]:
        """The same honest words each time."""
        heard = [
            text(item) for item in talk.items if item.type == "message" and item.role == "user"
        ]
        if heard and heard[-1]:
            yield f"I heard: {heard[-1]} "
        yield WORDS

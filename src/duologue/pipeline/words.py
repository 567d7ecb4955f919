"""The agent's words, on their way beside its sound."""

from __future__ import annotations

from collections.abc import Callable

from livekit.agents.voice import io


class Words(io.TextOutput):
    """A text sink that hands the agent's words on, utterance by utterance."""

    def __init__(self, told: Callable[[str], None], ended: Callable[[], None]) -> None:
        super().__init__(label="duologue", next_in_chain=None)
        self._told = told
        self._ended = ended

    async def capture_text(self, text: str) -> None:
        """Takes the next words of an utterance."""
        self._told(text)

    def flush(self) -> None:
        """Marks the words of the utterance as complete."""
        self._ended()

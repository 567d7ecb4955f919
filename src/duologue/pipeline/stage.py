"""Where the doings of the agent's mouth go."""

from __future__ import annotations

from typing import Protocol


class Stage(Protocol):
    """What the mouth tells, in order."""

    def audio(self, pcm: bytes) -> None:
        """The next sound for the listener."""

    def all_sent(self) -> None:
        """The utterance was sent to its end."""

    def silenced(self) -> None:
        """The listener must be quiet now; what it did not hear may follow later."""

    def finished(self, *, text: str, interrupted: bool, seconds: float) -> None:
        """The utterance is over, and this much of its text was heard."""

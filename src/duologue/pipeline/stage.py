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


class Tape(Protocol):
    """What keeps the sound of utterances; positions are samples since an utterance began."""

    def sent(self, at: int, pcm: bytes, ahead: int, now: float) -> None:
        """Sound leaves, from that position on; it is heard `ahead` samples later."""

    def heard(self, at: int, now: float) -> None:
        """The listener is there now, by its own word."""

    def held(self, at: int) -> None:
        """From that position on nothing is heard; it may be sent again, or was heard after all."""

    def over(self, at: int) -> None:
        """The utterance is over; it was heard to that position."""


class NoTape:
    """A tape that keeps nothing."""

    def sent(self, at: int, pcm: bytes, ahead: int, now: float) -> None:
        """Is not kept."""

    def heard(self, at: int, now: float) -> None:
        """Is not kept."""

    def held(self, at: int) -> None:
        """Is not kept."""

    def over(self, at: int) -> None:
        """Is not kept."""

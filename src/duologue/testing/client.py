"""What stands between a caller and the socket: the software of a page, its clock passed in."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal

from websockets.asyncio.client import ClientConnection

from duologue.testing.heard import Heard
from duologue.testing.line import Ticket
from duologue.testing.loudspeaker import Loudspeaker
from duologue.testing.microphone import Microphone
from duologue.testing.player import Played, Player

Kind = Literal["stock", "own"]
Step = Heard | Played | str | bytes
"""What came of something: an event, sound that passed the ear, or a frame to send."""


class Client(ABC):
    """Neither waits nor reads a clock: every method tells what comes of it, in order.

    `now` is a sample of the playback clock, 16,000 a second.
    """

    tick: ClassVar[float]
    """Seconds after which `advance` is wanted at the latest."""
    player: Player | Loudspeaker
    microphone: Microphone

    # ---------------------------------------------------------------- the line

    @abstractmethod
    def asks(self, conversation_id: str | None) -> dict[str, Any]:
        """The fields of an authorize request that name a conversation, and what is wanted."""

    @abstractmethod
    async def open(self, url: str, ticket: Ticket) -> ClientConnection:
        """Opens the socket of a session."""

    @abstractmethod
    def connected(self, ticket: Ticket, now: int) -> list[Step]:
        """The socket is open."""

    @abstractmethod
    def lost(self, now: int) -> list[Step]:
        """The socket is gone; what was not played yet never will be."""

    def leaves(self, now: int) -> list[Step]:
        """The user goes on purpose."""
        return []

    def unloads(self, now: int) -> list[Step]:
        """The page goes away."""
        return self.lost(now)

    @abstractmethod
    def reloaded(self) -> Client:
        """The client of the page that is loaded next."""

    # ---------------------------------------------------------------- sound and words

    @abstractmethod
    def take(self, frame: str | bytes, now: int) -> list[Step]:
        """Obeys a frame of the server."""

    @abstractmethod
    def advance(self, now: int) -> list[Step]:
        """Plays and records until now."""

    @abstractmethod
    def silence(self, now: int) -> list[Step]:
        """The own loudspeaker falls silent for good."""

    @abstractmethod
    def interrupts(self, now: int) -> list[Step]:
        """The user wants the agent to be silent, without a word."""

    def types(self, text: str, now: int) -> list[Step]:
        """The user typed something."""
        return [*self.silence(now), message("client.response.text", content=text)]

    def presses(self, now: int) -> list[Step]:
        """The push-to-talk button goes down."""
        self.microphone.open = True
        return [message("trigger.turn.start", role="user"), *self.silence(now)]

    def releases(self, now: int) -> list[Step]:
        """The push-to-talk button is let go."""
        self.microphone.open = False
        return [message("trigger.turn.end", role="user")]


def message(kind: str, **fields: Any) -> str:
    """A text frame."""
    return json.dumps({"type": kind, **fields}, separators=(",", ":"))

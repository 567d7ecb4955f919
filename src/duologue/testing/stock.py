"""The stock SDK as a caller's client: 112 ms of 8 kHz in base64, and a loudspeaker with quirks."""

from __future__ import annotations

import base64
import json
from typing import Any, Final

from websockets.asyncio.client import ClientConnection

from duologue.testing.client import Client, Step, message
from duologue.testing.heard import Heard
from duologue.testing.line import Ticket, open_socket
from duologue.testing.microphone import Microphone
from duologue.testing.player import Played, Player, Stopped

RATE: Final = 8000
FRAME: Final = 896
"""Samples in one message."""


class StockClient(Client):
    """Behaves as @layercode/js-sdk; with `lies` its `replay_finished` too, else that is truthful.

    The SDK says "completed" and names no turn, also when playback was cut.
    """

    tick = 0.032

    def __init__(self, *, lies: bool) -> None:
        self.lies = lies
        self.player: Player = Player()
        self.microphone = Microphone(RATE, FRAME)

    def asks(self, conversation_id: str | None) -> dict[str, Any]:
        """Names the conversation, if there is one."""
        return {} if conversation_id is None else {"conversation_id": conversation_id}

    async def open(self, url: str, ticket: Ticket) -> ClientConnection:
        """Opens the socket with the key in its address."""
        return await open_socket(url, ticket.session_key)

    def connected(self, ticket: Ticket, now: int) -> list[Step]:
        """Starts the microphone and says that it hears."""
        self.player = Player()
        self.microphone.restart(now, listening=not ticket.push_to_talk)
        return [message("client.ready")]

    def lost(self, now: int) -> list[Step]:
        """Falls silent without a word."""
        happened = self._tell(self.player.advance(now), now)
        self.player = Player()
        self.microphone.restart(now, listening=False)
        return happened

    def reloaded(self) -> Client:
        """The SDK of a new page, which is given the conversation's id by its application."""
        return StockClient(lies=self.lies)

    def take(self, frame: str | bytes, now: int) -> list[Step]:
        """Plays sound; a turn of the user silences it."""
        given = json.loads(frame)
        kind, turn_id = str(given["type"]), str(given.get("turn_id", ""))
        match kind:
            case "turn.start" | "turn.end":
                heard = Heard(now, kind, turn_id, given["role"])
                stops = kind == "turn.start" and given["role"] == "user"
                return [heard, *self.silence(now)] if stops else [heard]
            case "response.audio":
                pcm = base64.b64decode(given["content"], validate=True)
                happened = self.player.add(turn_id, pcm, now)
                return [Heard(now, kind, turn_id, pcm), *self._tell(happened, now)]
            case _:
                return [Heard(now, kind, turn_id, given.get("content"))]

    def advance(self, now: int) -> list[Step]:
        """Plays and records until now."""
        steps = self._tell(self.player.advance(now), now)
        for piece in self.microphone.take(now):
            if piece.begins is not None:
                steps.append(Heard(piece.begins, "voice.began"))
            content = base64.b64encode(piece.pcm).decode("ascii")
            steps.append(message("client.audio", content=content))
        return steps

    def silence(self, now: int) -> list[Step]:
        """Drops what was not played."""
        return self._tell(self.player.interrupt(now), now)

    def interrupts(self, now: int) -> list[Step]:
        """Is not to be had: the SDK has no such call."""
        raise RuntimeError("the stock SDK cannot interrupt; use client='own'")

    def _tell(self, happened: list[Played | Stopped], now: int) -> list[Step]:
        steps: list[Step] = []
        for event in happened:
            if isinstance(event, Played):
                steps.append(event)
                continue
            steps.append(Heard(now, "sound.stopped", event.turn_id, event.interrupted))
            told: dict[str, Any] = {"reason": "completed"}
            if not self.lies:
                reason = "interrupted" if event.interrupted else "completed"
                told = {"reason": reason, "turn_id": event.turn_id}
            steps.append(message("trigger.response.audio.replay_finished", **told))
        return steps

"""Our own browser client as a caller's client: binary sound, truthful positions, a local pause."""

from __future__ import annotations

import json
from typing import Any, Final
from uuid import uuid4

from websockets.asyncio.client import ClientConnection

from duologue.testing.client import Client, Step, message
from duologue.testing.features import HOP
from duologue.testing.heard import ASSISTANT, USER, Heard
from duologue.testing.line import Ticket, open_socket
from duologue.testing.loudspeaker import Loudspeaker, Over
from duologue.testing.microphone import Microphone
from duologue.testing.pausing import LocalPause
from duologue.testing.player import RATE, Played

CAPABILITIES: Final = ["binary", "mic16", "played", "resume", "agent_state", "tools"]
FRAME: Final = 640
"""Samples in one binary frame: 40 ms."""
TELL: Final = RATE // 10
"""Samples of the clock between two words about how much was played."""


class OwnClient(Client):
    """Behaves as @duologue/client, sound for sound and frame for frame."""

    tick = HOP / RATE

    def __init__(self) -> None:
        self.player: Loudspeaker = Loudspeaker()
        self.microphone = Microphone(RATE, HOP)
        self.resume_token: str | None = None
        """The newest; it outlives the page."""
        self._pause = LocalPause()
        self._may_interrupt = True
        self._spoken = b""
        self._told_at = 0
        self._broken: tuple[str, int] | None = None
        self.unconfirmed: dict[str, str] = {}
        """What was typed and the server has not confirmed, by the id that each keeps."""
        self._confirmed: set[str] = set()  # turns of the user that the server told of
        self._flows = False  # whether what is typed goes out at once

    # ---------------------------------------------------------------- the line

    def asks(self, conversation_id: str | None) -> dict[str, Any]:
        """Asks for every extension, and for the conversation by the newest token."""
        fields: dict[str, Any] = {"capabilities": CAPABILITIES}
        if conversation_id is not None:
            fields["conversation_id"] = conversation_id
        if self.resume_token is not None:
            fields["resume_token"] = self.resume_token
        return fields

    async def open(self, url: str, ticket: Ticket) -> ClientConnection:
        """Opens the socket with the key as a subprotocol, so that no log has it."""
        granted = ticket.answer["config"].get("capabilities", [])
        if missing := [name for name in CAPABILITIES if name not in granted]:
            raise RuntimeError(f"the server grants {granted}; the own client needs {missing} too")
        self.resume_token = ticket.answer["resume_token"]
        return await open_socket(url, ticket.session_key, subprotocol=True)

    def connected(self, ticket: Ticket, now: int) -> list[Step]:
        """Says what was heard before the line broke, and only then that it hears."""
        self._quiet(now)
        self._may_interrupt = ticket.answer["config"]["transcription"]["can_interrupt"]
        self.microphone.restart(now + HOP, listening=not ticket.push_to_talk)
        told = [] if self._broken is None else [_played(*self._broken)]
        self._broken = None
        # Who comes back is told first what the server has of what was typed.
        typed = self._type_again() if ticket.answer.get("resumed") is None else []
        return [*told, message("client.ready"), *typed]

    def lost(self, now: int) -> list[Step]:
        """Falls silent, and keeps in mind how far the turn was heard."""
        steps = self._tell(self.player.advance(now), now)
        self._broken = self.player.current or self._broken
        self._quiet(now)
        return steps

    def leaves(self, now: int) -> list[Step]:
        """Says so; what was heard is of no more use."""
        steps = [*self.silence(now), message("client.end")]
        self._broken = None
        return steps

    def unloads(self, now: int) -> list[Step]:
        """Says how much was heard, and falls silent."""
        steps = self._tell(self.player.advance(now), now)
        steps += self._position(now)
        self._quiet(now)
        return steps

    def reloaded(self) -> Client:
        """A page that knows nothing of the one before but its resume token."""
        page = OwnClient()
        page.resume_token = self.resume_token
        return page

    # ---------------------------------------------------------------- sound and words

    def take(self, frame: str | bytes, now: int) -> list[Step]:
        """Plays sound; a turn of the user drops it, whether it was paused or not."""
        steps = self._take(frame, now)
        # History comes first of all; where something else does, there is none.
        return steps if self._flows else [*steps, *self._type_again()]

    def _take(self, frame: str | bytes, now: int) -> list[Step]:
        if isinstance(frame, bytes):
            heard = Heard(now, "response.audio", self.player.owner, frame)
            return [heard, *self._tell(self.player.add(frame, now), now)]
        given = json.loads(frame)
        kind, turn_id = str(given["type"]), str(given.get("turn_id", ""))
        match kind:
            case "turn.start" if given["role"] == USER:
                return [Heard(now, kind, turn_id, USER), *self.silence(now)]
            case "turn.start":
                self.player.begin(turn_id)
                return [Heard(now, kind, turn_id, ASSISTANT)]
            case "response.end":
                over = self.player.sent(turn_id, now)
                return [Heard(now, kind, turn_id), *self._tell(over, now)]
            case "turn.end":
                over = self.player.ended(turn_id, now)
                return [Heard(now, kind, turn_id, given["role"]), *self._tell(over, now)]
            case "user.transcript":
                self._confirm(turn_id, given["content"])
                return [Heard(now, kind, turn_id, given["content"])]
            case "conversation.history":
                for said in given["messages"]:
                    if said["role"] == USER:
                        self._confirm(said["turn_id"], said["content"])
                return [Heard(now, kind, content=given["messages"])]
            case "agent.state":
                return [Heard(now, kind, content=given["state"])]
            case "agent.tool":
                return [Heard(now, kind, content=given)]
            case _:
                return [Heard(now, kind, turn_id, given.get("content"))]

    def advance(self, now: int) -> list[Step]:
        """Plays and records until now, pauses for a voice, and tells how much was played."""
        steps = self._tell(self.player.advance(now), now)
        for piece in self.microphone.take(now):
            if piece.begins is not None:
                steps.append(Heard(piece.begins, "voice.began"))
            steps += self._hear(piece.pcm, now)
            self._spoken += piece.pcm
            if len(self._spoken) >= FRAME * 2:
                steps.append(self._spoken[: FRAME * 2])
                self._spoken = self._spoken[FRAME * 2 :]
        if now - self._told_at >= TELL:
            steps += self._position(now)
        return steps

    def silence(self, now: int) -> list[Step]:
        """Drops what was not played, and says how much was."""
        return self._tell(self.player.interrupt(now), now)

    def interrupts(self, now: int) -> list[Step]:
        """Falls silent at once, without waiting for the server to agree."""
        return [*self.silence(now), message("client.interrupt")]

    def types(self, text: str, now: int) -> list[Step]:
        """Sends the text, or keeps it until it can; the agent is silent where it lets itself be."""
        name = f"typed-{uuid4().hex}"
        self.unconfirmed[name] = text
        sent = [_typed(name, text)] if self._flows else []
        return [*sent, *self._take_the_floor(now)]

    def presses(self, now: int) -> list[Step]:
        """Says how much was heard before the button that ends it."""
        self.microphone.open = True
        return [*self._take_the_floor(now), message("trigger.turn.start", role="user")]

    def releases(self, now: int) -> list[Step]:
        """Sends the frame that was not full yet, so that no word's end is lost."""
        self.microphone.open = False
        rest: list[Step] = [self._spoken] if self._spoken else []
        self._spoken = b""
        return [*rest, message("trigger.turn.end", role="user")]

    # ---------------------------------------------------------------- inside

    def _confirm(self, turn: str, text: str) -> None:
        """A new turn of the user is the oldest typed message that says the same."""
        if turn not in self._confirmed:
            self._confirmed.add(turn)
            same = [name for name, typed in self.unconfirmed.items() if typed.strip() == text]
            for name in same[:1]:
                del self.unconfirmed[name]

    def _type_again(self) -> list[Step]:
        """Sends what nobody confirmed: the line may have broken under it; its id stays."""
        self._flows = True
        return [_typed(name, text) for name, text in self.unconfirmed.items()]

    def _take_the_floor(self, now: int) -> list[Step]:
        return self.silence(now) if self._may_interrupt else []

    def _hear(self, pcm: bytes, now: int) -> list[Step]:
        verdict = self._pause.hop(pcm, now, sounding=self.player.sounding)
        if verdict is None:
            return []
        happened = self.player.pause(now) if verdict == "paused" else self.player.resume(now)
        steps = self._tell(happened, now)
        if self.player.current is not None:
            steps.append(Heard(now, f"sound.{verdict}", *self.player.current))
        return [*steps, *self._position(now)]

    def _position(self, now: int) -> list[Step]:
        self._told_at = now
        return [] if self.player.current is None else [_played(*self.player.current)]

    def _tell(self, happened: list[Played | Over], now: int) -> list[Step]:
        steps: list[Step] = []
        for event in happened:
            if isinstance(event, Played):
                steps.append(event)
                continue
            self._pause.over()
            self._told_at = now
            reason = "interrupted" if event.interrupted else "completed"
            steps += [
                Heard(event.at, "sound.stopped", event.turn_id, event.interrupted),
                _played(event.turn_id, event.played),
                message(
                    "trigger.response.audio.replay_finished",
                    reason=reason, turn_id=event.turn_id, played_ms=_ms(event.played),
                ),
            ]  # fmt: skip
        return steps

    def _quiet(self, now: int) -> None:
        self.player = Loudspeaker()
        self._pause = LocalPause()
        self.microphone.restart(now, listening=False)
        self._spoken, self._told_at = b"", now
        self._flows = False


def _typed(name: str, text: str) -> str:
    return message("client.response.text", content=text, id=name)


def _ms(samples: int) -> float:
    return samples * 1000 / RATE


def _played(turn_id: str, samples: int) -> str:
    return message("client.played", turn_id=turn_id, played_ms=_ms(samples))

"""The words of a conversation on the socket: whole texts by turn, and typed ones until confirmed.

The browser's `transcript.ts` and `writing.ts` do the same. What is typed while the line is broken
goes out once, when the server has told what it knows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from duologue.client.road import Role, Tell, TranscriptChanged
from duologue.wire import extensions as ext
from duologue.wire import layercode as wire

WAITING: Final = 50
"""Typed messages that may wait for the server's word: so many it takes at once."""


@dataclass(slots=True)
class _Turn:
    role: Role
    text: str = ""
    pieces: dict[int, str] = field(default_factory=dict)
    """Of the user: what is understood so far, by the counter of the server."""
    final: bool = False


class Words:
    """Turns the server's messages into whole texts, and keeps typed ones until they are known."""

    def __init__(self, tell: Tell, send: Callable[[str, str], object]) -> None:
        self._tell = tell
        self._send = send
        self._open: dict[str, _Turn] = {}
        self._cut: set[str] = set()
        """Turns of the agent that were cut, until all of them was told."""
        self._typed: dict[str, str] = {}
        """What nobody confirmed, by our own id, oldest first."""
        self._mine: set[str] = set()
        """Turns that are typed messages of ours: the session has them as such."""
        self._past: set[str] | None = None
        """What was said before this road was opened; none until that is known."""
        self._settled = False

    # ---------------------------------------------------------------- typing

    @property
    def crowded(self) -> bool:
        """Whether no further message may be typed until the server confirms one."""
        return len(self._typed) >= WAITING

    def type(self, delivery: str, text: str) -> None:
        """Sends a written message now, or as soon as the server has told what it knows."""
        self._typed[delivery] = text
        if self._settled:
            self._send(delivery, text)

    def settle(self) -> None:
        """Sends what was typed and nobody confirmed: the line may have broken under it."""
        if self._settled:
            return
        self._settled = True
        if self._past is None:  # there was no history to begin with, so there is no past
            self._past = set()
        for delivery, text in list(self._typed.items()):
            self._send(delivery, text)

    def broke(self) -> None:
        """The line broke: who knows what of the last words arrived."""
        self._settled = False

    # ---------------------------------------------------------------- what the server tells

    def user_piece(self, turn: str, counter: int, text: str) -> None:
        """An interim replaces the earlier one of its counter, and so does what closes it."""
        known = self._open.setdefault(turn, _Turn("user"))
        known.pieces[counter] = text.strip()
        known.text = " ".join(piece for piece in known.pieces.values() if piece)
        self._change(turn, known)

    def user_said(self, turn: str, text: str) -> None:
        """The whole of what the user said; a typed message that says the same is known now."""
        known = self._open.setdefault(turn, _Turn("user"))
        if self._confirm(text):
            self._mine.add(turn)
            known.final = True
            return
        known.text, known.final = text, True
        self._change(turn, known)

    def agent_words(self, turn: str, text: str) -> None:
        """The next words of an answer."""
        known = self._open.setdefault(turn, _Turn("agent"))
        if not known.final:
            known.text += text
            self._change(turn, known)

    def agent_said(self, turn: str, text: str) -> None:
        """The whole answer, once."""
        known = self._open.setdefault(turn, _Turn("agent"))
        known.text, known.final = text, True
        self._change(turn, known)

    def cut(self, turn: str) -> None:
        """The agent's turn was cut before its end."""
        if turn in self._cut:
            return
        self._cut.add(turn)
        if (known := self._open.get(turn)) is not None:
            self._change(turn, known)

    def ended(self, turn: str) -> None:
        """A turn is over: its words are final, and words of the user that came to nothing go."""
        known = self._open.pop(turn, None)
        if known is not None and not known.final:
            known.final = True
            known.text = known.text if known.role == "agent" else ""
            self._change(turn, known)
        self._cut.discard(turn)

    def remembered(self, history: ext.History) -> None:
        """What was said so far; typed messages that are not in it go out again."""
        first = self._past is None
        if self._past is None:
            self._past = {message.turn_id for message in history.messages}
        for message in history.messages:
            self._remember(message, typed_may_be=not first)
        for turn in list(self._open):  # of before the break: what goes on begins anew
            self.ended(turn)
        self.settle()

    # ---------------------------------------------------------------- within

    def _remember(self, message: ext.PastMessage, *, typed_may_be: bool) -> None:
        turn, user = message.turn_id, message.role == "user"
        past = self._past is not None and turn in self._past
        if turn in self._mine:
            return
        if user and typed_may_be and not past and self._confirm(message.content):
            self._mine.add(turn)
            return
        self._open.pop(turn, None)
        self._tell(
            TranscriptChanged(
                turn, "user" if user else "agent", message.content,
                final=True, interrupted=message.interrupted, at=message.at, past=past,
            )
        )  # fmt: skip

    def _confirm(self, text: str) -> bool:
        """Whether this is the oldest typed message that says so, which is known from now on."""
        said = text.strip()
        mine = next((key for key, typed in self._typed.items() if typed.strip() == said), None)
        if mine is None:
            return False
        del self._typed[mine]
        return True

    def _change(self, turn: str, known: _Turn) -> None:
        cut = turn in self._cut
        self._tell(TranscriptChanged(turn, known.role, known.text, known.final, interrupted=cut))


def hear(words: Words, message: object) -> bool:
    """Hands a message of the server to those words; tells whether it was about words."""
    match message:
        case wire.TranscriptInterim(text, turn, counter) | wire.TranscriptDelta(
            text, turn, counter
        ):
            words.user_piece(turn, counter, text)
        case wire.Transcript(text, turn):
            words.user_said(turn, text)
        case wire.TextDelta(text, turn):
            words.agent_words(turn, text)
        case wire.Text(text, turn):
            words.agent_said(turn, text)
        case ext.History():
            words.remembered(message)
        case _:
            return False
    return True

"""What is said, as a room's clients read it: which words to show, and when a text is whole."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from duologue.core.transcript import SPEAKING_RATE, heard

LEARN: Final = 0.3
"""How much one answer changes what we think of the voice's pace."""
TYPED: Final = 64
"""Typed messages that may wait for their place in the conversation."""

Taken = Callable[[str], None]
"""Is told which turn a typed message became."""


class Paper(Protocol):
    """Where captions are written; each call leaves in the order of the calls."""

    def write(self, segment: str, text: str) -> None:
        """Adds words to the agent's segment, and begins it if it is new."""

    def close(self, segment: str, *, interrupted: bool) -> None:
        """The agent's segment is whole."""

    def user(self, segment: str, text: str, *, final: bool) -> None:
        """The whole text of a user's segment as it is known now."""

    def message(self, turn: str, text: str) -> None:
        """A message that the agent wrote without speaking."""


@dataclass(slots=True)
class _Segment:
    """One answer as it is read: what was heard of it may have come in several turns."""

    id: str
    text: str = ""
    shown: int = 0
    before: float = 0.0
    """Seconds that were heard in the turns before the present one."""
    played: float = 0.0
    total: float | None = None
    sounded: bool = False
    opened: bool = False


class AgentWords:
    """The agent's words, shown as they are heard; an answer that goes on is one text."""

    def __init__(self, paper: Paper) -> None:
        self._paper = paper
        self._turns: dict[str, _Segment] = {}
        self._cut: _Segment | None = None
        self._pace = SPEAKING_RATE

    def started(self, turn: str) -> None:
        """A turn begins; one that begins at once where another was cut goes on with its words."""
        segment, self._cut = self._cut, None
        if segment is None:
            segment = _Segment(f"SG_{turn}")
        else:
            segment.before += segment.played
            segment.played, segment.total = 0.0, None
            if not segment.opened:  # nobody was there meanwhile: whoever reads on has no beginning
                segment.id = f"SG_{turn}"
        self._turns[turn] = segment

    def text(self, turn: str, text: str) -> None:
        """The next words of a turn."""
        if segment := self._turns.get(turn):
            segment.text += text

    def sound(self, turn: str) -> None:
        """The turn is spoken, not only written."""
        if segment := self._turns.get(turn):
            segment.sounded = True

    def sent(self, turn: str, seconds: float) -> None:
        """All sound of a turn is known: so long it is."""
        if segment := self._turns.get(turn):
            segment.total = segment.before + seconds

    def heard(self, turn: str, seconds: float) -> None:
        """So much of a turn was played: its words are shown."""
        if segment := self._turns.get(turn):
            segment.played = seconds
            if segment.sounded:
                self._show(segment)

    def ended(self, turn: str, *, interrupted: bool) -> None:
        """The turn is over: its text is whole, or ends with what was heard."""
        segment = self._turns.pop(turn, None)
        if segment is None:
            return
        if interrupted:
            segment.total = None  # it was not sent to its end, whatever was told
            self._cut = segment
            # The turn that goes on with it, if there is one, is told in the same breath.
            asyncio.get_running_loop().call_soon(self._close_cut, segment)
        elif segment.sounded:
            self._learn(segment)
            self._reveal(segment, len(segment.text))
            self._close(segment, interrupted=False)
        elif segment.text:
            self._paper.message(turn, segment.text)

    def part(self) -> None:
        """Nobody reads any more: what is open ends here, and may go on in a text of its own."""
        for segment in self._turns.values():
            self._close(segment, interrupted=True)

    # ------------------------------------------------------------ within

    def _show(self, segment: _Segment) -> None:
        total = segment.total or len(segment.text) / self._pace
        shown = heard(segment.text, segment.before + segment.played, total)
        self._reveal(segment, len(shown))

    def _reveal(self, segment: _Segment, end: int) -> None:
        if end > segment.shown:
            segment.opened = True
            self._paper.write(segment.id, segment.text[segment.shown : end])
            segment.shown = end

    def _close_cut(self, segment: _Segment) -> None:
        if self._cut is segment:
            self._cut = None
            self._close(segment, interrupted=True)

    def _close(self, segment: _Segment, *, interrupted: bool) -> None:
        if segment.opened:
            segment.opened = False
            self._paper.close(segment.id, interrupted=interrupted)

    def _learn(self, segment: _Segment) -> None:
        if segment.total and len(segment.text) > 10:
            pace = len(segment.text) / segment.total
            self._pace += LEARN * (min(30.0, max(5.0, pace)) - self._pace)


@dataclass(slots=True)
class _Utterance:
    certain: dict[int, str] = field(default_factory=dict)
    shown: str = ""

    def text(self, more: str = "") -> str:
        """What is certain, and what seems to follow."""
        return " ".join(part for part in (*self.certain.values(), more) if part).strip()


class UserWords:
    """The user's words; those that it typed itself it has already."""

    def __init__(self, paper: Paper) -> None:
        self._paper = paper
        self._open: dict[str, _Utterance] = {}
        self._typed: deque[tuple[str, Taken]] = deque(maxlen=TYPED)

    def typed(self, text: str, taken: Taken = lambda turn: None) -> None:
        """A user of this room typed this: it will come back as said, and is not shown again.

        Instead `taken` is told which turn of the conversation it is, as soon as it is one.
        """
        self._typed.append((text.strip(), taken))

    def interim(self, turn: str, text: str) -> None:
        """What the user seems to say."""
        self._show(turn, self._utterance(turn).text(text))

    def certain(self, turn: str, text: str, counter: int) -> None:
        """A piece of what the user said."""
        utterance = self._utterance(turn)
        utterance.certain[counter] = text
        self._show(turn, utterance.text())

    def said(self, turn: str, text: str) -> None:
        """The whole of what the user said."""
        self._open.pop(turn, None)
        typed = next((one for one in self._typed if one[0] == text), None)
        if typed is None:
            self._paper.user(f"SG_{turn}", text, final=True)
        else:
            self._typed.remove(typed)
            typed[1](turn)

    def ended(self, turn: str) -> None:
        """The turn is over; of one that came to nothing the words are taken back."""
        utterance = self._open.pop(turn, None)
        if utterance is not None and utterance.shown:
            self._paper.user(f"SG_{turn}", utterance.text(), final=True)

    def _utterance(self, turn: str) -> _Utterance:
        return self._open.setdefault(turn, _Utterance())

    def _show(self, turn: str, text: str) -> None:
        utterance = self._utterance(turn)
        if text and text != utterance.shown:
            utterance.shown = text
            self._paper.user(f"SG_{turn}", text, final=False)

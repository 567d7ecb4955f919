"""The own client's loudspeaker: plays every sample, can pause, and counts what left it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from duologue.testing.player import Played


@dataclass(frozen=True, slots=True)
class Over:
    """A turn's sound is over: all of it was played, or the rest was dropped."""

    turn_id: str
    at: int
    interrupted: bool
    played: int
    """How many of its samples passed the ear."""


@dataclass(slots=True)
class _Turn:
    turn_id: str
    waiting: bytearray = field(default_factory=bytearray)
    played: int = 0
    complete: bool = False


class Loudspeaker:
    """Plays from the moment that sound arrives; turns one after the other.

    A turn is over when its last sample was played and no more will come, or when it is dropped;
    sound that comes before a turn began, or after it was over, is never played.
    """

    def __init__(self) -> None:
        self.paused = False
        self.dropped: dict[str, int] = {}
        """Samples of each turn that arrived and were never played."""
        self._at = 0
        self._turns: deque[_Turn] = deque()

    @property
    def sounding(self) -> bool:
        """Whether sound comes out now."""
        return not self.paused and any(turn.waiting for turn in self._turns)

    @property
    def current(self) -> tuple[str, int] | None:
        """The turn that is played, or waits for more or for the pause to end, and its position."""
        return (self._turns[0].turn_id, self._turns[0].played) if self._turns else None

    def begin(self, turn_id: str, at: int) -> list[Played | Over]:
        """Sound of this turn comes from now on, and no more of the turns before it."""
        for turn in self._turns:
            turn.complete = True
        self._turns.append(_Turn(turn_id))
        return self.advance(at)

    def add(self, turn_id: str, pcm: bytes, at: int) -> list[Played | Over]:
        """Takes sound at a sample of the clock; gives back what happened until then."""
        happened = self.advance(at)
        if len(pcm) % 2:
            raise ValueError(f"turn {turn_id} sent {len(pcm)} bytes: that is half a sample")
        turn = self._find(turn_id)
        if turn is None:
            self.dropped[turn_id] = self.dropped.get(turn_id, 0) + len(pcm) // 2
        else:
            turn.waiting += pcm
        return happened

    def complete(self, turn_id: str, at: int) -> list[Played | Over]:
        """No more sound of this turn will come."""
        turn = self._find(turn_id)
        if turn is not None:
            turn.complete = True
        return self.advance(at)

    def pause(self, at: int) -> list[Played | Over]:
        """Holds what was not played, until `resume`."""
        happened = self.advance(at)
        self.paused = bool(self._turns)
        return happened

    def resume(self, at: int) -> list[Played | Over]:
        """Goes on where the pause began."""
        happened = self.advance(at)
        self.paused = False
        return happened

    def interrupt(self, at: int) -> list[Played | Over]:
        """Falls silent at a sample of the clock, for good: what was not played is dropped."""
        happened = self.advance(at)
        while self._turns:
            turn = self._turns.popleft()
            if turn.waiting:
                self.dropped[turn.turn_id] = len(turn.waiting) // 2
            happened.append(Over(turn.turn_id, at, True, turn.played))
        self.paused = False
        return happened

    def advance(self, at: int) -> list[Played | Over]:
        """Plays until a sample of the clock."""
        happened: list[Played | Over] = []
        while self._turns:
            turn = self._turns[0]
            count = 0 if self.paused else min(len(turn.waiting) // 2, max(0, at - self._at))
            if count:
                happened.append(Played(turn.turn_id, self._at, bytes(turn.waiting[: count * 2])))
                del turn.waiting[: count * 2]
                turn.played += count
                self._at += count
            if turn.waiting or not turn.complete:
                break
            self._turns.popleft()
            self.paused = self.paused and bool(self._turns)
            happened.append(Over(turn.turn_id, self._at, False, turn.played))
        self._at = max(self._at, at)
        return happened

    def _find(self, turn_id: str) -> _Turn | None:
        return next((turn for turn in self._turns if turn.turn_id == turn_id), None)

"""The own client's loudspeaker: plays every sample, can pause, and counts what left it."""

from __future__ import annotations

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
    """Plays one turn at a time, from the moment that its sound arrives.

    Sound belongs to the turn that was opened last and not closed yet: a message without sound may
    come and go while another turn speaks. A turn is over when its last sample was played and no
    more will come, or when it is cut; nothing of it is played after that.
    """

    def __init__(self) -> None:
        self.paused = False
        self.dropped: dict[str, int] = {}
        """Samples of each turn that arrived and were never played."""
        self._at = 0
        self._open: list[str] = []
        self._last = ""
        self._turn: _Turn | None = None

    @property
    def sounding(self) -> bool:
        """Whether sound comes out now."""
        return not self.paused and self._turn is not None and bool(self._turn.waiting)

    @property
    def current(self) -> tuple[str, int] | None:
        """The turn that is played, or waits for more or for the pause to end, and its position."""
        return (self._turn.turn_id, self._turn.played) if self._turn is not None else None

    @property
    def owner(self) -> str:
        """The turn that sound belongs to which comes now; the last one, where none is open."""
        return self._open[-1] if self._open else self._last

    def begin(self, turn_id: str) -> None:
        """Sound of this turn may come; what still sounds goes on until it does."""
        self._open.append(turn_id)
        self._last = turn_id

    def add(self, pcm: bytes, at: int) -> list[Played | Over]:
        """Takes sound at a sample of the clock; gives back what happened until then."""
        happened = self.advance(at)
        if len(pcm) % 2:
            raise ValueError(f"turn {self.owner} sent {len(pcm)} bytes: that is half a sample")
        if not self._open:
            self._drop(self.owner, len(pcm) // 2)
            return happened
        if self._turn is None or self._turn.turn_id != self.owner:
            happened += self._stop(at)
            self._turn = _Turn(self.owner)
        self._turn.waiting += pcm
        return happened

    def sent(self, turn_id: str, at: int) -> list[Played | Over]:
        """Everything of a turn came."""
        happened = self.advance(at)
        silent = self._close(turn_id)
        if self._turn is not None and self._turn.turn_id == turn_id:
            self._turn.complete = True
        elif silent:
            happened.append(Over(turn_id, at, interrupted=False, played=0))
        return [*happened, *self.advance(at)]

    def ended(self, turn_id: str, at: int) -> list[Played | Over]:
        """The server closed a turn: one that sounds on was cut."""
        happened = self.advance(at)
        self._close(turn_id)
        if self._turn is not None and self._turn.turn_id == turn_id:
            happened += self._stop(at)
        return happened

    def pause(self, at: int) -> list[Played | Over]:
        """Holds what was not played, until `resume`."""
        happened = self.advance(at)
        self.paused = self._turn is not None
        return happened

    def resume(self, at: int) -> list[Played | Over]:
        """Goes on where the pause began."""
        happened = self.advance(at)
        self.paused = False
        return happened

    def interrupt(self, at: int) -> list[Played | Over]:
        """Falls silent at a sample of the clock; the rest of what began is never heard."""
        happened = self.advance(at)
        self._open.clear()
        return [*happened, *self._stop(at)]

    def advance(self, at: int) -> list[Played | Over]:
        """Plays until a sample of the clock."""
        happened: list[Played | Over] = []
        turn = self._turn
        if turn is not None:
            count = 0 if self.paused else min(len(turn.waiting) // 2, max(0, at - self._at))
            if count:
                happened.append(Played(turn.turn_id, self._at, bytes(turn.waiting[: count * 2])))
                del turn.waiting[: count * 2]
                turn.played += count
                self._at += count
            if turn.complete and not turn.waiting:
                happened.append(Over(turn.turn_id, self._at, False, turn.played))
                self._turn, self.paused = None, False
        self._at = max(self._at, at)
        return happened

    def _stop(self, at: int) -> list[Over]:
        turn, self._turn = self._turn, None
        self.paused = False
        if turn is None:
            return []
        self._drop(turn.turn_id, len(turn.waiting) // 2)
        return [Over(turn.turn_id, at, interrupted=True, played=turn.played)]

    def _close(self, turn_id: str) -> bool:
        """Whether the turn was open until now."""
        if turn_id not in self._open:
            return False
        self._open.remove(turn_id)
        return True

    def _drop(self, turn_id: str, samples: int) -> None:
        if samples:
            self.dropped[turn_id] = self.dropped.get(turn_id, 0) + samples

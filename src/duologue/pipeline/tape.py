"""What was heard and when: the user's sound and the agent's, each sample at its own time.

Sound of the user is placed where it was made: one piece behind the other, and no later than it
arrived. Sound of the agent is placed where it is heard: it leaves a third of a second before that,
may be taken back, and a client may tell that it is further or less far than the clock says. So the
newest seconds stay open; what was taken from the tape is settled.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

RATE: Final = 16000
SLACK: Final = RATE * 6 // 100
"""60 ms: a listener who is no further than that from where we thought leaves the sound whole."""
GAP: Final = RATE * 3 // 20
"""150 ms: what comes later than that after the sound before it was made later, too."""
_NEVER: Final = -(2**62)
MOST: Final = RATE * 10
"""Samples that are taken at once."""


class Piece:
    """Sound, where it begins on the tape, and where in its utterance."""

    __slots__ = ("at", "samples", "within")

    def __init__(self, at: int, samples: Samples, within: int = 0) -> None:
        self.at = at
        self.samples = samples
        self.within = within

    @property
    def end(self) -> int:
        """The sample of the tape behind it."""
        return self.at + len(self.samples)

    @property
    def span(self) -> range:
        """The samples of its utterance."""
        return range(self.within, self.within + len(self.samples))

    def cut(self, within: int) -> Piece:
        """Keeps what stands before a sample of its utterance, and gives back the rest."""
        where = max(0, within - self.within)
        rest = Piece(self.at + where, self.samples[where:], self.within + where)
        self.samples = self.samples[:where]
        return rest


class User:
    """The user's side: what arrives, back to back, and never later than it arrived."""

    def __init__(self) -> None:
        self.pieces: deque[Piece] = deque()
        self._end = _NEVER
        self._block: list[Piece] = []
        """The pieces since the last gap, as far as they are not settled; they move together."""
        self._free = 0
        """How far they may move."""

    def add(self, samples: Samples, now: int, settled: int) -> None:
        """A piece arrives; what is before `settled` cannot be moved any more."""
        end = max(self._end, settled)
        piece = Piece(end, samples)
        if now - piece.end > GAP:
            piece.at = now - len(samples)
            self._block, self._free = [], piece.at - end
        self.pieces.append(piece)
        if self._free > 0:
            self._block.append(piece)
            self._earlier(min(piece.end - now, self._free, self._block[0].at - settled))
        if (late := piece.end - now) > GAP:  # nothing is left to move it into: it loses its head
            piece.samples = piece.samples[late:]
        self._end = piece.end

    def settle(self, settled: int) -> None:
        """Lets go of what was taken."""
        while self.pieces and self.pieces[0].end <= settled:
            self.pieces.popleft()
        if self._block and self._block[0].at < settled:
            self._block, self._free = [], 0

    def _earlier(self, by: int) -> None:
        """Moves a block into the gap before it: its first piece was late on its way."""
        if by > 0:
            self._free -= by
            for piece in self._block:
                piece.at -= by


class Agent:
    """The agent's side: what is sent, where its listener hears it."""

    def __init__(self) -> None:
        self.pieces: deque[Piece] = deque()
        """Of utterances that are over."""
        self._utterance: list[Piece] = []
        self._turn = 0
        """The first piece of what was sent since the last hold."""
        self._begun = False
        """Whether some of that is settled."""
        self._limit: int | None = None
        """The sample of the utterance from which on nothing was heard; none while it goes on."""

    def sent(self, at: int, samples: Samples, heard_at: int) -> None:
        """Samples of an utterance, from `at` on, and where on the tape they are heard."""
        if self._limit is not None:
            self._cut(at)
            self._limit, self._turn, self._begun = None, len(self._utterance), False
        last = next((each[-1] for each in (self._utterance, self.pieces) if each), None)
        if last is not None and heard_at - last.end <= SLACK:
            heard_at = last.end
        self._utterance.append(Piece(heard_at, samples, at))

    def heard(self, at: int, now: int, settled: int) -> None:
        """The listener is at that sample of the utterance; what is not settled moves there."""
        turn = self._utterance[self._turn :]
        found = next((each for each in turn if at in each.span), None)
        if found is None or self._limit is not None:
            return
        moved = now - (found.at + at - found.within)
        if abs(moved) <= SLACK:
            return
        first = self._turn
        if self._begun:  # it was heard until here; only the rest is later
            first = self._utterance.index(found) + 1
            self._utterance.insert(first, found.cut(at))
        earlier = [*self.pieces, *self._utterance[:first]]
        before = earlier[-1].end if earlier else _NEVER
        moved = max(moved, max(before, settled) - self._utterance[first].at)
        for piece in self._utterance[first:]:
            piece.at += moved

    def held(self, at: int) -> None:
        """From that sample on nothing was heard; it may be sent again, or be heard after all."""
        self._limit = at

    def over(self, at: int) -> None:
        """The utterance was heard to that sample and ends."""
        self._cut(at)
        self.pieces.extend(self._utterance)
        self._utterance, self._limit, self._turn, self._begun = [], None, 0, False

    def audible(self) -> list[Piece]:
        """All that is or will be heard, as far as is known now."""
        limit = self._limit
        if limit is None:
            return [*self.pieces, *self._utterance]
        kept = [Piece(each.at, each.samples, each.within) for each in self._utterance]
        for piece in kept:
            piece.cut(limit)
        return [*self.pieces, *kept]

    def settle(self, settled: int) -> None:
        """Lets go of what was taken."""
        while self.pieces and self.pieces[0].end <= settled:
            self.pieces.popleft()
        turn = self._utterance[self._turn :]
        self._begun |= bool(turn) and turn[0].at < settled
        while len(self._utterance) > 1 and self._utterance[0].end <= settled:
            del self._utterance[0]
            self._turn = max(0, self._turn - 1)

    def _cut(self, at: int) -> None:
        for piece in self._utterance:
            piece.cut(at)
        self._utterance = [each for each in self._utterance if len(each.samples)]


class Tape:
    """Two sides of sound; the left is the user, the right the agent."""

    def __init__(self) -> None:
        self._user = User()
        self._agent = Agent()
        self._origin: float | None = None
        self._settled: int | None = None
        self._first: int | None = None

    # ------------------------------------------------------------ what is heard

    def user(self, samples: Samples, now: float) -> None:
        """The user's sound, as it arrives."""
        if self._origin is None:
            self._origin = now
        self._user.add(samples, self._index(now), self._floor)

    def sent(self, at: int, pcm: bytes, ahead: int, now: float) -> None:
        """The agent's sound leaves, `ahead` samples before it is heard."""
        if self._origin is None:
            self._origin = now
        samples = np.frombuffer(pcm, dtype=np.int16)
        self._agent.sent(at, samples, self._index(now) + ahead)

    def heard(self, at: int, now: float) -> None:
        """The listener told how far it is in the utterance."""
        if self._origin is not None:
            self._agent.heard(at, self._index(now), self._floor)

    def held(self, at: int) -> None:
        """The agent was silenced at that sample of its utterance."""
        self._agent.held(at)

    def over(self, at: int) -> None:
        """The utterance ended at that sample."""
        self._agent.over(at)

    # ------------------------------------------------------------ what is taken

    @property
    def began(self) -> float | None:
        """When the first sample that was taken was heard; none before any was."""
        if self._origin is None or self._first is None:
            return None
        return self._origin + self._first / RATE

    def end(self) -> float | None:
        """When the last known sample is heard; none where there is none."""
        pieces = [*self._user.pieces, *self._agent.audible()]
        last = max((each.end for each in pieces if len(each.samples)), default=None)
        return None if self._origin is None or last is None else self._origin + last / RATE

    def take(self, until: float) -> Samples | None:
        """The next sound up to a time, at most some seconds at once: a row a sample, user first."""
        start = self._start
        if start is None:
            return None
        stop = min(self._index(until), start + MOST)
        if stop <= start:
            return None
        taken = np.zeros((stop - start, 2), dtype=np.int16)
        for side, pieces in enumerate((self._user.pieces, self._agent.audible())):
            for piece in pieces:
                first, last = max(piece.at, start), min(piece.end, stop)
                if first < last:
                    sound = piece.samples[first - piece.at : last - piece.at]
                    taken[first - start : last - start, side] = sound
        if self._first is None:
            self._first = start
        self._settled = stop
        self._user.settle(stop)
        self._agent.settle(stop)
        return taken

    # ------------------------------------------------------------ within

    @property
    def _start(self) -> int | None:
        """The first sample that was not taken; before anything is, the first that there is."""
        if self._settled is not None:
            return self._settled
        pieces = [*self._user.pieces, *self._agent.audible()]
        return min((each.at for each in pieces if len(each.samples)), default=None)

    @property
    def _floor(self) -> int:
        return _NEVER if self._settled is None else self._settled

    def _index(self, now: float) -> int:
        return round((now - (self._origin or 0.0)) * RATE)

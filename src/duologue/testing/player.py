"""The stock SDK's loudspeaker, sample for sample, on a clock that the caller passes in."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

RATE: Final = 16000
BLOCK: Final = 128
"""The SDK plays whole blocks; a rest that fills none is lost when the buffer runs dry."""


@dataclass(frozen=True, slots=True)
class Played:
    """Blocks of one turn that passed the ear without a gap."""

    turn_id: str
    at: int
    """The sample of the playback clock that the first of them was heard at."""
    pcm: bytes


@dataclass(frozen=True, slots=True)
class Stopped:
    """The loudspeaker fell silent: its buffer ran dry, or it was interrupted."""

    turn_id: str
    at: int
    interrupted: bool


class Player:
    """Plays blocks of 128 samples, one after the other, from the moment they arrive.

    As in the SDK: after an interruption, sound of the interrupted turn id is dropped until the
    first sound of another turn, which makes the SDK forget that anything was interrupted.
    """

    def __init__(self) -> None:
        self._at = 0
        self._rest = b""
        self._rest_turn = ""
        self._blocks: deque[tuple[str, bytes]] = deque()
        self._started = False
        self._dropping: str | None = None
        self._current: str | None = None
        self.dropped: dict[str, int] = {}
        """Samples of each turn that arrived and were never played."""

    @property
    def playing(self) -> bool:
        """Whether sound is coming out, or about to."""
        return self._started or bool(self._blocks)

    def add(self, turn_id: str, pcm: bytes, at: int) -> list[Played | Stopped]:
        """Takes a chunk at a sample of the clock; gives back what happened until then."""
        happened = self.advance(at)
        if len(pcm) % 2:
            raise ValueError(f"turn {turn_id} sent {len(pcm)} bytes: half a sample breaks the SDK")
        if turn_id == self._dropping:
            self._drop(turn_id, len(pcm) // 2)
        else:
            if not self.playing:
                self._at = at
            self._write(turn_id, pcm)
        if turn_id != self._current:
            self._current = turn_id
            self._dropping = self._dropping if turn_id == self._dropping else None
        return happened

    def interrupt(self, at: int) -> list[Played | Stopped]:
        """Falls silent at a sample of the clock."""
        happened = self.advance(at)
        if not self.playing and not self._rest:
            return happened
        turn_id = self._blocks[-1][0] if self._blocks else self._rest_turn or self._current or ""
        for turn, block in self._blocks:
            self._drop(turn, len(block) // 2)
        self._lose_rest()
        self._blocks.clear()
        self._started = False
        self._dropping = turn_id
        return [*happened, Stopped(turn_id, at, interrupted=True)]

    def advance(self, at: int) -> list[Played | Stopped]:
        """Plays until a sample of the clock."""
        happened: list[Played | Stopped] = []
        while self._blocks and self._at + BLOCK <= at:
            turn_id, block = self._blocks.popleft()
            self._started = True
            last = happened[-1] if happened else None
            if isinstance(last, Played) and last.turn_id == turn_id:
                happened[-1] = Played(turn_id, last.at, last.pcm + block)
            else:
                happened.append(Played(turn_id, self._at, block))
            self._at += BLOCK
        if self._started and not self._blocks and self._at + BLOCK <= at:
            self._started = False
            happened.append(Stopped(self._rest_turn or self._current or "", self._at, False))
            self._lose_rest()
        return happened

    def _write(self, turn_id: str, pcm: bytes) -> None:
        if self._rest and self._rest_turn != turn_id:
            # In the SDK these up to 8 ms lead the new turn's first block; here they count as lost.
            self._drop(self._rest_turn, len(self._rest) // 2)
            self._rest = b""
        data = self._rest + pcm
        whole = len(data) - len(data) % (BLOCK * 2)
        self._blocks.extend(
            (turn_id, data[start : start + BLOCK * 2]) for start in range(0, whole, BLOCK * 2)
        )
        self._rest, self._rest_turn = data[whole:], turn_id

    def _lose_rest(self) -> None:
        self._drop(self._rest_turn, len(self._rest) // 2)
        self._rest = b""

    def _drop(self, turn_id: str, samples: int) -> None:
        if samples:
            self.dropped[turn_id] = self.dropped.get(turn_id, 0) + samples

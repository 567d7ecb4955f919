"""The agent's turns as they are heard on the socket: whose sound comes, and how far it was played.

The browser's `playback.ts` does the same. Where nobody plays, an answer takes the time that it
would: the server paces what it sends by what is told here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from duologue.client.road import SoundEnded, SoundReceived, SoundStopped, Tell
from duologue.core.playback import PlaybackClock
from duologue.wire import extensions as ext
from duologue.wire import layercode as wire

TICK: Final = 0.1
"""Seconds between two words about how much was played."""
STUCK: Final = 2.0
"""Seconds after which a player that gets no further is not waited for: sound passes without it."""
NEAR: Final = 0.005
"""Seconds before its end at which a turn counts as played: loudspeakers count in blocks."""

Send = Callable[[wire.ClientMessage], bool]


@dataclass(slots=True, eq=False)
class _Turn:
    id: str
    clock: PlaybackClock
    heard: int = 0
    """Samples that the player said it played; with no player the clock knows."""
    heard_at: float = 0.0
    """When the player got as far as that; 0 until it said anything."""
    complete: bool = False
    over: bool = False
    """Nothing of it sounds any more: it was heard to its end, or cut."""
    told: bool = False
    """The server knows how it ended."""


class Answers:
    """Knows which turn sounds, tells its sound, and tells the server how much of it was heard."""

    def __init__(
        self,
        tell: Tell,
        send: Send,
        cut: Callable[[str], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rate = 16000
        self.tells = True
        """Whether the server wants to know positions."""
        self.wanted = True
        """Whether anybody wants the sound itself."""
        self._tell = tell
        self._send = send
        self._cut = cut
        self._now = now
        self._open: list[_Turn] = []
        """Turns of which more may come; one without sound may come while another sounds."""
        self._turn: _Turn | None = None
        self._timer: asyncio.TimerHandle | None = None

    # ---------------------------------------------------------------- what the server tells

    def begin(self, turn: str) -> None:
        """A turn of the agent begins; what still sounds goes on until this one does."""
        if any(known.id == turn for known in [*self._open, *filter(None, [self._turn])]):
            return
        self._open.append(_Turn(turn, PlaybackClock(self.rate)))

    def sound(self, pcm: bytes, turn_id: str | None) -> None:
        """The next sound: of that turn, or of the one that began last; none of one that was cut."""
        turn = next((one for one in reversed(self._open) if turn_id in (None, one.id)), None)
        if turn is None or turn.over:
            return
        if turn is not self._turn:
            self._stop()
            self._turn = turn
        turn.clock.send(len(pcm) // 2, self._now())
        if self.wanted:
            self._tell(SoundReceived(pcm, self.rate))
        self._wake()

    def sent(self, turn_id: str) -> None:
        """Everything of a turn came."""
        turn = self._close(turn_id)
        if turn is None or turn.over:
            return
        turn.complete = True
        if turn is not self._turn:  # words alone
            self._finish(turn)
            return
        self._tell(SoundEnded())
        self._tick()

    def ended(self, turn_id: str, *, whole: bool = False) -> None:
        """The server closed a turn: one that still sounds was cut, unless it says otherwise."""
        if whole:  # somebody else's loudspeaker was at its end a little sooner
            self.sent(turn_id)
            return
        self._close(turn_id)
        if self._turn is not None and self._turn.id == turn_id:
            self._stop()

    # ---------------------------------------------------------------- what happens here

    def played(self, seconds: float) -> None:
        """The player's own word for how much of the turn that sounds it played."""
        turn = self._turn
        if turn is None or turn.told:
            return
        heard = min(round(seconds * self.rate), turn.clock.sent)
        if heard > turn.heard:
            turn.heard, turn.heard_at = heard, self._now()

    def cut(self) -> None:
        """Silence now: the rest of what began is never heard."""
        self._stop()
        for turn in self._open:
            if not turn.over:
                turn.over = True
                self._cut(turn.id)

    def broke(self) -> None:
        """The line broke: what came sounds no longer, and `reopened` tells how far it was."""
        self._open = []
        if self._turn is not None and not self._turn.over:
            self._silence(self._turn)

    def reopened(self) -> None:
        """A new line is open: the server learns what the broken one could not tell it."""
        turn, self._turn = self._turn, None
        if turn is not None and not turn.told:
            self._position(turn)

    def close(self) -> None:
        """Nothing sounds any more, and no timer runs."""
        self._open, self._turn = [], None
        self._rest()

    # ---------------------------------------------------------------- within

    def _close(self, turn_id: str) -> _Turn | None:
        """Takes a turn from those of which more may come."""
        turn = next((one for one in self._open if one.id == turn_id), None)
        if turn is not None:
            self._open.remove(turn)
        return turn

    def _stop(self) -> None:
        turn = self._turn
        if turn is None or turn.over:
            return
        self._silence(turn)
        self._end(turn, "interrupted")
        self._cut(turn.id)

    def _silence(self, turn: _Turn) -> None:
        """Stops the player, which says meanwhile how far it came."""
        turn.over = True
        turn.clock.hold(self._now())
        self._rest()
        self._tell(SoundStopped())

    def _finish(self, turn: _Turn) -> None:
        turn.over = True
        turn.heard = turn.clock.sent
        turn.heard_at = self._now()
        if turn is self._turn:
            self._rest()
        self._end(turn, "completed")

    def _end(self, turn: _Turn, reason: str) -> None:
        self._position(turn)
        turn.told = self._send(wire.ReplayFinished(reason, turn.id, self._ms(turn)))

    def _position(self, turn: _Turn) -> None:
        if self.tells:
            self._send(ext.ClientPlayed(turn.id, self._ms(turn)))

    def _ms(self, turn: _Turn) -> float:
        return self._heard(turn) * 1000 / self.rate

    def _heard(self, turn: _Turn) -> int:
        """Samples that were heard: as the player says while it gets on, else as time passes."""
        speaks = turn.over or self._now() - turn.heard_at < STUCK
        return turn.heard if turn.heard_at and speaks else turn.clock.position(self._now())

    def _wake(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TICK, self._tick)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        """Tells how far the turn is, and that it is over when it is."""
        self._rest()
        turn = self._turn
        if turn is None or turn.over:
            return
        left = turn.clock.sent - self._heard(turn)
        if turn.complete and left <= NEAR * self.rate:
            self._finish(turn)
            return
        self._position(turn)
        wait = left / self.rate if turn.complete else TICK
        self._timer = asyncio.get_running_loop().call_later(min(TICK, max(0.01, wait)), self._tick)

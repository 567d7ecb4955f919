"""When a voice begins and ends, hop by hop: quick enough to pause an agent that is spoken over.

This is no recognizer of speech; the server's model decides what a sound was. It only has to be
early: a voice is found within about a tenth of a second, and coughs, claps and noise mostly are
not, since they are loud but not voiced. The browser runs the same rules (`onset.ts`); both pass
`tests/vectors/onset.json`.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Literal

Hop = Literal["quiet", "began", "speaking", "ended"]

HOP_MS: Final = 16
"""One hop is 256 samples at 16 kHz."""

_MEMORY: Final = 7
"""Hops that are looked back upon."""
_EVIDENCE: Final = 8
"""What they must bring together: 1 for a loud hop, 3 for one that is voiced too.

Three hops of a vowel are enough, or one after the long hiss of "stop"; hiss alone never is.
"""
_VOICING: Final = 0.55
_ABOVE_NOISE: Final = 9.0
"""Decibels above the noise at which a hop is loud."""
_ABOVE_ECHO: Final = 6.0
"""Decibels above what was learned of the echo at which a hop is loud while the agent sounds."""
_EASIER: Final = 3.0
"""A voice that began may fall so far below the threshold and still go on."""
_HANGOVER: Final = 13
"""Quiet hops that end a voice: 208 ms."""

_FLOOR_LOW: Final = -64.0
"""Quieter rooms than this count as this: nothing below -55 dBFS is ever loud."""
_FLOOR_DOWN: Final = 0.3
"""The part of the way to a quieter level that the floor goes in a hop."""
_FLOOR_UP: Final = 0.1
"""Decibels a hop: a fan that starts is noise after a few seconds."""
_FLOOR_UP_VOICE: Final = 0.01
"""The same while the user or the agent sounds: then a rise is rarely the room's."""

_ECHO_UP: Final = 1.0
_ECHO_DOWN: Final = 0.02
"""Decibels a hop while the agent sounds: slow enough that a voice is found before it is learned."""
_BELOW_USUAL: Final = 12.0
"""Decibels below the user's own voice at which nothing interrupts: a "mm-hm", or other people."""
_LONG: Final = 38
"""Hops of a voice from which it is taken for the user's usual one: 0.6 s."""
_USUAL_DOWN: Final = 3.0
"""Decibels by which a quieter sentence lowers what is usual."""
_ECHO_LAG: Final = 8
"""A voice that falls silent within so many hops after the agent's sound was its echo."""


class Onset:
    """Follows one microphone."""

    def __init__(self) -> None:
        self._floor = _FLOOR_LOW
        self._echo = _FLOOR_LOW
        self._recent: deque[int] = deque(maxlen=_MEMORY)
        self._speaking = False
        self._over_agent = False
        self._peak = _FLOOR_LOW
        self._quiet = 0
        self._unplayed = 0
        self._length = 0
        self._usual: float | None = None

    def hop(self, level: float, voicing: float, *, playing: bool) -> Hop:
        """Takes the next 16 ms; `playing` says whether the agent's sound comes out now."""
        threshold = self._floor + _ABOVE_NOISE
        if playing:
            threshold = max(threshold, self._echo + _ABOVE_ECHO)
            if self._usual is not None:
                threshold = max(threshold, self._usual - _BELOW_USUAL)
        self._learn(level, playing=playing)
        if self._speaking:
            return self._go_on(level, threshold - _EASIER, playing=playing)
        # A voicing of 0 is a beep: as loud as it may be, it is no evidence.
        voiced = level >= threshold and voicing >= _VOICING
        self._recent.append(3 if voiced else int(level >= threshold and voicing > 0))
        if not voiced or sum(self._recent) < _EVIDENCE:
            return "quiet"
        self._recent.clear()
        self._speaking = True
        self._over_agent = playing
        self._peak = level
        self._quiet = self._unplayed = self._length = 0
        return "began"

    def _go_on(self, level: float, threshold: float, *, playing: bool) -> Hop:
        """Whether the voice that began is still there."""
        self._peak = max(self._peak, level)
        self._length += 1
        self._quiet = 0 if level >= threshold else self._quiet + 1
        self._unplayed = 0 if playing else self._unplayed + 1
        if self._quiet < _HANGOVER:
            return "speaking"
        self._speaking = False
        if not self._over_agent and self._length - self._quiet >= _LONG:
            self._usual = max(self._peak, (self._usual or self._peak) - _USUAL_DOWN)
        if self._over_agent and 0 < self._unplayed <= self._quiet + _ECHO_LAG:
            # It stopped because the agent's sound was paused: the agent interrupted itself.
            self._echo = max(self._echo, self._peak)
        return "ended"

    def _learn(self, level: float, *, playing: bool) -> None:
        """Follows the noise of the room and, while the agent sounds, what is left of its echo."""
        if level < self._floor:
            self._floor += (level - self._floor) * _FLOOR_DOWN
        else:
            rise = _FLOOR_UP_VOICE if self._speaking or playing else _FLOOR_UP
            self._floor += min(rise, level - self._floor)
        self._floor = max(self._floor, _FLOOR_LOW)
        if playing and not self._speaking:
            towards = max(-_ECHO_DOWN, min(_ECHO_UP, level - self._echo))
            self._echo = max(self._echo + towards, self._floor)

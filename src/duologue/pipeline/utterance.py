"""One utterance of the agent: its sound, its words, and how much of both was heard."""

from __future__ import annotations

from typing import Final

from duologue.core.playback import PlaybackClock
from duologue.pipeline.stage import NoTape, Tape

RATE: Final = 16000


class Utterance:
    """One segment of speech, from its first frame until it was heard or cut."""

    def __init__(self, tape: Tape | None = None) -> None:
        self._tape: Tape = tape or NoTape()
        self.clock = PlaybackClock(RATE)
        self.pcm = bytearray()
        self.start = 0  # the sample at which `pcm` begins: what was heard is forgotten
        self.text = ""
        self.complete = False
        self.text_complete = False
        self.told_end = False
        self.acknowledged = False
        self.told_at = 0.0
        """When the client last said how far it is, or its turn began."""
        self._told = 0  # how far that was
        self._turn_start = 0  # where the client's present turn began
        self._turn_sent = 0  # how far that turn was sent before it was held
        self._held = True

    @property
    def total(self) -> int:
        """Samples that are known so far."""
        return self.start + len(self.pcm) // 2

    @property
    def left(self) -> int:
        """Samples that were not sent."""
        return self.total - self.clock.sent

    @property
    def all_told(self) -> bool:
        """Whether the client told that it played all that it was sent."""
        return not self._held and self._told >= self.clock.sent

    def take(self, samples: int, now: float) -> bytes:
        """The next sound, which leaves now; after a hold it opens a new turn of the client."""
        if self._held:
            self._held = False
            self._turn_start = self._told = self.clock.sent
            self.told_at = now
        offset = (self.clock.sent - self.start) * 2
        pcm = bytes(self.pcm[offset : offset + samples * 2])
        self._tape.sent(self.clock.sent, pcm, self.clock.ahead(now), now)
        self.clock.send(len(pcm) // 2, now)
        return pcm

    def hold(self, now: float, unheard: float | None) -> None:
        """Stops, and takes back what the client did not hear.

        That is what the clock says, and the last `unheard` seconds; with none it is whatever the
        client has not told of.
        """
        clock = self.clock
        clock.hold(now)
        if not self._held:
            self._held = True
            self._turn_sent = clock.sent
        if unheard is None:
            clock.rewind(max(self.start, self._told))
        else:
            clock.rewind(max(self.start, clock.position(now) - int(unheard * RATE)))
        self._tape.held(clock.sent)
        self.told_end = self.acknowledged = False

    def heard(self, seconds: float, now: float) -> None:
        """The client's own word for how much of its present, or last, turn it played."""
        self.told_at = now
        position = self._turn_start + round(seconds * RATE)
        if self._held:  # it tells after the fact what we had to guess
            self._told = max(self.start, min(position, self._turn_sent))
            self.clock.seek(self._told)
            self._tape.held(self._told)
        else:
            self._told = min(position, self.clock.sent)
            self.clock.heard(self._told, now)
            self._tape.heard(self._told, now)

    def over(self, position: int) -> None:
        """Ends where it was heard to."""
        self._tape.over(position)

    def pad(self, count: int) -> None:
        """Adds silence to the end."""
        self.pcm += bytes(count * 2)

    def forget(self, before: int) -> None:
        """Drops the sound before a sample: it can never be needed again."""
        if before - self.start >= RATE:
            del self.pcm[: (before - self.start) * 2]
            self.start = before

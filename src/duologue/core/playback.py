"""The playback clock: how much of what was sent the listener has heard, without being told."""

from __future__ import annotations


class PlaybackClock:
    """Counts in samples; a buffer that runs dry waits, and goes on when more is sent.

    The caller passes the time in seconds from any steady clock.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.sent = 0
        # Between two marks the position grows with time; every change of course makes a mark.
        self._mark_position = 0
        self._mark_time: float | None = None

    @property
    def running(self) -> bool:
        """Whether sound is passing the listener's ear, as far as we know."""
        return self._mark_time is not None

    def position(self, now: float) -> int:
        """The sample that is heard now; never more than was sent, never less than before."""
        if self._mark_time is None:
            return self._mark_position
        elapsed = max(0, int((now - self._mark_time) * self.rate))
        return min(self.sent, self._mark_position + elapsed)

    def ahead(self, now: float) -> int:
        """Samples that were sent and are not heard yet."""
        return self.sent - self.position(now)

    def send(self, samples: int, now: float) -> None:
        """Notes that samples leave now; a listener that ran dry hears the first of them at once."""
        if self._mark_time is None or self.position(now) == self.sent:
            self._mark_position, self._mark_time = self.position(now), now
        self.sent += samples

    def hold(self, now: float) -> None:
        """Stops the clock: the listener was told to be silent, or is gone."""
        self._mark_position = self.position(now)
        self._mark_time = None

    def rewind(self, position: int) -> None:
        """Forgets everything after a sample: it will be sent again. Only while held."""
        if self._mark_time is not None:
            raise RuntimeError("rewind needs a held clock")
        self._mark_position = max(0, min(position, self._mark_position))
        self.sent = self._mark_position

    def seek(self, position: int) -> None:
        """Goes to a sample, from which it is sent again. Only while held."""
        if self._mark_time is not None:
            raise RuntimeError("seek needs a held clock")
        self._mark_position = self.sent = max(0, position)

    def heard(self, position: int, now: float) -> None:
        """Takes the listener's own word for how far it is."""
        self._mark_position = max(0, min(position, self.sent))
        self._mark_time = now if self._mark_time is not None else None

"""The microphone on the socket: frames of 40 ms, a button's presses, and silence behind a word."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from duologue.wire import layercode as wire

if TYPE_CHECKING:
    from duologue.client.resample import Resampler

FRAME: Final = 0.04
"""Seconds in a frame."""
TAIL: Final = 0.6
"""Seconds of silence that end a word: what the server's voice detection needs, and some more."""
EARLY: Final = 4.5
"""Seconds of sound that may come at once: the server takes 5 s ahead of time, and no more."""


class Voice:
    """What the user says, as frames of the rate that was agreed on."""

    def __init__(
        self, sound: Callable[[bytes], None], send: Callable[[wire.ClientMessage], Any]
    ) -> None:
        self._sound = sound
        self._send = send
        self.binary = False
        self.rate = 8000
        """Samples a second on the line."""
        self.push_to_talk = False
        """With a button, an open microphone is one that is held down."""
        self.published = False
        self.muted = False
        self._ready = False
        self._pressed = False
        self._spoke = False
        """Whether sound went out, and no silence after it."""
        self._waiting = b""
        self._resampler: Resampler | None = None

    # ---------------------------------------------------------------- the line

    def opened(self, config: dict[str, Any]) -> None:
        """The line is open, and takes sound as its config says."""
        names = config.get("capabilities") or []
        self.binary = "binary" in names
        self.rate = int((config.get("audio") or {}).get("input_rate") or 8000)
        transcription = config.get("transcription") or {}
        self.push_to_talk = transcription.get("trigger") == "push_to_talk"
        self._forget()
        self._ready = True
        self._hold()

    def broke(self) -> None:
        """The line broke: what is said meanwhile is not heard, as on any telephone."""
        self._ready = self._pressed = False
        self._forget()

    # ---------------------------------------------------------------- the microphone

    def publish(self, pre_connect: bytes, rate: int) -> None:
        """Begins, with what was said before."""
        self.published, self.muted = True, False
        self._hold()
        if pre_connect:
            self.hear(pre_connect[-int(EARLY * rate) * 2 :], rate)

    def hear(self, pcm: bytes, rate: int) -> None:
        """Sends the next sound, in whole frames; the rest waits for the next."""
        if not self._ready or not self.published or self.muted:
            return
        self._waiting += self._resampled(pcm, rate)
        size = self._size
        while len(self._waiting) >= size:
            self._frame(self._waiting[:size])
            self._waiting = self._waiting[size:]

    def mute(self, muted: bool) -> None:
        """Goes silent, or is heard again; with a button this lets it go, or presses it."""
        if muted == self.muted:
            return
        self.muted = muted
        self._hold()

    def unpublish(self) -> None:
        """Ends the sound; a word that was cut off is over."""
        if self.published:
            self.published = False
            self._hold()

    # ---------------------------------------------------------------- within

    @property
    def _size(self) -> int:
        """Bytes of a frame."""
        return int(self.rate * FRAME) * 2

    def _hold(self) -> None:
        """Presses or lets go, where there is a button; else silence follows what was said."""
        heard = self._ready and self.published and not self.muted
        if not heard:
            self._close()
        if self.push_to_talk and self._ready and heard != self._pressed:
            self._pressed = heard
            self._send(wire.TriggerTurnStart() if heard else wire.TriggerTurnEnd())

    def _close(self) -> None:
        """Sends the frame that was not full, so that no word's end is lost, and silence."""
        if self._resampler is not None:
            self._waiting += self._resampler.flush()
        if self._ready and self._waiting:
            self._frame(self._waiting)
        if self._ready and self._spoke and not self.push_to_talk:
            for _ in range(round(TAIL / FRAME)):
                self._frame(bytes(self._size))
        self._forget()

    def _forget(self) -> None:
        self._waiting, self._spoke, self._resampler = b"", False, None

    def _frame(self, pcm: bytes) -> None:
        self._spoke = True
        if self.binary:
            self._sound(pcm)
        else:
            self._send(wire.ClientAudio(wire.audio_content(pcm)))

    def _resampled(self, pcm: bytes, rate: int) -> bytes:
        if rate == self.rate:
            self._resampler = None
            return pcm
        if self._resampler is None or self._resampler.source != rate:
            # Sound that comes at the line's own rate needs no numpy.
            from duologue.client.resample import Resampler

            self._resampler = Resampler(rate, self.rate)
        return self._resampler.take(pcm)

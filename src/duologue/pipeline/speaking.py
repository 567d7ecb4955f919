"""The agent's mouth: sound goes out a third of a second ahead of the listener, never more.

Because the server keeps the pace, it can fall silent at once, knows which word was heard last,
and can say again what a lost connection swallowed, with any client and without asking it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import numpy as np
import soxr
from livekit import rtc
from livekit.agents.voice import io

from duologue.core.transcript import heard
from duologue.pipeline.stage import Stage, Tape
from duologue.pipeline.utterance import RATE, Utterance

LEAD: Final = RATE * 3 // 10
CHUNK: Final = 1536
"""96 ms: a whole number of the 128-sample blocks that Layercode's player works in."""
BLOCK: Final = 128
UNHEARD: Final = 10
"""Seconds of sound that are kept behind the listener, to be said again after a lost connection."""
ACK_GRACE: Final = 1.0
"""Seconds after the computed end in which the client's own word for it is waited for."""
TRAVEL: Final = 0.1
"""Seconds that sound is on its way to an ear, which heard that much less than the clock says."""
STALE: Final = 1.0
"""Seconds without a word of a client that tells how far it is: no more is sent to it meanwhile."""
DOUBT: Final = 1.0
"""The longest that the agent hesitates without being interrupted."""
MUTE: Final = 15.0
"""Seconds after which a client that should tell and never does is taken for one that cannot."""


class Mouth(io.AudioOutput):
    """A paced audio sink for AgentSession: pausing and finishing are idempotent."""

    def __init__(self, stage: Stage, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(
            label="duologue", capabilities=io.AudioOutputCapabilities(pause=True), sample_rate=None
        )
        self._stage = stage
        self._now = now
        self._utterance: Utterance | None = None
        self._resampler: tuple[int, soxr.ResampleStream] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._paused = False
        self._hesitating = False
        self._absent = True
        self._started = False
        self._tells = False
        self.tape: Tape | None = None
        """What keeps the sound as it is heard; none where nobody does."""

    # ------------------------------------------------------------ what AgentSession calls

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Takes the next sound of an utterance; it may come faster than it is heard."""
        await super().capture_frame(frame)
        self._open().pcm += self._resampled(frame)
        self._wake()

    def flush(self) -> None:
        """Marks the utterance as complete."""
        super().flush()
        utterance = self._utterance
        if utterance is None or utterance.complete or not utterance.total:
            return
        if self._resampler is not None:
            tail = self._resampler[1].resample_chunk(np.empty(0, dtype=np.int16), last=True)
            utterance.pcm += tail.tobytes()
            self._resampler = None
        utterance.complete = True
        self._wake()

    def clear_buffer(self) -> None:
        """Cuts the utterance off where the listener is."""
        utterance = self._utterance
        if utterance is None:
            return
        if utterance.total:
            self._finish(interrupted=True)
        else:  # words without sound were never captured as a segment
            self._utterance = None
            self._stage.finished(text="", interrupted=True, seconds=0.0)

    def pause(self) -> None:
        """Holds the utterance, however often it is asked."""
        if self._paused:
            return
        self._paused = True
        if self._hesitating:
            self._hesitating = False
            self._cancel()
        else:
            self._hush()

    def resume(self) -> None:
        """Goes on with what was not heard."""
        if self._paused:
            self._paused = False
            self._wake()

    # ------------------------------------------------------------ what the run calls

    def hesitate(self) -> bool:
        """Falls silent for a moment, if it speaks: it may be about to be interrupted."""
        utterance = self._utterance
        if utterance is None or not utterance.clock.running or self._paused or self._hesitating:
            return False
        self._hush()
        self._hesitating = True
        # A microphone that is switched off in mid-word never tells how the word ended.
        self._timer = asyncio.get_running_loop().call_later(DOUBT, self.go_on)
        return True

    def go_on(self) -> None:
        """It was nothing: what was not heard is said, unless it was paused meanwhile."""
        if self._hesitating:
            self._hesitating = False
            self._cancel()
            self._wake()

    def words(self, text: str) -> None:
        """Notes the words of the utterance, to know later which were heard."""
        if self._utterance is not None and self._utterance.text_complete:
            self.silent_end()
        self._open().text += text

    def words_end(self) -> None:
        """Notes that all words of the utterance are known."""
        if self._utterance is not None:
            self._utterance.text_complete = True

    def silent_end(self) -> None:
        """Ends an utterance that has words but no sound."""
        utterance = self._utterance
        if utterance is not None and not utterance.total:
            self._utterance = None
            self._stage.all_sent()
            self._stage.finished(text=utterance.text, interrupted=False, seconds=0.0)

    def arrive(self, *, tells: bool = False) -> None:
        """A listener is there: what waits is sent; `tells` says that it tells how far it is."""
        self._absent = False
        self._tells = tells
        self._wake()

    def hand_over(self, *, tells: bool) -> None:
        """Another listener is the one who counts: what it tells begins with a turn of its own."""
        self._hush()
        self._tells = tells
        self._wake()

    def leave(self, unheard: float = 0.0) -> None:
        """The listener is gone, and did not hear the last `unheard` seconds of what it was sent.

        One that tells how far it is heard what it told of, and no more.
        """
        if not self._absent:
            self._absent = True
            self._hush(None if self._tells else unheard + TRAVEL)
            self._stage.silenced()

    def client_stopped(self) -> None:
        """The client fell silent by itself; what it did not hear is sent again, unless cut."""
        self._hush(None if self._tells else TRAVEL)
        self._wake()

    def client_ran_dry(self) -> None:
        """The client says that it played everything; before that can be true the clock decides."""
        utterance = self._utterance
        if utterance is None or not utterance.told_end:
            return
        utterance.acknowledged = True
        self._cancel()
        self._end_of_sound(utterance, self._now())

    def client_heard(self, seconds: float) -> None:
        """The client's own word for how much it played since the turn began."""
        utterance = self._utterance
        if utterance is None:
            return
        self._tells = True
        utterance.heard(seconds, self._now())
        if utterance.told_end and not utterance.acknowledged:
            utterance.acknowledged = utterance.all_told
            self._cancel()
            self._end_of_sound(utterance, self._now())

    @property
    def busy(self) -> bool:
        """Whether an utterance is under way."""
        return self._utterance is not None

    def close(self) -> None:
        """Stops the pace; nothing is sent after it."""
        self._cancel()
        self._absent = True
        if self._utterance is not None:
            self.clear_buffer()
            self._utterance = None

    # ------------------------------------------------------------ within

    def _open(self) -> Utterance:
        if self._utterance is None:
            self._utterance = Utterance(self.tape)
            self._started = False
        return self._utterance

    def _resampled(self, frame: rtc.AudioFrame) -> bytes:
        samples = np.frombuffer(frame.data, dtype=np.int16)
        if frame.num_channels > 1:
            samples = samples.reshape(-1, frame.num_channels).mean(axis=1).astype(np.int16)
        if frame.sample_rate == RATE:
            return samples.tobytes()
        if self._resampler is None or self._resampler[0] != frame.sample_rate:
            stream = soxr.ResampleStream(frame.sample_rate, RATE, 1, dtype="int16", quality="MQ")
            self._resampler = (frame.sample_rate, stream)
        return bytes(self._resampler[1].resample_chunk(samples).tobytes())

    @property
    def _held(self) -> bool:
        return self._paused or self._hesitating or self._absent

    def _wake(self) -> None:
        if self._timer is None and not self._held:
            self._tick()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _hush(self, unheard: float | None = 0.0) -> None:
        """Stops sending and takes back what is not heard yet."""
        self._cancel()
        self._hesitating = False
        utterance = self._utterance
        if utterance is None or not utterance.clock.sent:
            return
        utterance.hold(self._now(), unheard)
        self._stage.silenced()

    def _tick(self) -> None:
        """Sends what is due and sets the timer for the next."""
        self._timer = None
        utterance = self._utterance
        if utterance is None or self._held:
            return
        now = self._now()
        clock = utterance.clock
        if self._unsure(utterance, now):
            self._timer = asyncio.get_running_loop().call_later(STALE / 4, self._tick)
            return
        while clock.ahead(now) < LEAD and self._send(utterance, now):
            pass
        if self._utterance is not utterance:
            return
        utterance.forget(clock.position(now) - UNHEARD * RATE)
        if utterance.complete and clock.sent >= utterance.total:
            self._end_of_sound(utterance, now)
        elif clock.sent < utterance.total:
            wait = (clock.ahead(now) - LEAD + CHUNK) / RATE
            self._timer = asyncio.get_running_loop().call_later(max(0.01, wait), self._tick)

    def _send(self, utterance: Utterance, now: float) -> bool:
        """Sends one chunk, if there is a whole one or the utterance is complete."""
        left = utterance.left
        if left <= 0 or (left < CHUNK and not utterance.complete):
            return False
        if utterance.complete and left < CHUNK:
            utterance.pad(-left % BLOCK)
        pcm = utterance.take(CHUNK, now)
        if not self._started:
            self._started = True
            self.on_playback_started(created_at=time.time())
        self._stage.audio(pcm)
        return True

    def _end_of_sound(self, utterance: Utterance, now: float) -> None:
        """Tells the end once, then waits for the listener's word or for the clock."""
        if not utterance.told_end:
            utterance.told_end = True
            self._stage.all_sent()
        left = utterance.clock.ahead(now) / RATE
        grace = 0.0 if utterance.acknowledged else ACK_GRACE
        self._timer = asyncio.get_running_loop().call_later(left + grace, self._deadline)

    def _deadline(self) -> None:
        self._timer = None
        utterance = self._utterance
        if utterance is None or not utterance.told_end:
            return
        if self._tells and not utterance.acknowledged and self._now() - utterance.told_at < MUTE:
            self._timer = asyncio.get_running_loop().call_later(STALE / 4, self._deadline)
        else:
            self._finish(interrupted=False)

    def _unsure(self, utterance: Utterance, now: float) -> bool:
        """Whether a client that tells how far it is has been silent: it may be gone."""
        if not self._tells or not utterance.clock.running or utterance.all_told:
            return False
        silent = now - utterance.told_at
        if silent > MUTE:
            self._tells = False
        return STALE < silent <= MUTE

    def _finish(self, *, interrupted: bool) -> None:
        """Ends the utterance exactly once and says how much of it was heard."""
        self._cancel()
        utterance, self._utterance = self._utterance, None
        self._hesitating = False
        if utterance is None:
            return
        self._resampler = None
        end = utterance.clock.position(self._now()) if interrupted else utterance.total
        utterance.over(end)
        total, position = utterance.total / RATE, end / RATE
        known = total if utterance.complete and utterance.text_complete else None
        text = heard(utterance.text, position, known) if interrupted else utterance.text
        self._stage.finished(text=text, interrupted=interrupted, seconds=position)
        self.on_playback_finished(
            playback_position=position, interrupted=interrupted, synchronized_transcript=text
        )

"""Voice detection for AgentSession that costs little: no thread, no task, no event in silence.

The model is livekit-agents' own, and so are the thresholds and the meaning of the events. What
differs is the way there. livekit-agents hands each 32 ms window to a thread and sends an event
for it through two queues: 1.9 % of a core for each stream, of which the model takes 0.15 %. Here
a pushed frame is looked at where it is pushed, and events are sent only when they tell something.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import numpy as np
import soxr
from livekit import local_inference, rtc
from livekit.agents import utils, vad

RATE: Final = 16000
WINDOW: Final = local_inference.VAD_WINDOW_SAMPLES
SECONDS: Final = WINDOW / RATE
START: Final = 0.5
"""How sure the model must be that this is speech, and in speech, that it still is: `STAY`."""
STAY: Final = 0.35
ENOUGH: Final = 0.05
"""Seconds of speech that make a beginning."""
NEAR: Final = 0.06
"""The part of the user's usual power, 12 dB less, below which sound alone does not interrupt.

A "mm-hm", other people and the radio are quieter than whoever talks to the agent. They are heard
and understood like everything else: words interrupt, however quiet.
"""
MAYBE: Final = 0.1
"""How sure the model must be of sound that is about as loud as the user: `ALIKE` of the power."""
ALIKE: Final = 0.1
BRIDGE: Final = 0.2
"""Seconds between two such sounds within a word; "excuse" has a gap of 0.1, and looks blur it."""
LONG: Final = 0.6
"""Seconds of speech from which it is taken for the user's usual voice."""
LESS: Final = 0.5
"""The part to which one quieter sentence can lower what is usual: 3 dB."""
BEFORE: Final = int(0.5 / SECONDS)
"""Windows before the beginning that are given along with speech: its first consonant."""
LONGEST: Final = int(60 / SECONDS)
"""Windows of one stretch of speech that are kept; what is said after them is not given along."""
_BYTES: Final = WINDOW * 2


class InlineVAD(vad.VAD):
    """Voice detection on the caller's own thread."""

    def __init__(self, *, min_silence_duration: float) -> None:
        super().__init__(capabilities=vad.VADCapabilities(update_interval=SECONDS))
        self.min_silence_duration = min_silence_duration
        self.on_voice: Callable[[float, float], None] = lambda speech, quiet: None
        """Told while somebody speaks: seconds since it began, and how long it is quiet already.

        Zero seconds say that it ended, or is nobody near. That is sooner than the events of
        livekit-agents, which wait until it is certain: a first syllable as loud as the user is
        told of, too.
        """

    @property
    def model(self) -> str:
        """The name of the model."""
        return "silero"

    @property
    def provider(self) -> str:
        """Whose model it is."""
        return "livekit-local-inference"

    def stream(self) -> vad.VADStream:
        """Listens to one microphone."""
        return _Stream(self)


class _Stream(vad.VADStream):
    """Speech and silence of one microphone; nothing of the base class' tasks and queues is used."""

    def __init__(self, parent: InlineVAD) -> None:
        self._parent = parent
        self._min_silence = parent.min_silence_duration
        self._model = local_inference.VAD()
        self._events = utils.aio.Chan[vad.VADEvent]()
        self._resampler: tuple[int, soxr.ResampleStream] | None = None
        self._rest = b""
        self._sound: deque[bytes] = deque(maxlen=BEFORE)
        self._speech: list[bytes] = []
        self._samples = 0
        self._speaking = False
        self._speech_seconds = 0.0
        self._loud = 0.0  # seconds of windows that sounded like speech, without a break
        self._quiet = 0.0  # and of those that did not
        self._told_quiet = False
        self._power = 0.0  # of the loudest window of this stretch of speech
        self._usual = 0.0
        self._hunch = 0.0  # seconds that may be the user's first syllable
        self._gap = 0.0

    # ------------------------------------------------------------ what livekit-agents calls

    def push_frame(self, frame: rtc.AudioFrame) -> None:
        """Looks at the next sound, and tells what changed."""
        if self._events.closed:
            raise RuntimeError("this stream of voice detection was closed")
        pcm = self._rest + self._at_16k(frame)
        told = self._speaking or self._hunch
        whole = len(pcm) - len(pcm) % _BYTES
        last: vad.VADEvent | None = None
        for start in range(0, whole, _BYTES):
            last = self._window(pcm[start : start + _BYTES]) or last
        self._rest = pcm[whole:]
        if last is not None:
            self._events.send_nowait(last)
        if told or self._speaking or self._hunch:
            quiet = min(self._quiet, self._gap) if self._hunch else self._quiet
            self._parent.on_voice(max(self._near_seconds, self._hunch), quiet)

    def flush(self) -> None:
        """Begins anew: what came before says nothing about what follows."""
        self._model.reset()
        self._rest = b""
        self._sound.clear()
        self._speech.clear()
        self._speaking = self._told_quiet = False
        self._speech_seconds = self._loud = self._quiet = self._power = 0.0
        self._hunch = self._gap = 0.0

    def end_input(self) -> None:
        """No more sound comes."""
        self.flush()
        self._events.close()

    async def aclose(self) -> None:
        """Ends the stream of events."""
        self._events.close()

    async def __anext__(self) -> vad.VADEvent:
        return await self._events.__anext__()

    def __aiter__(self) -> AsyncIterator[vad.VADEvent]:
        return self

    async def _main_task(self) -> None:
        raise RuntimeError("there is no task here: sound is looked at where it is pushed")

    # ------------------------------------------------------------ within

    def _window(self, pcm: bytes) -> vad.VADEvent | None:
        """Looks at 32 ms; tells of a change at once, and gives back what may wait for the next."""
        samples = np.frombuffer(pcm, dtype=np.int16)
        probability = self._model.predict(samples)
        self._samples += WINDOW
        self._keep(pcm)
        if self._speaking:
            self._speech_seconds += SECONDS
        power = 0.0
        if probability >= MAYBE:
            sound = samples.astype(np.float32)
            power = float(sound @ sound) / WINDOW
        self._guess(probability, power)
        if probability >= START or (self._speaking and probability > STAY):
            self._loud += SECONDS
            self._quiet = 0.0
            self._power = max(self._power, power)
            if not self._speaking and self._loud >= ENOUGH:
                self._begin()
        else:
            self._quiet += SECONDS
            self._loud = 0.0
            if not self._speaking:
                self._power = 0.0
            if self._speaking and self._quiet >= self._min_silence:
                self._end()
        silent = not self._speaking and not self._loud
        if silent and self._told_quiet:
            return None
        self._told_quiet = silent
        return self._event(
            vad.VADEventType.INFERENCE_DONE,
            probability=probability,
            speech_duration=self._near_seconds,
            raw_accumulated_silence=self._quiet,
            raw_accumulated_speech=self._loud,
        )

    def _guess(self, probability: float, power: float) -> None:
        """Follows what may become speech; it is forgotten where nothing follows."""
        near = power >= self._usual * (NEAR if probability >= START else ALIKE)
        if near and (probability >= START or (self._usual and probability >= MAYBE)):
            self._hunch += SECONDS
            self._gap = 0.0
        elif self._hunch:
            self._gap += SECONDS
            if self._gap > BRIDGE:
                self._hunch = self._gap = 0.0

    def _begin(self) -> None:
        self._speaking = True
        self._speech_seconds = self._loud
        self._speech = list(self._sound)
        self._events.send_nowait(
            self._event(vad.VADEventType.START_OF_SPEECH, frames=[self._heard()])
        )

    def _end(self) -> None:
        self._speaking = False
        self._speech_seconds = max(0.0, self._speech_seconds - self._quiet)
        if self._speech_seconds >= LONG:
            self._usual = max(self._power, self._usual * LESS)
        self._events.send_nowait(
            self._event(vad.VADEventType.END_OF_SPEECH, frames=[self._heard()])
        )
        self._speech_seconds = self._power = 0.0
        self._speech.clear()

    @property
    def _near_seconds(self) -> float:
        """How long the user speaks; of somebody further away, no time at all."""
        return self._speech_seconds if self._power >= self._usual * NEAR else 0.0

    def _keep(self, pcm: bytes) -> None:
        self._sound.append(pcm)
        if self._speaking and len(self._speech) < LONGEST:
            self._speech.append(pcm)

    def _heard(self) -> rtc.AudioFrame:
        """The speech so far, with what came shortly before it."""
        return rtc.AudioFrame(b"".join(self._speech), RATE, 1, len(self._speech) * WINDOW)

    def _event(self, kind: vad.VADEventType, **values: Any) -> vad.VADEvent:
        values.setdefault("speech_duration", self._speech_seconds)
        return vad.VADEvent(
            type=kind,
            samples_index=self._samples,
            timestamp=self._samples / RATE,
            silence_duration=self._quiet,
            speaking=self._speaking,
            **values,
        )

    def _at_16k(self, frame: rtc.AudioFrame) -> bytes:
        if frame.sample_rate == RATE:
            return bytes(frame.data)
        if self._resampler is None or self._resampler[0] != frame.sample_rate:
            stream = soxr.ResampleStream(frame.sample_rate, RATE, 1, dtype="int16", quality="LQ")
            self._resampler = (frame.sample_rate, stream)
        samples = np.frombuffer(frame.data, dtype=np.int16)
        return bytes(self._resampler[1].resample_chunk(samples).tobytes())

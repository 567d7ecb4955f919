"""The offline ear: pocketsphinx as a streaming livekit-agents STT plugin.

A stream keeps the sound since the last flush. The session flushes it when voice detection hears
the end of speech, and when a push-to-talk button is let go; only then is anything decoded. So it
needs no voice detection of its own, and an idle caller costs nothing but the buffer.
"""

from __future__ import annotations

import time
from typing import Any, Final

import numpy as np
from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectionError,
    APIConnectOptions,
    LanguageCode,
    NotGivenOr,
    stt,
    utils,
)

from duologue.agents.voices.ears import Ears
from duologue.agents.voices.recognizer import RATE, Heard
from duologue.agents.voices.written import written

LONGEST: Final = 30.0
"""Seconds of sound that one utterance may have; the oldest is forgotten."""
EDGE: Final = 0.3
"""Seconds of quiet kept before and after the speech."""


class SphinxSTT(stt.STT[Any]):
    """Hears English on this machine: an agent's phrases well, other words less well."""

    def __init__(self, ears: Ears, phrases: tuple[str, ...] = ()) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True, interim_results=False, manual_flush=True
            )
        )
        self.ears = ears
        self.phrases = phrases

    @property
    def model(self) -> str:
        """The name that usage and spans carry."""
        return "pocketsphinx-en-us"

    @property
    def provider(self) -> str:
        """Who listens: nobody outside this machine."""
        return "offline"

    def prewarm(self) -> None:
        """Starts the recognizer before the first word."""
        self.ears.prewarm(self.phrases)

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.RecognizeStream:
        """A stream of one caller."""
        return _Listening(self, conn_options)

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        frame = rtc.combine_audio_frames(buffer)
        if frame.sample_rate != RATE:
            raise ValueError(f"the offline recognizer hears {RATE} Hz, not {frame.sample_rate}")
        heard = await self.hear(bytes(frame.data))
        return _final(heard, utils.shortuuid())

    async def hear(self, pcm: bytes) -> Heard:
        """What was said, with an error that the session knows how to retry."""
        try:
            return await self.ears.hear(pcm, self.phrases)
        except (OSError, EOFError, RuntimeError) as error:
            raise APIConnectionError(f"the offline recognizer failed: {error}") from error


class _Listening(stt.RecognizeStream):
    def __init__(self, listener: SphinxSTT, conn_options: APIConnectOptions) -> None:
        super().__init__(stt=listener, conn_options=conn_options, sample_rate=RATE)
        self._listener = listener

    async def _run(self) -> None:
        kept = bytearray()
        limit = int(LONGEST * RATE) * 2
        async for given in self._input_ch:
            if isinstance(given, rtc.AudioFrame):
                kept += given.data.cast("b")
                del kept[: max(0, len(kept) - limit)]
                continue
            pcm = spoken(bytes(kept))
            kept.clear()
            heard = await self._listener.hear(pcm) if pcm else Heard("", "nothing", 0.0)
            request = utils.shortuuid()
            self._event_ch.send_nowait(_final(heard, request))
            self._event_ch.send_nowait(
                stt.SpeechEvent(
                    type=stt.SpeechEventType.RECOGNITION_USAGE,
                    request_id=request,
                    recognition_usage=stt.RecognitionUsage(audio_duration=len(pcm) / 2 / RATE),
                )
            )


def spoken(pcm: bytes) -> bytes:
    """The sound from the first to the last loud moment with a little quiet around; or nothing."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32768
    window = RATE // 50
    windows = samples[: samples.size - samples.size % window].reshape(-1, window)
    if not windows.size:
        return b""
    energy = np.sqrt(np.mean(windows**2, axis=1))
    floor = float(np.percentile(energy, 10))
    loud = np.flatnonzero(energy > max(0.004, 2.5 * floor, 0.08 * float(energy.max())))
    if not loud.size:
        return b""
    edge = int(EDGE * 50)
    first, last = max(0, int(loud[0]) - edge), int(loud[-1]) + 1 + edge
    return pcm[first * window * 2 : last * window * 2]


def _final(heard: Heard, request: str) -> stt.SpeechEvent:
    data = stt.SpeechData(
        language=LanguageCode("en"), text=written(heard.words), confidence=heard.confidence
    )
    return stt.SpeechEvent(
        type=stt.SpeechEventType.FINAL_TRANSCRIPT,
        request_id=request,
        alternatives=[data],
        created_at=time.time(),
    )

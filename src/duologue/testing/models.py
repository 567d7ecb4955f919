"""Scripted ears, mind and voice: what they say, and how long they take, is set beforehand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectOptions,
    LanguageCode,
    NotGivenOr,
    llm,
    stt,
    tts,
    utils,
)

from duologue.agents.voices.scripted import Call, ScriptedLLM

VOICE_RATE: Final = 24000
RULER_RATE: Final = 16000
"""What a client plays: nothing is resampled on the way."""
CHARACTER: Final = 0.06
"""Seconds of sound for a character: about how fast people speak."""


class ScriptedSTT(stt.STT[Any]):
    """Hears the given texts, one each time that speech ends, whatever the sound was.

    A text may be a sequence: interim texts first, the final one last.
    """

    def __init__(self, heard: Iterable[str | Sequence[str]], *, delay: float = 0.0) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True, interim_results=True, manual_flush=True, offline_recognize=False
            )
        )
        self.heard = iter(heard)
        self.delay = delay

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.RecognizeStream:
        """A stream that answers each flush."""
        return _Hearing(self, conn_options)

    async def _recognize_impl(self, *args: Any, **given: Any) -> stt.SpeechEvent:
        raise RuntimeError("ScriptedSTT only streams")


class _Hearing(stt.RecognizeStream):
    def __init__(self, script: ScriptedSTT, conn_options: APIConnectOptions) -> None:
        super().__init__(stt=script, conn_options=conn_options)
        self._script = script

    async def _run(self) -> None:
        seconds = 0.0
        async for given in self._input_ch:
            if isinstance(given, rtc.AudioFrame):
                seconds += given.duration
                continue
            if not seconds:  # the end of the input flushes once more
                continue
            heard = next(self._script.heard, "")
            texts = [heard] if isinstance(heard, str) else list(heard)
            request = utils.shortuuid()
            for text in texts[:-1]:
                self._send(stt.SpeechEventType.INTERIM_TRANSCRIPT, text, request)
            await asyncio.sleep(self._script.delay)
            self._send(stt.SpeechEventType.FINAL_TRANSCRIPT, texts[-1], request)
            self._event_ch.send_nowait(
                stt.SpeechEvent(
                    type=stt.SpeechEventType.RECOGNITION_USAGE,
                    request_id=request,
                    recognition_usage=stt.RecognitionUsage(audio_duration=seconds),
                )
            )
            seconds = 0.0

    def _send(self, kind: stt.SpeechEventType, text: str, request: str) -> None:
        self._event_ch.send_nowait(
            stt.SpeechEvent(
                type=kind,
                request_id=request,
                alternatives=[stt.SpeechData(language=LanguageCode("en"), text=text)],
                created_at=time.time(),
            )
        )


class ScriptedAnswers(ScriptedLLM):
    """Answers with the given pieces in turn, text or tool calls; then with what it heard."""

    def __init__(
        self, answers: Iterable[str | Call | Sequence[str | Call]] = (), *, delay: float = 0.0
    ) -> None:
        super().__init__()
        self._answers = iter(answers)
        self.thinks = delay
        self.talks: list[llm.ChatContext] = []
        """What it was asked, each time."""

    def answer(self, talk: llm.ChatContext, tools: frozenset[str]) -> Iterator[str | Call]:
        """The next answer of the script."""
        self.talks.append(talk.copy())
        answer = next(self._answers, None)
        if answer is None:
            said = [message.text_content for message in talk.messages() if message.role == "user"]
            answer = f"You said: {said[-1] if said else 'nothing'}"
        yield from [answer] if isinstance(answer, str | Call) else answer


class ToneTTS(tts.TTS[Any]):
    """Speaks a tone that lasts 60 ms for each character."""

    def __init__(self, *, delay: float = 0.0, hertz: float = 330.0) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False),
            sample_rate=VOICE_RATE,
            num_channels=1,
        )
        self.delay = delay
        self.hertz = hertz

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        """The tone of a text."""
        return _Tone(self, text, conn_options)


class _Tone(tts.ChunkedStream):
    def __init__(self, voice: ToneTTS, text: str, conn_options: APIConnectOptions) -> None:
        super().__init__(tts=voice, input_text=text, conn_options=conn_options)
        self._voice = voice

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=VOICE_RATE,
            num_channels=1,
            mime_type="audio/pcm",
        )
        await asyncio.sleep(self._voice.delay)
        count = round(len(self._input_text) * CHARACTER * VOICE_RATE)
        wave = np.sin(np.arange(count) * 2 * np.pi * self._voice.hertz / VOICE_RATE) * 8000
        output_emitter.push(wave.astype("<i2").tobytes())
        output_emitter.flush()


def ruler(samples: int) -> bytes:
    """Noise at 16 kHz in which every place is found again; the first samples are always these."""
    hiss = np.random.default_rng(0).standard_normal(samples) * 2000
    return hiss.astype("<i2").tobytes()


def sounding(pcm: bytes) -> int:
    """How many samples there are before the silence that fills the last block up."""
    return (len(pcm.rstrip(b"\0")) + 1) // 2  # the upper byte of a quiet sample may be a zero, too


def place(pcm: bytes, of: bytes) -> int:
    """The sample of a ruler at which a piece of it begins; of a piece that is not whole, an error.

    Silence that fills the last block up does not count.
    """
    piece = pcm[: sounding(pcm) * 2]
    found = of.find(piece)
    while found > 0 and found % 2:
        found = of.find(piece, found + 1)
    if len(piece) < 64 or found < 0:
        raise ValueError(f"{len(pcm) // 2} samples are no piece of the ruler's {len(of) // 2}")
    return found // 2


class RulerTTS(tts.TTS[Any]):
    """Speaks a ruler of 60 ms for each character: what was heard of it is known to the sample."""

    def __init__(self) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False),
            sample_rate=RULER_RATE,
            num_channels=1,
        )

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        """The ruler of a text."""
        return _Measured(self, text, conn_options)


class _Measured(tts.ChunkedStream):
    def __init__(self, voice: RulerTTS, text: str, conn_options: APIConnectOptions) -> None:
        super().__init__(tts=voice, input_text=text, conn_options=conn_options)

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=RULER_RATE,
            num_channels=1,
            mime_type="audio/pcm",
        )
        output_emitter.push(ruler(round(len(self._input_text) * CHARACTER * RULER_RATE)))
        output_emitter.flush()

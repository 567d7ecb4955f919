"""The offline voice: hibari-tts as a livekit-agents TTS plugin."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions, tts, utils

RATE: Final = 24000
LEAD: Final = RATE * 30 // 1000
"""Silence kept before the first sound; the model makes about 200 ms, and callers wait for them."""
QUIET: Final = 0.004


class VoiceBox:
    """The model and its threads, once a process; loaded when something is first said."""

    def __init__(self, threads: int = 2) -> None:
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix="hibari")
        self._lock = threading.Lock()
        self._model: Any = None

    def prewarm(self) -> None:
        """Loads the model in a thread, before the first sentence asks for it."""
        if self._model is None:
            self.threads.submit(self._load)

    def sentences(self, text: str) -> list[str]:
        """The phonemes of each sentence of a text."""
        # One at a time: the tables that turn letters into sounds are cached as they are used.
        model = self._load()
        with self._lock:
            phonemes: list[str] = model.phonemize(text)
        return phonemes

    def say(self, phonemes: str, speed: float) -> bytes:
        """One sentence as PCM16; the same phonemes make the same sound."""
        samples = self._load().from_phonemes(phonemes, speed=speed, seed=0)
        return _trimmed(np.clip(samples, -1.0, 1.0))

    def close(self) -> None:
        """Ends the threads."""
        self.threads.shutdown(wait=True, cancel_futures=True)

    def _load(self) -> Any:
        with self._lock:
            if self._model is None:
                import hibari  # 0.5 s with its runtime; a server with a key never pays

                model = hibari.Hibari()
                model.phonemize("Ready.")
                self._model = model
        return self._model


class HibariTTS(tts.TTS[Any]):
    """Speaks English, sentence by sentence, 24 kHz, on this machine."""

    def __init__(self, box: VoiceBox, *, speed: float = 1.0) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False), sample_rate=RATE, num_channels=1
        )
        self.box = box
        self.speed = speed

    @property
    def model(self) -> str:
        """The name that usage and spans carry."""
        return "hibari-heart"

    @property
    def provider(self) -> str:
        """Who speaks: nobody outside this process."""
        return "offline"

    def prewarm(self) -> None:
        """Loads the model before the first sentence."""
        self.box.prewarm()

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        """The sound of a text, beginning when its first sentence is made."""
        return _Speech(self, text, conn_options)


class _Speech(tts.ChunkedStream):
    def __init__(self, voice: HibariTTS, text: str, conn_options: APIConnectOptions) -> None:
        super().__init__(tts=voice, input_text=text, conn_options=conn_options)
        self._box = voice.box
        self._speed = voice.speed

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=utils.shortuuid(), sample_rate=RATE, num_channels=1, mime_type="audio/pcm"
        )
        box = self._box
        run = asyncio.get_running_loop().run_in_executor
        sentences = await run(box.threads, box.sentences, self._input_text)
        for phonemes in sentences:
            output_emitter.push(await run(box.threads, box.say, phonemes, self._speed))
        if not sentences:  # nothing to pronounce, such as "…": a breath
            output_emitter.push(bytes(RATE // 5 * 2))
        output_emitter.flush()


def _trimmed(samples: Any) -> bytes:
    loud = np.flatnonzero(np.abs(samples) > QUIET)
    start = max(0, int(loud[0]) - LEAD) if loud.size else 0
    pcm: bytes = (samples[start:] * 32767).astype("<i2").tobytes()
    return pcm

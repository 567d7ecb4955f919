"""The peer with an engine of its own: pipecat 1.14 with its FastAPI socket transport and Silero.

Chosen in its favour: uvicorn (websockets-sansio, uvloop, no deflate); the microphone stays at
8 kHz, which its Silero takes as it is, so nothing is resampled; the voice already speaks at
16 kHz; sound goes out in 100 ms pieces instead of its 40; RTVI, metrics, turn tracking and idle
watch are off; logs below warnings are off; the transcript is marked final, which saves its
safety wait. Its own defaults remain: speech starts after 0.2 s of voice and interrupts at once,
and sound is sent at twice the listener's pace. Turns end as everywhere here: 0.25 s of silence
by voice detection, at least 0.3 s in all.
"""
# pipecat is installed in the environment of the peers only, so its classes are unknown here.
# mypy: disable-error-code="import-not-found,misc,untyped-decorator"

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import AsyncGenerator
from typing import Any

import uvicorn
from fastapi import FastAPI, WebSocket
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import (
    BotStoppedSpeakingFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    OutputAudioRawFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings, STTSettings, TTSSettings
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.time import time_now_iso8601
from pipecat.workers.runner import WorkerRunner

from bench.conditions import (
    ADMITTED,
    ANSWER,
    AUTHORIZE,
    HEARS,
    HEARS_ONCE,
    MIC_RATE,
    MIN_DELAY,
    PIECE_SECONDS,
    QUESTION,
    SILENCE,
    SOCKET,
    SPEAKS,
    THINKS,
    VOICE_RATE,
    answer_sound,
)

SOUND = answer_sound()
WORDS = [word + " " for word in ANSWER.split()]


class Layercode(FrameSerializer):
    """The frames that the load generator speaks."""

    def __init__(self) -> None:
        super().__init__()
        self._turn = 0
        self._speaking = False

    async def serialize(self, frame: Frame) -> str | None:
        """Sound and the order to be quiet; nothing else is sent."""
        if isinstance(frame, OutputAudioRawFrame):
            if not self._speaking:
                self._speaking = True
                self._turn += 1
            content = base64.b64encode(frame.audio).decode("ascii")
            return json.dumps(
                {"type": "response.audio", "content": content, "turn_id": f"a{self._turn}"}
            )
        if isinstance(frame, InterruptionFrame):
            self._speaking = False
            return json.dumps({"type": "turn.start", "role": "user", "turn_id": f"u{self._turn}"})
        if isinstance(frame, BotStoppedSpeakingFrame):
            self._speaking = False
        return None

    async def deserialize(self, data: str | bytes) -> Frame | None:
        """The microphone's sound."""
        message = json.loads(data)
        if message["type"] != "client.audio":
            return None
        return InputAudioRawFrame(
            audio=base64.b64decode(message["content"]), sample_rate=MIC_RATE, num_channels=1
        )


class StubSTT(STTService):
    """Gives the same final transcript a fixed time after voice detection's end."""

    def __init__(self) -> None:
        super().__init__(
            ttfs_p99_latency=HEARS + SILENCE,
            settings=STTSettings(model=None, language=None),
        )
        self._answered = False

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        """Sound goes to the model; nothing comes back yet."""
        yield None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Answers the end of speech."""
        await super().process_frame(frame, direction)
        if isinstance(frame, VADUserStoppedSpeakingFrame):
            self.create_task(self._heard())

    async def _heard(self) -> None:
        await asyncio.sleep(HEARS)
        if HEARS_ONCE and self._answered:
            return
        self._answered = True
        frame = TranscriptionFrame(QUESTION, "", time_now_iso8601())
        frame.finalized = True
        await self.push_frame(frame)


class StubLLM(LLMService):
    """Gives the same answer, word by word, a fixed time after it was asked."""

    def __init__(self) -> None:
        given = dict.fromkeys(
            (
                *("model", "system_instruction", "temperature", "max_tokens", "top_p", "top_k"),
                *("frequency_penalty", "presence_penalty", "seed", "user_turn_completion_config"),
            )
        )
        super().__init__(settings=LLMSettings(**given, filter_incomplete_user_turns=False))

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Answers a context, passes on everything else."""
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        await self.push_frame(LLMFullResponseStartFrame())
        await asyncio.sleep(THINKS)
        for word in WORDS:
            await self.push_frame(LLMTextFrame(word))
        await self.push_frame(LLMFullResponseEndFrame())


class StubTTS(TTSService):
    """Gives the same sound, from a fixed time after the sentence came."""

    def __init__(self) -> None:
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            sample_rate=VOICE_RATE,
            settings=TTSSettings(model=None, voice=None, language=None),
        )

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """The pieces of the sound."""
        await asyncio.sleep(SPEAKS)
        for piece in SOUND:
            yield TTSAudioRawFrame(piece, VOICE_RATE, 1, context_id=context_id)
            await asyncio.sleep(PIECE_SECONDS)


app = FastAPI()


@app.post(AUTHORIZE)
async def authorize() -> dict[str, Any]:
    """Lets everybody in."""
    return ADMITTED


@app.websocket(SOCKET)
async def serve(socket: WebSocket) -> None:
    """One socket is one pipeline."""
    await socket.accept()
    serializer = Layercode()
    transport = FastAPIWebsocketTransport(
        websocket=socket,
        params=FastAPIWebsocketParams(
            audio_in_enabled=True,
            audio_in_sample_rate=MIC_RATE,
            audio_out_enabled=True,
            audio_out_sample_rate=VOICE_RATE,
            audio_out_10ms_chunks=10,
            serializer=serializer,
        ),
    )
    user, assistant = LLMContextAggregatorPair(
        LLMContext(),
        user_params=LLMUserAggregatorParams(
            vad_analyzer=SileroVADAnalyzer(
                sample_rate=MIC_RATE, params=VADParams(stop_secs=SILENCE)
            ),
            user_turn_strategies=UserTurnStrategies(
                start=[VADUserTurnStartStrategy()],
                stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=MIN_DELAY - SILENCE)],
            ),
        ),
    )
    pipeline = Pipeline(
        [
            *(transport.input(), StubSTT(), user, StubLLM(), StubTTS()),
            *(transport.output(), assistant),
        ]
    )
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(audio_in_sample_rate=MIC_RATE, audio_out_sample_rate=VOICE_RATE),
        enable_rtvi=False,
        enable_turn_tracking=False,
        idle_timeout_secs=None,
    )

    @transport.event_handler("on_client_disconnected")
    async def _gone(transport: Any, client: Any) -> None:
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, level="ERROR")
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        loop="uvloop",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_level="error",
        access_log=False,
    )

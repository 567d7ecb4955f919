"""Models that take fixed times and no processor, as livekit-agents plugins: for us and the peer."""

from __future__ import annotations

import asyncio
from typing import Any

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

from bench.conditions import (
    ANSWER,
    HEARS,
    HEARS_ONCE,
    PIECE_SECONDS,
    QUESTION,
    SPEAKS,
    THINKS,
    VOICE_RATE,
    answer_sound,
)

SOUND = answer_sound()
WORDS = [word + " " for word in ANSWER.split()]


class StubSTT(stt.STT[Any]):
    """Streams; gives the same final transcript a fixed time after voice detection's end."""

    def __init__(self) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True, interim_results=False, manual_flush=True, offline_recognize=False
            )
        )

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.RecognizeStream:
        """A stream that answers each flush."""
        return _Hearing(stt=self, conn_options=conn_options)

    async def _recognize_impl(self, *args: Any, **given: Any) -> stt.SpeechEvent:
        raise RuntimeError("StubSTT only streams")


class _Hearing(stt.RecognizeStream):
    async def _run(self) -> None:
        heard = answered = False
        async for given in self._input_ch:
            if isinstance(given, rtc.AudioFrame):
                heard = True
                continue
            if not heard:  # the end of the input flushes once more
                continue
            heard = False
            await asyncio.sleep(HEARS)
            text = "" if HEARS_ONCE and answered else QUESTION
            answered = True
            data = stt.SpeechData(language=LanguageCode("en"), text=text)
            self._event_ch.send_nowait(
                stt.SpeechEvent(type=stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=[data])
            )


class StubLLM(llm.LLM[Any]):
    """Gives the same answer, word by word, a fixed time after it was asked."""

    def chat(self, *, chat_ctx: llm.ChatContext, **given: Any) -> llm.LLMStream:
        """The stream of the answer."""
        conn_options = given.get("conn_options", DEFAULT_API_CONNECT_OPTIONS)
        tools = list(given.get("tools") or ())
        return _Thinking(self, chat_ctx=chat_ctx, tools=tools, conn_options=conn_options)


class _Thinking(llm.LLMStream):
    async def _run(self) -> None:
        request = utils.shortuuid()
        await asyncio.sleep(THINKS)
        for word in WORDS:
            delta = llm.ChoiceDelta(role="assistant", content=word)
            self._event_ch.send_nowait(llm.ChatChunk(id=request, delta=delta))


class StubTTS(tts.TTS[Any]):
    """Streams the same sound, from a fixed time after the first word on."""

    def __init__(self) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=True),
            sample_rate=VOICE_RATE,
            num_channels=1,
        )

    def synthesize(self, text: str, **given: Any) -> tts.ChunkedStream:
        """Not used: a session streams."""
        raise RuntimeError("StubTTS only streams")

    def stream(
        self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.SynthesizeStream:
        """A stream that speaks once it got a word."""
        return _Speaking(tts=self, conn_options=conn_options)


class _Speaking(tts.SynthesizeStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        request = utils.shortuuid()
        output_emitter.initialize(
            request_id=request,
            sample_rate=VOICE_RATE,
            num_channels=1,
            mime_type="audio/pcm",
            stream=True,
        )
        async for given in self._input_ch:
            if isinstance(given, str):
                break
        else:
            return
        self._mark_started()
        output_emitter.start_segment(segment_id=request)
        await asyncio.sleep(SPEAKS)
        for piece in SOUND:
            output_emitter.push(piece)
            await asyncio.sleep(PIECE_SECONDS)
        output_emitter.end_segment()
        async for _ in self._input_ch:
            pass

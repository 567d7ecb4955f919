"""Ears, mind and voice that go wrong as providers do: late, failing, hanging, mad, or cut off."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, Final, Literal

from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectionError,
    APIConnectOptions,
    APIStatusError,
    NotGivenOr,
    llm,
    stt,
    tts,
    utils,
)

from duologue.agents.voices.scripted import Call
from duologue.testing import models
from duologue.testing.models import RULER_RATE, ScriptedAnswers, ScriptedSTT, ruler

Fault = Literal["slow", "once", "fail", "hang", "mad", "cut"]
"""Late; failing at the first try only; failing always; silent for ever; nonsense; half of it."""
SLOW: Final = 0.5
HALF: Final = "The first half of this is heard,"
MADNESS: Final = "<script>\x00\x1b[2J\u202e\ud7ff\U0001f600"


class Trouble:
    """A fault that lasts for one request, with all its retries, or for ever."""

    def __init__(self, fault: Fault, *, lasts: bool = False) -> None:
        self.fault = fault
        self._lasts = lasts
        self._begun = False

    async def strike(self) -> bool:
        """Does what the fault does before anything comes; tells whether it goes on from there."""
        if self._begun and not self._lasts and self.fault != "fail":
            return False
        first, self._begun = not self._begun, True
        match self.fault:
            case "slow":
                await asyncio.sleep(SLOW)
                return False
            case "once" if first:
                raise APIConnectionError("the line to the provider broke")
            case "fail" if first or self._lasts:
                raise APIStatusError("no such model", status_code=404, retryable=False)
            case "hang":
                await asyncio.Event().wait()
            case _:
                pass
        return self.fault in ("mad", "cut")


class FaultyMind(ScriptedAnswers):
    """A language model with a fault in its first answer."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__()
        self.trouble = trouble

    def chat(self, *, chat_ctx: llm.ChatContext, **given: Any) -> llm.LLMStream:
        """An answer that may go wrong."""
        tools = list(given.get("tools") or ())
        options = given.get("conn_options", DEFAULT_API_CONNECT_OPTIONS)
        return _Thought(self, chat_ctx, tools, options)

    def pieces(self, talk: llm.ChatContext) -> Iterator[str | Call]:
        """The good answer."""
        return self.answer(talk, frozenset())


class _Thought(llm.LLMStream):
    def __init__(
        self,
        mind: FaultyMind,
        talk: llm.ChatContext,
        tools: list[llm.Tool],
        options: APIConnectOptions,
    ) -> None:
        super().__init__(mind, chat_ctx=talk, tools=tools, conn_options=options)
        self._mind = mind

    async def _run(self) -> None:
        if await self._mind.trouble.strike():
            if self._mind.trouble.fault == "mad":
                call = llm.FunctionToolCall(name="no_such_tool", arguments="{[", call_id="call_1")
                self._say(content=MADNESS, tool_calls=[call])
                return
            self._say(content=HALF)
            raise APIConnectionError("the stream broke off", retryable=False)
        for piece in self._mind.pieces(self._chat_ctx):
            self._say(content=str(piece))

    def _say(self, **delta: Any) -> None:
        said = llm.ChoiceDelta(role="assistant", **delta)
        self._event_ch.send_nowait(llm.ChatChunk(id=utils.shortuuid(), delta=said))


class FaultyVoice(tts.TTS[Any]):
    """A voice with a fault in its first sentence; what it says well is a ruler."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False),
            sample_rate=RULER_RATE,
            num_channels=1,
        )
        self.trouble = trouble

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        """A sentence that may go wrong."""
        return _Sentence(self, text, conn_options)


class _Sentence(tts.ChunkedStream):
    def __init__(self, voice: FaultyVoice, text: str, options: APIConnectOptions) -> None:
        super().__init__(tts=voice, input_text=text, conn_options=options)
        self._voice = voice

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        goes_on = await self._voice.trouble.strike()
        output_emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=RULER_RATE,
            num_channels=1,
            mime_type="audio/pcm",
        )
        sound = ruler(round(len(self._input_text) * models.CHARACTER * RULER_RATE))
        if goes_on and self._voice.trouble.fault == "mad":
            output_emitter.push(b"<html>502 Bad Gateway</html>!")  # an odd number of bytes
        elif goes_on:
            output_emitter.push(sound[: len(sound) // 4 * 2])
            output_emitter.flush()
            raise APIConnectionError("the stream broke off", retryable=False)
        else:
            output_emitter.push(sound)
        output_emitter.flush()


class FaultyEar(ScriptedSTT):
    """A recognizer with a fault in the first stream; later ones hear what the script says."""

    def __init__(self, trouble: Trouble, heard: list[str]) -> None:
        super().__init__(heard)
        self.trouble = trouble

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.RecognizeStream:
        """A stream that may go wrong when it is asked what was said."""
        good = super().stream(language=language, conn_options=conn_options)
        trouble, run = self.trouble, good._run

        async def faulty() -> None:
            if await trouble.strike() and trouble.fault == "mad":
                self.heard = iter([MADNESS, *list(self.heard)[1:]])
            await run()

        good._run = faulty  # type: ignore[method-assign]  # of this one stream
        return good

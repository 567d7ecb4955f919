"""What a person says into a microphone, in words: by the same model that the agent hears with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import structlog
from livekit import rtc
from livekit.agents import stt

from duologue.agents.voices.vad import InlineVAD

log = structlog.get_logger(__name__)

QUIET: Final = 0.6
"""Seconds of silence after which a model that takes whole recordings is given one."""
CLOSING: Final = 5.0
"""Seconds in which the last words are waited for when no more sound comes."""


class Understanding:
    """One stream of speech; a model that fails leaves sound without words, and nothing else."""

    def __init__(self, model: stt.STT[Any], understood: Callable[[str], None]) -> None:
        self._understood = understood
        self._flushes = model.capabilities.streaming and model.capabilities.manual_flush
        whole = InlineVAD(min_silence_duration=QUIET)
        streams = model if model.capabilities.streaming else stt.StreamAdapter(stt=model, vad=whole)
        self._stream = streams.stream()
        self._reading = asyncio.create_task(self._read())
        self._closing: asyncio.Task[None] | None = None

    def hear(self, frame: rtc.AudioFrame) -> None:
        """The next sound."""
        if not self._reading.done() and self._closing is None:
            self._stream.push_frame(frame)

    def flush(self) -> None:
        """A stretch of speech is over: its words are wanted now."""
        if self._flushes and not self._reading.done() and self._closing is None:
            self._stream.flush()

    def close(self, done: Callable[[], None]) -> None:
        """No more sound comes; what was said before it is still understood, and then it is done."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
            self._closing.add_done_callback(lambda _: done())

    def forget(self) -> None:
        """Nobody wants to know any more."""
        self._understood = _nothing

    async def aclose(self) -> None:
        """Ends at once."""
        self.forget()
        if self._closing is not None:
            self._closing.cancel()
            await asyncio.wait([self._closing])
        self._reading.cancel()
        await asyncio.wait([self._reading])
        await self._stream.aclose()

    # ------------------------------------------------------------ within

    async def _read(self) -> None:
        try:
            async for event in self._stream:
                if event.type == stt.SpeechEventType.FINAL_TRANSCRIPT and event.alternatives:
                    text = event.alternatives[0].text.strip()
                    if text:
                        self._understood(text)
        except Exception as error:
            log.warning("person not understood", error=type(error).__name__)

    async def _close(self) -> None:
        if not self._reading.done():
            self._stream.end_input()
            await asyncio.wait([self._reading], timeout=CLOSING)
        self._reading.cancel()
        await asyncio.wait([self._reading])
        await self._stream.aclose()


def _nothing(text: str) -> None:
    """It is not wanted."""

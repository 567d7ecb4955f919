"""A session of livekit-agents that is spoken to: real sound goes in and out, in real time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final

from livekit import rtc
from livekit.agents import AgentSession, ChatMessage, ConversationItemAddedEvent, inference
from livekit.agents.voice import io
from tests.trace.receiver import until

from duologue.testing.models import ScriptedAnswers, ScriptedSTT, ToneTTS
from duologue.testing.speech import speak

RATE: Final = 16000
PIECE: Final = RATE // 50
PATIENCE: Final = 120.0


class Microphone(io.AudioInput):
    """Hears silence, and speech whenever a test speaks."""

    def __init__(self) -> None:
        super().__init__(label="microphone")
        self._sound = b""
        self._due = 0.0

    def speak(self, words: str) -> None:
        """Is spoken into."""
        self._sound += speak(words).at(RATE).pcm

    async def __anext__(self) -> rtc.AudioFrame:
        now = asyncio.get_running_loop().time()
        self._due = max(self._due, now - 1) + PIECE / RATE
        await asyncio.sleep(self._due - now)
        piece, self._sound = self._sound[: 2 * PIECE], self._sound[2 * PIECE :]
        return rtc.AudioFrame(piece.ljust(2 * PIECE, b"\0"), RATE, 1, PIECE)


class Speaker(io.AudioOutput):
    """Plays as long as it takes to hear, and falls silent where it is told to."""

    def __init__(self) -> None:
        super().__init__(
            label="speaker", capabilities=io.AudioOutputCapabilities(pause=False), sample_rate=RATE
        )
        self._began = self._seconds = 0.0
        self._end: asyncio.TimerHandle | None = None

    @property
    def played(self) -> float:
        """Seconds of what sounds that were heard."""
        if not self._seconds:
            return 0.0
        return min(self._seconds, asyncio.get_running_loop().time() - self._began)

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Takes the next sound."""
        await super().capture_frame(frame)
        if not self._seconds:
            self._began = asyncio.get_running_loop().time()
            self.on_playback_started(created_at=time.time())
        self._seconds += frame.duration

    def flush(self) -> None:
        """All of the segment is here."""
        super().flush()
        if self._seconds:
            over = self._began + self._seconds
            self._end = asyncio.get_running_loop().call_at(over, self._finish)

    def clear_buffer(self) -> None:
        """Falls silent."""
        if self._seconds:
            self._finish(interrupted=True)

    def _finish(self, *, interrupted: bool = False) -> None:
        if self._end is not None:
            self._end.cancel()
        heard = self.played if interrupted else self._seconds
        self._seconds, self._end = 0.0, None
        self.on_playback_finished(playback_position=heard, interrupted=interrupted)


class Talk:
    """A session with ears and a voice, of which nothing is started yet."""

    def __init__(self, heard: Sequence[str], answers: Sequence[Any]) -> None:
        self.session: AgentSession[Any] = AgentSession(
            stt=ScriptedSTT(heard, delay=0.05),
            llm=ScriptedAnswers(answers, delay=0.05),
            tts=ToneTTS(delay=0.05),
            vad=inference.VAD(),
            turn_handling={
                "turn_detection": "vad",
                "interruption": {"resume_false_interruption": False},
            },
            aec_warmup_duration=None,
        )
        self.microphone, self.speaker = Microphone(), Speaker()
        self.session.input.audio, self.session.output.audio = self.microphone, self.speaker
        self._said = 0
        self.session.on("conversation_item_added", self._added)

    async def hears(self, words: str, *, playing: float = 0.0) -> None:
        """The user says something, perhaps when so many seconds of an answer have sounded."""
        await until(lambda: self.speaker.played >= playing, PATIENCE)
        self.microphone.speak(words)

    async def says(self, count: int) -> None:
        """The agent has said so many answers, whole or as far as it came."""
        await until(lambda: self._said >= count, PATIENCE)

    def _added(self, event: ConversationItemAddedEvent) -> None:
        self._said += isinstance(event.item, ChatMessage) and event.item.role == "assistant"

"""An agent of livekit-agents in this process: joins a room by itself, with scripted models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import numpy as np
from livekit import api, rtc
from livekit.agents import Agent, AgentSession, LanguageCode, stt
from livekit.agents.voice import room_io
from tests.rooms.livekit import LiveKit

from duologue.client.session import Session
from duologue.client.tokens import TokenSource
from duologue.testing.models import ScriptedAnswers, ToneTTS

PATIENCE = 60.0
LOUD = 500.0
"""Energy of PCM16 above which somebody speaks."""


class LoudSTT(stt.STT[Any]):
    """Hears the given texts, one each time that it was loud and then quiet."""

    def __init__(self, texts: Sequence[str]) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=True))
        self.texts = iter(texts)
        self.seconds = 0.0
        """How much loud sound it got."""

    def stream(self, **given: Any) -> stt.RecognizeStream:
        """A stream that listens for loudness."""
        return _Listening(self, given["conn_options"])

    async def _recognize_impl(self, *args: Any, **given: Any) -> stt.SpeechEvent:
        raise RuntimeError("LoudSTT only streams")


class _Listening(stt.RecognizeStream):
    def __init__(self, ears: LoudSTT, conn_options: Any) -> None:
        super().__init__(stt=ears, conn_options=conn_options)
        self._ears = ears

    async def _run(self) -> None:
        speaking, quiet, text = False, 0.0, ""
        async for frame in self._input_ch:
            if not isinstance(frame, rtc.AudioFrame):
                continue
            samples = np.frombuffer(bytes(frame.data), dtype="<i2").astype(float)
            loud = samples.size and float(np.sqrt(np.mean(samples**2))) > LOUD
            if loud:
                self._ears.seconds += frame.duration
            if loud and not speaking:
                text = next(self._ears.texts, "")
                speaking = True
                self._send(stt.SpeechEventType.START_OF_SPEECH, "")
                if text:
                    self._send(stt.SpeechEventType.INTERIM_TRANSCRIPT, text.split()[0])
            quiet = 0.0 if loud else quiet + frame.duration
            if speaking and quiet > 0.4:
                speaking = False
                if text:
                    self._send(stt.SpeechEventType.FINAL_TRANSCRIPT, text)
                self._send(stt.SpeechEventType.END_OF_SPEECH, "")

    def _send(self, kind: stt.SpeechEventType, text: str) -> None:
        said = [stt.SpeechData(language=LanguageCode("en"), text=text)] if text else []
        self._event_ch.send_nowait(stt.SpeechEvent(type=kind, alternatives=said))


class StubAgent:
    """One agent in one room."""

    def __init__(
        self,
        livekit: LiveKit,
        room: str,
        *,
        heard: Sequence[str] = (),
        answers: Sequence[Any] = (),
        greeting: str = "",
        identity: str = "",
        encryption: rtc.E2EEOptions | None = None,
        attributes: dict[str, str] | None = None,
    ) -> None:
        self.livekit = livekit
        self.name = room
        self.identity = identity or f"agent-{uuid4().hex[:8]}"
        self.ears = LoudSTT(heard)
        self.mind = ScriptedAnswers(answers)
        self.room = rtc.Room()
        self.session: AgentSession[Any] = AgentSession(
            stt=self.ears, llm=self.mind, tts=ToneTTS(), turn_detection="stt", vad=None,
            aec_warmup_duration=None,
        )  # fmt: skip
        self._greeting = greeting
        self._encryption = encryption
        self._attributes = attributes or {}

    def token(self) -> str:
        """The agent's own token: without its kind LiveKit's clients would pass over it."""
        grants = api.VideoGrants(
            room_join=True, room=self.name, agent=True, can_update_own_metadata=True
        )
        made = api.AccessToken(self.livekit.api_key, self.livekit.api_secret)
        made = made.with_identity(self.identity).with_kind("agent").with_grants(grants)
        return made.with_attributes(self._attributes).to_jwt()

    async def join(self) -> None:
        """Joins its room, as a job of a worker would."""
        options = rtc.RoomOptions(encryption=self._encryption)
        async with asyncio.timeout(PATIENCE):
            await self.room.connect(self.livekit.url, self.token(), options)
            await self.session.start(
                Agent(instructions="be brief"),
                room=self.room,
                room_options=room_io.RoomOptions(close_on_disconnect=False),
                session_host=False,
            )
        if self._greeting:
            self.session.say(self._greeting)

    async def leave(self) -> None:
        """Goes away."""
        async with asyncio.timeout(PATIENCE):
            await self.session.aclose()
            await self.room.disconnect()


@asynccontextmanager
async def stub(livekit: LiveKit, room: str, **given: Any) -> AsyncIterator[StubAgent]:
    """An agent that is in its room."""
    agent = StubAgent(livekit, room, **given)
    await agent.join()
    try:
        yield agent
    finally:
        await agent.leave()


def session_to(livekit: LiveKit, name: str, identity: str = "ann", **given: Any) -> Session:
    """A session whose token opens this room, another token for each start."""

    def give() -> dict[str, str]:
        return {"server_url": livekit.url, "participant_token": livekit.token(name, identity)}

    return Session(TokenSource.literal(give), **given)


class Tone:
    """A microphone that hears silence, and a tone whenever a test says so; in real time."""

    def __init__(self, rate: int = 16000) -> None:
        self.rate = rate
        self.closed = False
        self._loud = 0
        time = np.arange(rate // 50) / rate
        self._tone = (np.sin(2 * np.pi * 440 * time) * 12000).astype("<i2").tobytes()

    def speak(self, seconds: float) -> None:
        """Is loud for so long."""
        self._loud += int(seconds * 50)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self.closed:
            due += 0.02
            await asyncio.sleep(max(0.0, due - loop.time()))
            loud, self._loud = self._loud > 0, max(0, self._loud - 1)
            yield self._tone if loud else bytes(len(self._tone))

    async def aclose(self) -> None:
        """Hears nothing more."""
        self.closed = True


def fresh() -> str:
    """The name of a new room."""
    return f"room-{uuid4().hex[:8]}"


def loudness(pcm: bytes) -> int:
    """The loudest sample of PCM16."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(int)
    return int(np.abs(samples).max()) if samples.size else 0


async def until(true: Any, within: float = PATIENCE) -> None:
    """Returns as soon as something is true."""
    async with asyncio.timeout(within):
        while not true():  # noqa: ASYNC110  # whatever a test asks, nothing tells all of it
            await asyncio.sleep(0.02)

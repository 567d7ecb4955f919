"""The peer that shares our engine: a plain AgentSession server, as a good engineer writes one.

livekit-agents 1.8.9 behind a Starlette socket on uvicorn (websockets-sansio, uvloop, no deflate).
Chosen in its favour: microphone messages go into the session as they come, resampled once with
soxr; one thread pool for voice detection; no TranscriptSynchronizer (it costs a quarter of the
interpreter's time); sound goes out in 100 ms pieces, at most 0.3 s ahead of the listener; the
turns are the same as ours; interruptions are livekit's own defaults (0.5 s of speech). No
history, no database, no authorization: the socket opens at once.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import soxr
import uvicorn
from livekit import rtc
from livekit.agents import Agent, AgentSession, inference
from livekit.agents.voice import io
from livekit.agents.voice.events import AgentStateChangedEvent, UserStateChangedEvent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bench.conditions import ADMITTED, AUTHORIZE, MIC_RATE, MIN_DELAY, SILENCE, SOCKET
from bench.stubs import StubLLM, StubSTT, StubTTS

RATE = 16000
LEAD = 0.3
PIECE = RATE // 10
POOL = ThreadPoolExecutor(2)
TASKS: set[asyncio.Future[None]] = set()


class Microphone(io.AudioInput):
    """A queue of frames."""

    def __init__(self) -> None:
        super().__init__(label="microphone")
        self._queue: asyncio.Queue[rtc.AudioFrame | None] = asyncio.Queue()
        self._resampler = soxr.ResampleStream(MIC_RATE, RATE, 1, dtype="int16", quality="MQ")

    def push(self, pcm: bytes) -> None:
        """Takes one message's sound."""
        samples = self._resampler.resample_chunk(np.frombuffer(pcm, dtype=np.int16))
        if samples.size:
            self._queue.put_nowait(rtc.AudioFrame(samples.tobytes(), RATE, 1, samples.size))

    def end(self) -> None:
        """Nothing more comes."""
        self._queue.put_nowait(None)

    async def __anext__(self) -> rtc.AudioFrame:
        frame = await self._queue.get()
        if frame is None:
            raise StopAsyncIteration
        return frame


class Speaker(io.AudioOutput):
    """Sends sound at the pace of the listener; what a pause left unheard is sent again."""

    def __init__(self, socket: WebSocket) -> None:
        super().__init__(
            label="speaker",
            capabilities=io.AudioOutputCapabilities(pause=True),
            sample_rate=RATE,
        )
        self._socket = socket
        self._sound = bytearray()
        self._sent = 0
        self._until = 0.0
        self._complete = False
        self._started = False
        self._turn = 0
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._running = asyncio.Event()
        self._running.set()

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Takes the next sound."""
        await super().capture_frame(frame)
        if self._task is None:
            self._sound.clear()
            self._sent, self._until = 0, 0.0
            self._complete = self._started = False
            self._turn += 1
            self._task = asyncio.create_task(self._play())
        self._sound += frame.data
        self._news.set()

    def flush(self) -> None:
        """Marks the end of the segment."""
        super().flush()
        self._complete = True
        self._news.set()

    def clear_buffer(self) -> None:
        """Stops the segment where the listener is."""
        if self._task is not None:
            self._task.cancel()
            self._finish(interrupted=True)

    def pause(self) -> None:
        """Stops sending; the client is told to be quiet, and hears the rest under a new turn."""
        if self._running.is_set():
            self._running.clear()
            self._sent -= int(self._ahead() * RATE) * 2
            self._until = 0.0
            tell(self._socket, "turn.start", "user", f"u{self._turn}")
            self._turn += 1

    def resume(self) -> None:
        """Goes on."""
        self._running.set()

    def _ahead(self) -> float:
        """Seconds that were sent and are not heard yet."""
        return max(0.0, self._until - time.monotonic())

    def _finish(self, *, interrupted: bool) -> None:
        heard = self._sent / 2 / RATE - self._ahead()
        if interrupted and self._ahead():
            tell(self._socket, "turn.start", "user", f"u{self._turn}")
        self._task = None
        self._running.set()
        self.on_playback_finished(playback_position=heard, interrupted=interrupted)

    async def _play(self) -> None:
        while True:
            await self._running.wait()
            left = len(self._sound) - self._sent
            if left < PIECE * 2 and not self._complete:
                self._news.clear()
                await self._news.wait()
                continue
            if not left:
                await asyncio.sleep(self._ahead())
                if self._sent == len(self._sound):  # no pause took something back meanwhile
                    break
                continue
            if (ahead := self._ahead()) > LEAD:
                await asyncio.sleep(ahead - LEAD)
                continue
            piece = bytes(self._sound[self._sent : self._sent + PIECE * 2])
            self._sent += len(piece)
            self._until = max(self._until, time.monotonic()) + len(piece) / 2 / RATE
            if not self._started:
                self._started = True
                self.on_playback_started(created_at=time.time())
            message = {
                "type": "response.audio",
                "content": base64.b64encode(piece).decode("ascii"),
                "turn_id": f"a{self._turn}",
            }
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await self._socket.send_text(json.dumps(message))
        self._finish(interrupted=False)


def tell(socket: WebSocket, kind: str, role: str, turn_id: str = "") -> None:
    """Sends a word about turns, if anybody is there."""

    async def send() -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            message = {"type": kind, "role": role, "turn_id": turn_id}
            await socket.send_text(json.dumps(message))

    task = asyncio.ensure_future(send())
    TASKS.add(task)
    task.add_done_callback(TASKS.discard)


async def serve(socket: WebSocket) -> None:
    """One socket is one session."""
    await socket.accept()
    session: AgentSession[None] = AgentSession(
        stt=StubSTT(),
        llm=StubLLM(),
        tts=StubTTS(),
        vad=inference.VAD(executor=POOL, min_silence_duration=SILENCE),
        aec_warmup_duration=None,
        turn_handling={
            "turn_detection": "vad",
            "endpointing": {"min_delay": MIN_DELAY, "max_delay": 3.0},
        },
    )

    @session.on("user_state_changed")
    def _user(event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking" and session.agent_state != "speaking":
            tell(socket, "turn.start", "user")

    @session.on("agent_state_changed")
    def _agent(event: AgentStateChangedEvent) -> None:
        if event.old_state == "speaking":
            tell(socket, "turn.end", "assistant")

    microphone = Microphone()
    session.input.audio = microphone
    session.output.audio = Speaker(socket)
    await session.start(Agent(instructions="Be brief."))
    try:
        while True:
            message: dict[str, Any] = json.loads(await socket.receive_text())
            if message["type"] == "client.audio":
                microphone.push(base64.b64decode(message["content"]))
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        microphone.end()
        await session.aclose()


async def authorize(request: Request) -> JSONResponse:
    """Lets everybody in."""
    return JSONResponse(ADMITTED)


if __name__ == "__main__":
    uvicorn.run(
        Starlette(
            routes=[Route(AUTHORIZE, authorize, methods=["POST"]), WebSocketRoute(SOCKET, serve)]
        ),
        port=int(sys.argv[1]),
        loop="uvloop",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_level="error",
        access_log=False,
    )

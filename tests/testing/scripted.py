"""A line with a script instead of an agent: enough of the protocol to test a caller against."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any, Self

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from duologue.testing.speech import Recording, tone

Script = Callable[["Line"], Awaitable[None]]


def buzz(seconds: float) -> Recording:
    """Something like a throat, at once and without silence before it: 120 Hz and its overtones."""
    time = np.arange(int(seconds * 16000)) / 16000
    wave = np.sum([np.sin(2 * np.pi * 120 * n * time) / n for n in range(1, 20)], axis=0)
    return Recording((wave * 2500).astype("<i2").tobytes(), 16000)


class Line:
    """One socket, as the script sees it."""

    def __init__(self, socket: WebSocket, *, binary: bool = False) -> None:
        self._socket = socket
        self._binary = binary
        self.heard: list[dict[str, Any]] = []
        """What came; a binary frame is a message of the type `sound`."""
        self._news = asyncio.Condition()

    async def send(self, kind: str, turn: str = "", **fields: Any) -> None:
        """Sends a message of the protocol."""
        message = {"type": kind, "turn_id": turn, **fields}
        await self._socket.send_text(json.dumps(message))

    async def sound(self, turn: str, samples: int) -> None:
        """Sends that many samples of a tone as one chunk."""
        pcm = tone(samples / 16000 + 0.001, rate=16000).pcm[: samples * 2]
        if self._binary:
            await self._socket.send_bytes(pcm)
        else:
            await self.send("response.audio", turn, content=base64.b64encode(pcm).decode())

    async def speak(self, turn: str, text: str, samples: int) -> None:
        """Sends a whole answer up to its `response.end`."""
        await self.send("turn.start", turn, role="assistant")
        await self.send("response.text", turn, content=text)
        await self.sound(turn, samples)
        await self.send("response.end", turn)

    async def until(self, kind: str, count: int = 1) -> dict[str, Any]:
        """Waits for the `count`th message of a type from the caller."""
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(lambda: len(self.of(kind)) >= count)
        return self.of(kind)[count - 1]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The messages of a type that came so far."""
        return [message for message in self.heard if message["type"] == kind]

    async def close(self, code: int) -> None:
        """Closes from this side."""
        await self._socket.close(code)

    async def read(self) -> None:
        """Takes what comes until the caller is gone."""
        while True:
            event = await self._socket.receive()
            message: dict[str, Any]
            if event["type"] == "websocket.disconnect":
                message = {"type": "gone", "code": event["code"]}
            elif (pcm := event.get("bytes")) is not None:
                message = {"type": "sound", "pcm": pcm}
            else:
                message = json.loads(event["text"])
            async with self._news:
                self.heard.append(message)
                self._news.notify_all()
            if message["type"] == "gone":
                return


class ScriptedServer:
    """Authorizes everyone with the key `good` and runs a script on every socket."""

    def __init__(
        self,
        script: Script,
        *,
        trigger: str = "automatic",
        grants: bool = True,
        agrees: bool = True,
    ) -> None:
        self._script = script
        self._trigger = trigger
        self._grants = grants
        self._agrees = agrees
        self.asked: list[dict[str, Any]] = []
        self.lines: list[Line] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        app = Starlette(
            routes=[
                Route("/v1/agents/web/authorize_session", self._authorize, methods=["POST"]),
                WebSocketRoute("/v1/agents/web/websocket", self._serve),
            ]
        )
        self._server = uvicorn.Server(
            uvicorn.Config(app, ws="websockets-sansio", log_config=None, lifespan="off")
        )
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = True
        assert self._task is not None
        await self._task
        self._listener.close()

    async def _authorize(self, request: Request) -> JSONResponse:
        if request.headers.get("authorization") != "Bearer good":
            return JSONResponse({"error": "Who are you?", "code": "key_unknown"}, 401)
        body = await request.json()
        self.asked.append(body)
        number = len(self.asked)
        conversation = body.get("conversation_id") or f"conv{number}"
        if "resume_token" in body:  # that of `conv3` is `conv3.`, then `conv3..`, and so on
            conversation = body["resume_token"].rstrip(".")
        answer = {
            "client_session_key": f"key{number}",
            "conversation_id": conversation,
            "config": {
                "transcription": {"trigger": self._trigger, "can_interrupt": True},
                "capabilities": body.get("capabilities", []) if self._grants else [],
            },
        }
        if "resume" in body.get("capabilities", []):
            answer["resume_token"] = body.get("resume_token", conversation) + "."
        return JSONResponse(answer)

    async def _serve(self, socket: WebSocket) -> None:
        offered = socket.scope["subprotocols"]
        ours = "duologue" in offered
        key = offered[-1] if ours else socket.query_params["client_session_key"]
        if key != f"key{len(self.asked)}":
            refusal = JSONResponse({"error": "Old key.", "code": "session_key_unknown"}, 401)
            await socket.send_denial_response(refusal)
            return
        await socket.accept("duologue" if ours and self._agrees else None)
        line = Line(socket, binary=ours)
        self.lines.append(line)
        script = asyncio.ensure_future(self._script(line))
        await line.read()
        script.cancel()  # a script may wait for words of a caller who is gone
        await asyncio.wait([script])
        if not script.cancelled():
            script.result()

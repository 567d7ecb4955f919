"""A local server that speaks as OpenAI's does, with scripted answers and faults on request."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Any, Final, Literal, Self

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

RATE: Final = 24000
Part = Literal["transcriptions", "completions", "speech"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the language model asks for."""

    name: str
    arguments: dict[str, Any]


@dataclass(slots=True)
class Fault:
    """What goes wrong with the next requests of one part."""

    status: int = 200
    delay: float = 0.0
    hang: bool = False
    cut: bool = False
    """Breaks the stream off in its middle."""
    times: int = 1


@dataclass
class OpenAIServer:
    """`async with OpenAIServer(heard=[…], answers=[…]) as server:` serves at `server.base_url`."""

    heard: list[str] = field(default_factory=list)
    """What each transcription says, in turn."""
    answers: list[str | ToolCall] = field(default_factory=list)
    """What each completion answers, in turn; then it says what it was asked."""
    faults: dict[Part, Fault] = field(default_factory=dict)
    requests: list[tuple[str, Any]] = field(default_factory=list)
    """Every request: the part and its body, without sound."""
    base_url: str = ""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a request has come."""

    async def __aenter__(self) -> Self:
        app = Starlette(
            routes=[
                Route("/v1/models", self._models),
                Route("/v1/audio/transcriptions", self._transcribe, methods=["POST"]),
                Route("/v1/chat/completions", self._complete, methods=["POST"]),
                Route("/v1/audio/speech", self._speak, methods=["POST"]),
            ]
        )
        self._hung = asyncio.Event()
        config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="none")
        self._server = uvicorn.Server(config)
        # Not serve(): that takes the process's signals.
        config.load()
        self._server.lifespan = config.lifespan_class(config)
        await self._server.startup()
        self._task = asyncio.create_task(self._server.main_loop())
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.base_url = f"http://127.0.0.1:{port}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._hung.set()
        self._server.should_exit = True
        self._server.force_exit = True
        await self._task
        await self._server.shutdown()

    async def _models(self, _: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": "scripted", "object": "model"}]})

    async def _transcribe(self, request: Request) -> Response:
        form = _form(request.headers["content-type"], await request.body())
        self.requests.append(("transcriptions", form))
        if (refused := await self._fault("transcriptions")) is not None:
            return refused
        text = self.heard.pop(0) if self.heard else ""
        return JSONResponse({"text": text, "usage": {"type": "duration", "seconds": 1}})

    async def _complete(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append(("completions", body))
        cut = self._cuts("completions")
        if (refused := await self._fault("completions")) is not None:
            return refused
        answer = self.answers.pop(0) if self.answers else _echo(body)
        return StreamingResponse(_chunks(body, answer, cut), media_type="text/event-stream")

    async def _speak(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append(("speech", body))
        cut = self._cuts("speech")
        if (refused := await self._fault("speech")) is not None:
            return refused
        pcm = tone(body["input"])
        if body.get("stream_format") != "sse":
            return Response(pcm, media_type="audio/pcm")
        return StreamingResponse(_sounds(pcm, cut), media_type="text/event-stream")

    def _cuts(self, part: Part) -> bool:
        fault = self.faults.get(part)
        return fault is not None and fault.cut

    async def _fault(self, part: Part) -> Response | None:
        self.asked.set()
        fault = self.faults.get(part)
        if fault is None:
            return None
        fault.times -= 1
        if fault.times <= 0:
            del self.faults[part]
        await asyncio.sleep(fault.delay)
        if fault.hang:
            await self._hung.wait()
        if fault.status == 200:
            return None
        error = {"message": f"scripted failure {fault.status}", "type": "scripted", "code": None}
        return JSONResponse({"error": error}, fault.status)


def _form(content_type: str, body: bytes) -> dict[str, str]:
    """The text fields of a multipart form, whatever files are with them."""
    parsed = message_from_bytes(f"content-type: {content_type}\r\n\r\n".encode() + body)
    return {
        str(part.get_param("name", header="content-disposition")): str(part.get_payload())
        for part in parsed.walk()
        if part.get_content_disposition() == "form-data" and not part.get_filename()
    }


def tone(text: str) -> bytes:
    """60 ms of sound for each character, as PCM16 at 24 kHz."""
    count = len(text) * RATE * 6 // 100
    wave = np.sin(np.arange(count) * 2 * np.pi * 330 / RATE) * 8000
    sound: bytes = wave.astype("<i2").tobytes()
    return sound


class _CutError(Exception):
    """The stream ends here, unfinished."""


async def _chunks(body: Any, answer: str | ToolCall, cut: bool) -> AsyncIterator[bytes]:
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0}
    base["model"] = body["model"]

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        return _event(base | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    if isinstance(answer, ToolCall):
        function = {"name": answer.name, "arguments": json.dumps(answer.arguments)}
        call = {"index": 0, "id": "call_1", "type": "function", "function": function}
        yield chunk({"role": "assistant", "content": None, "tool_calls": [call]})
        yield chunk({}, "tool_calls")
    else:
        words = answer.split(" ")
        for index, word in enumerate(words):
            if cut and index >= len(words) // 2:
                raise _CutError
            yield chunk({"role": "assistant", "content": word if index == 0 else f" {word}"})
        yield chunk({}, "stop")
    if (body.get("stream_options") or {}).get("include_usage"):
        said = 1 if isinstance(answer, ToolCall) else len(answer.split())
        heard = len(json.dumps(body["messages"]).split())
        usage = {"prompt_tokens": heard, "completion_tokens": said, "total_tokens": said + heard}
        yield _event(base | {"choices": [], "usage": usage})
    yield b"data: [DONE]\n\n"


async def _sounds(pcm: bytes, cut: bool) -> AsyncIterator[bytes]:
    step = RATE // 10 * 2
    for start in range(0, len(pcm), step):
        if cut and start >= len(pcm) // 2:
            raise _CutError
        piece = base64.b64encode(pcm[start : start + step]).decode()
        yield _event({"type": "speech.audio.delta", "audio": piece})
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    yield _event({"type": "speech.audio.done", "usage": usage})


def _event(content: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(content)}\n\n".encode()


def _echo(body: Any) -> str:
    asked = [message["content"] for message in body["messages"] if message["role"] == "user"]
    last = asked[-1] if asked else "nothing"
    with suppress(TypeError, KeyError, IndexError):
        last = last if isinstance(last, str) else last[0]["text"]
    return f"You said: {last}"

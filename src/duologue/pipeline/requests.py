"""Requests between one agent and its clients, both ways, each answered once and in time."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog
from livekit import rtc

from duologue.agents.reach import RpcHandler
from duologue.agents.shared import Unsubscribe, refusal, subscribe
from duologue.core.happenings import RpcAnswered, RpcAsked
from duologue.errors import RpcError
from duologue.pipeline.outlet import Listener, Outlet
from duologue.wire import exchange as wire

log = structlog.get_logger(__name__)

AsAgent = Callable[[Callable[[], Coroutine[Any, Any, None]]], None]
"""Runs something as the agent's own code, as soon as the agent is there."""
Names = Callable[[frozenset[str]], None]

AT_ONCE: Final = 16
"""Requests of clients that may wait for the agent."""
LONGEST: Final = 300.0
"""Seconds that a request may take at most, whatever its client asks for."""
SETTLING: Final = 1.0
"""Seconds after the agent began in which it may still say which methods it answers."""

UNSUPPORTED: Final = wire.RpcError(wire.RPC_UNSUPPORTED, "Method not supported at destination")
APPLICATION: Final = wire.RpcError(
    wire.RPC_APPLICATION_ERROR, "Application error in method handler"
)
TIMEOUT: Final = wire.RpcError(wire.RPC_TIMEOUT, "Response timeout")
TOO_LARGE: Final = wire.RpcError(wire.RPC_REQUEST_SIZE, "Request payload too large")
ANSWER_TOO_LARGE: Final = wire.RpcError(wire.RPC_ANSWER_SIZE, "Response payload too large")
NOBODY: Final = wire.RpcError(wire.RPC_NO_RECIPIENT, "Recipient not found")
GONE: Final = wire.RpcError(wire.RPC_DISCONNECTED, "Recipient disconnected")
BUSY: Final = wire.RpcError(
    wire.RPC_SEND_FAILED, f"Failed to send: {AT_ONCE} requests wait for the agent already"
)


class Asked:
    """A request of a client that the agent has not answered yet."""

    def __init__(self, timer: asyncio.TimerHandle) -> None:
        self.timer = timer
        self.task: asyncio.Task[None] | None = None


class Requests:
    """Numbers are LiveKit's, so that an agent meets the same errors on every road."""

    def __init__(self, outlet: Outlet, *, as_agent: AsAgent, new_id: Callable[[str], str]) -> None:
        self._outlet = outlet
        self._as_agent = as_agent
        self._new_id = new_id
        self._handlers: dict[str, RpcHandler] = {}
        self._watchers: list[Names] = []
        self._registered = asyncio.Event()
        self._awake: float | None = None
        self._asked: dict[tuple[Listener, str], Asked] = {}
        self._waiting: dict[str, tuple[Listener, asyncio.Future[str]]] = {}
        self._closed = False

    # ------------------------------------------------------------ a client asks

    @property
    def methods(self) -> frozenset[str]:
        """What the agent answers now."""
        return frozenset(self._handlers)

    def on_methods(self, watcher: Names) -> Unsubscribe:
        """Calls the watcher with all methods when there are others, until unsubscribed."""
        return subscribe(self._watchers, watcher)

    def handle(self, method: str, handler: RpcHandler) -> Unsubscribe:
        """Answers a method by the handler, instead of an earlier one, until unsubscribed."""
        self._handlers[method] = handler
        self._registered.set()
        self._tell_methods()

        def leave() -> None:
            if self._handlers.get(method) is handler:
                del self._handlers[method]
                self._tell_methods()

        return leave

    def ask_agent(
        self, listener: Listener, request: str, method: str, payload: str, timeout: float
    ) -> None:
        """Lets the agent answer a client; `RpcAnswered` is told to nobody else."""
        key = (listener, request)
        if key in self._asked:
            raise refusal(f"Request {request!r}", "one with this id waits for its answer already")
        if len(payload.encode()) > wire.RPC_PAYLOAD:
            self._send_answer(key, None, TOO_LARGE)
        elif len(self._asked) >= AT_ONCE:
            self._send_answer(key, None, BUSY)
        elif not self._closed:
            seconds = min(max(timeout, 0.0), LONGEST)
            timer = asyncio.get_running_loop().call_later(seconds, self._expire, key)
            self._asked[key] = Asked(timer)
            self._as_agent(lambda: self._answer(key, method, payload))

    # ------------------------------------------------------------ the agent asks

    async def ask_client(
        self,
        listener: Listener | None,
        method: str,
        payload: str,
        timeout: float,  # noqa: ASYNC109  # the client is told of it
    ) -> str:
        """What a client answers; `RpcError` when it does not."""
        if not isinstance(payload, str):
            kind = type(payload).__name__
            raise refusal(f"The payload of {method!r}", f"it is {kind}, not text; use json.dumps")
        if len(payload.encode()) > wire.RPC_PAYLOAD:
            raise raised(TOO_LARGE)
        if listener is None or self._closed:
            raise raised(NOBODY)
        request = self._new_id("rpc")
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting[request] = (listener, answer)
        try:
            asked = RpcAsked(request, method, payload, max(0, int(timeout * 1000)))
            self._outlet.put(asked, to=listener)
            async with asyncio.timeout(timeout):
                return await answer
        except TimeoutError:
            raise raised(TIMEOUT) from None
        finally:
            del self._waiting[request]

    def answer(
        self,
        request: str,
        payload: str | None,
        error: wire.RpcError | None = None,
        *,
        by: Listener | None = None,
    ) -> None:
        """A client's answer; one that comes too late, or from somebody else, is nobody's."""
        listener, answer = self._waiting.get(request, (None, None))
        if answer is None or answer.done() or by not in (None, listener):
            return
        if error is not None:
            answer.set_exception(raised(error))
        else:
            answer.set_result(payload or "")

    # ------------------------------------------------------------ coming and going

    def left(self, listener: Listener) -> None:
        """A client is gone: it answers nothing any more."""
        for request, (asked, _) in list(self._waiting.items()):
            if asked == listener:
                self.answer(request, None, GONE)

    def close(self) -> None:
        """The run is over: whoever waits is told."""
        self._closed = True
        for request in list(self._waiting):
            self.answer(request, None, GONE)
        for key in list(self._asked):
            self._done(key, None, GONE)

    # ------------------------------------------------------------ within

    async def _answer(self, key: tuple[Listener, str], method: str, payload: str) -> None:
        asked = self._asked.get(key)
        if asked is None:  # it was too late before the agent was there
            return
        asked.task = asyncio.current_task()
        handler = await self._handler(method)
        if handler is None:
            self._done(key, None, UNSUPPORTED)
            return
        try:
            answer = handler(payload)
            text = await answer if inspect.isawaitable(answer) else answer
            if not isinstance(text, str):
                raise TypeError(f"a handler answers with text, not with {type(text).__name__}")
            size = len(text.encode())
        except (RpcError, rtc.RpcError) as error:
            told = wire.RpcError(int(error.code), error.message, error.data or "")
            self._done(key, None, told)
        except Exception:
            log.exception("request failed", method=method)
            self._done(key, None, APPLICATION)
        else:
            if size > wire.RPC_PAYLOAD:
                log.error("answer too large", method=method, bytes=size, most=wire.RPC_PAYLOAD)
                self._done(key, None, ANSWER_TOO_LARGE)
            else:
                self._done(key, text, None)

    async def _handler(self, method: str) -> RpcHandler | None:
        """The handler of a method; an agent that has just begun may name it a moment later."""
        now = time.monotonic()
        if self._awake is None:
            self._awake = now
        left = self._awake + SETTLING - now
        try:
            async with asyncio.timeout(max(0.0, left)):
                while method not in self._handlers:
                    self._registered.clear()
                    await self._registered.wait()
        except TimeoutError:
            return None
        return self._handlers[method]

    def _expire(self, key: tuple[Listener, str]) -> None:
        asked = self._asked[key]
        self._done(key, None, TIMEOUT)
        if asked.task is not None:
            asked.task.cancel()

    def _done(
        self, key: tuple[Listener, str], payload: str | None, error: wire.RpcError | None
    ) -> None:
        asked = self._asked.pop(key, None)
        if asked is not None:
            asked.timer.cancel()
            self._send_answer(key, payload, error)

    def _send_answer(
        self, key: tuple[Listener, str], payload: str | None, error: wire.RpcError | None
    ) -> None:
        listener, request = key
        self._outlet.put(RpcAnswered(request, payload, error), to=listener)

    def _tell_methods(self) -> None:
        for watcher in list(self._watchers):
            watcher(self.methods)


def raised(error: wire.RpcError) -> RpcError:
    """The exception of an error of the wire."""
    return RpcError(error.code, error.message, error.data)

"""Requests, shared state, attributes and files in a room, each as LiveKit's clients have it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog
from livekit import rtc

from duologue.agents.shared import Unsubscribe
from duologue.core import happenings as h
from duologue.pipeline.requests import GONE, LONGEST, TIMEOUT
from duologue.pipeline.seat import Seat
from duologue.transports.livekit.face import Face, Shared
from duologue.transports.livekit.link import Link
from duologue.wire import exchange as wire

log = structlog.get_logger(__name__)

FILE_TIME: Final = 120.0
"""Seconds in which a file must leave."""
OWN: Final = "lk."
"""What begins so is LiveKit's own attribute, and not the agent's to change."""

Spawn = Callable[[Coroutine[Any, Any, Any]], None]


class Dealings:
    """The agent's, with all users of its room."""

    def __init__(
        self,
        room: rtc.Room,
        face: Face,
        link_of: Callable[[str], Link | None],
        spawn: Spawn,
    ) -> None:
        self._room = room
        self._face = face
        self._link_of = link_of
        self._spawn = spawn
        self._methods: set[str] = set()
        self._described: set[str] = set()
        self._watched: dict[Link, Unsubscribe] = {}
        self._answers: dict[tuple[str, str], asyncio.Future[str]] = {}

    def attach(self, link: Link, seat: Seat) -> None:
        """A user deals with the agent from now on; a client of ours is shown the state."""
        exchange = seat.run.exchange
        self._watched[link] = exchange.on_methods(self._register)
        self._register(exchange.methods)
        if link.ours and exchange.state:
            self._face.packet(wire.StateSnapshot(exchange.state), [link.identity])
        if exchange.agent_attributes:
            self._describe(exchange.agent_attributes)

    def detach(self, link: Link) -> None:
        """The user deals with it no more."""
        if leave := self._watched.pop(link, None):
            leave()
        for (identity, _), answer in self._answers.items():
            if identity == link.identity and not answer.done():
                answer.set_exception(_refusal(GONE))

    def told(self, link: Link, happening: h.RpcAsked | h.RpcAnswered) -> None:
        """A request to this user, or the answer to one of its own."""
        if isinstance(happening, h.RpcAsked):
            self._spawn(self._ask(link, happening))
            return
        answer = self._answers.get((link.identity, happening.id))
        if answer is None or answer.done():
            return
        if (error := happening.error) is not None:
            answer.set_exception(_refusal(error))
        else:
            answer.set_result(happening.payload or "")

    def show(self, happening: Shared) -> None:
        """What the agent shares with everybody."""
        match happening:
            case h.StateShared(key, value):
                self._face.packet(wire.StateSet(key, value))
            case h.AttributesChanged(attributes):
                self._describe(attributes)
            case h.FileSent():
                self._spawn(self._send(happening))

    # ------------------------------------------------------------ within

    def _register(self, methods: frozenset[str]) -> None:
        participant = self._room.local_participant
        for method in self._methods - methods:
            participant.unregister_rpc_method(method)
        for method in methods - self._methods:
            participant.register_rpc_method(method, self._asked)
        self._methods = set(methods)

    async def _asked(self, asked: rtc.RpcInvocationData) -> str:
        """What the agent answers a user, in the time that the user gives it."""
        link = self._link_of(asked.caller_identity)
        if link is None or link.seat is None:
            raise rtc.RpcError(wire.RPC_UNSUPPORTED, "This agent answers its own users only")
        if not link.deeds.asks():
            raise rtc.RpcError(wire.RPC_SEND_FAILED, "Failed to send: too many requests; wait")
        key = (link.identity, asked.request_id)
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._answers[key] = answer
        try:
            seat, seconds = link.seat, asked.response_timeout
            seat.run.exchange.rpc(
                seat.listener, asked.request_id, asked.method, asked.payload, seconds
            )
            async with asyncio.timeout(min(seconds, LONGEST) + 1):  # it is told of its own timeout
                return await answer
        except TimeoutError:
            raise _refusal(TIMEOUT) from None
        finally:
            del self._answers[key]

    async def _ask(self, link: Link, asked: h.RpcAsked) -> None:
        payload: str | None = None
        error: wire.RpcError | None = None
        seconds = asked.timeout_ms / 1000
        try:
            async with asyncio.timeout(seconds + 1):  # an unknown destination takes its own time
                payload = await self._room.local_participant.perform_rpc(
                    destination_identity=link.identity,
                    method=asked.method,
                    payload=asked.payload,
                    response_timeout=seconds,
                )
        except rtc.RpcError as refused:
            error = wire.RpcError(int(refused.code), refused.message, refused.data or "")
        except TimeoutError:
            error = wire.RpcError(wire.RPC_TIMEOUT, "Response timeout")
        if link.seat is not None:
            link.seat.run.exchange.answer(asked.id, payload, error, by=link.seat.listener)

    def _describe(self, attributes: dict[str, str]) -> None:
        own = {key: text for key, text in attributes.items() if not key.startswith(OWN)}
        taken = {key: "" for key in self._described if key not in own}
        self._described = set(own)
        if own or taken:
            self._face.attributes({**own, **taken})

    async def _send(self, file: h.FileSent) -> None:
        """Sends a file to every user; beside everything else, for it may be large."""
        try:
            async with asyncio.timeout(FILE_TIME):
                writer = await self._room.local_participant.stream_bytes(
                    file.name,
                    total_size=len(file.content),
                    mime_type=file.mime_type,
                    attributes=file.attributes,
                    topic=file.topic,
                    stream_id=file.id,
                    destination_identities=self._face.users(),
                )
                for start in range(0, len(file.content), wire.FILE_CHUNK):
                    await writer.write(file.content[start : start + wire.FILE_CHUNK])
                await writer.aclose()
        except (rtc.StreamError, TimeoutError) as error:
            log.warning("file not sent", name=file.name, error=str(error) or "too slow")


def _refusal(error: wire.RpcError) -> rtc.RpcError:
    """What LiveKit's clients are told."""
    return rtc.RpcError(error.code, error.message, error.data or None)

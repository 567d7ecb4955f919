"""Packets and requests in a room: data of both sides, LiveKit's RPC, and duologue's own topic."""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import msgspec
from livekit import rtc

from duologue import errors
from duologue.client.errors import NotConnected, RpcError
from duologue.client.reserved import reserved
from duologue.client.road import (
    DataReceived,
    Navigated,
    Noticed,
    RpcHandler,
    StateShared,
    Tell,
    ToolUsed,
    TranscriptChanged,
)
from duologue.client.room_agent import AgentWatch
from duologue.client.room_secrecy import Secrecy
from duologue.client.tasks import Tasks
from duologue.wire import exchange, extensions, layercode, rooms

SEND: Final = 10.0
NOBODY: Final = 1401
"""LiveKit's number for an answerer that is not there."""
HELD: Final = 100
"""Packets of one sender that wait at most; what comes beyond that is dropped."""
_OURS: Final = b"duologue."
"""How the types begin that are reserved; agents' own data is not parsed for them."""

_Told = (
    extensions.ToolEvent
    | extensions.History
    | exchange.StateSnapshot
    | exchange.StateSet
    | layercode.Transcript
)
_DECODE: Final = msgspec.json.Decoder(_Told)


class Packets:
    """Sends and takes small things; from duologue's topic it hears the agent alone."""

    def __init__(
        self,
        tasks: Tasks,
        agent: AgentWatch,
        secrecy: Secrecy,
        confirmed: Callable[[str], None],
    ) -> None:
        self._tasks = tasks
        self._agent = agent
        self._secrecy = secrecy
        self._confirmed = confirmed
        self._held: dict[str, deque[rtc.DataPacket]] = {}
        """By sender: what waits until it is known whether it was encrypted."""
        self._room: rtc.Room | None = None
        self._tell: Tell = lambda _: None
        self._methods: dict[str, RpcHandler] = {}
        self._begun = False

    def attach(self, room: rtc.Room, tell: Tell) -> None:
        """Belongs to a room; its listeners are set by the road."""
        self._room, self._tell = room, tell

    def begin(self) -> None:
        """The room is joined: requests can be answered."""
        self._begun = True
        for method, handler in self._methods.items():
            self._answer(method, handler)

    # ------------------------------------------------------------ packets

    async def send(self, content: bytes, *, topic: str, reliable: bool) -> None:
        """Sends a packet to everybody in the room."""
        async with asyncio.timeout(SEND):
            await self._me("sending data").publish_data(content, reliable=reliable, topic=topic)

    async def set_state(self, key: str, value: Any) -> None:
        """Changes a value of the shared state; only a duologue server keeps one."""
        await self._ours(exchange.StateSet(key, value))

    async def interrupt(self) -> None:
        """Asks the agent to be silent."""
        await self._ours(extensions.ClientInterrupt())

    async def leave(self) -> None:
        """Says that we go on purpose: the agent need not wait for us."""
        await self._ours(extensions.ClientEnd())

    def received(self, packet: rtc.DataPacket) -> None:
        """Somebody sent data; in an encrypted session it may have to wait, or is not taken."""
        sender = packet.participant.identity if packet.participant else ""
        known = self._secrecy.knows(sender) if sender else True
        if sender in self._held:
            if len(self._held[sender]) < HELD:
                self._held[sender].append(packet)
        elif known:
            self._take(packet, sender)
        else:
            self._held[sender] = deque([packet])
            self._tasks.start(self._judge(sender))

    async def _judge(self, sender: str) -> None:
        """Takes what waits of a sender, or forgets it."""
        try:
            if await self._secrecy.believes(sender):
                for packet in self._held[sender]:
                    self._take(packet, sender)
        finally:
            del self._held[sender]

    def _take(self, packet: rtc.DataPacket, sender: str) -> None:
        topic = packet.topic or ""
        if topic == rooms.OURS:
            if sender and sender == self._agent.identity:
                self._ours_received(packet.data)
            return
        # What LiveKit's own server sends for ours has no sender.
        official = not topic and sender in ("", self._agent.identity)
        if official and (ours := _reserved(packet.data)) is not None:
            self._tell(ours)
        elif sender or not self._secrecy.refuses_plaintext:  # of whom, nobody knows yet
            self._tell(DataReceived(packet.data, topic, sender))

    def _ours_received(self, data: bytes) -> None:
        try:
            message = _DECODE.decode(data)
        except msgspec.DecodeError:
            return  # a word of a newer server
        match message:
            case extensions.ToolEvent(name, call_id, status):
                self._tell(ToolUsed(name, call_id, status))
            case exchange.StateSet(key, value):
                self._tell(StateShared(key, value))
            case exchange.StateSnapshot(values):
                for key, value in values.items():
                    self._tell(StateShared(key, value))
            case layercode.Transcript(text):
                self._confirmed(text)
            case extensions.History(messages):
                for each in messages:
                    self._tell(
                        TranscriptChanged(
                            f"SG_{each.turn_id}",
                            "user" if each.role == "user" else "agent",
                            each.content,
                            final=True,
                            interrupted=each.interrupted,
                            at=each.at,
                            past=True,
                        )
                    )

    async def _ours(self, message: msgspec.Struct) -> None:
        to = [self._agent.identity] if self._agent.identity else []
        async with asyncio.timeout(SEND):
            await self._me("speaking to the agent").publish_data(
                msgspec.json.encode(message), topic=rooms.OURS, destination_identities=to
            )

    # ------------------------------------------------------------ requests

    async def rpc(self, method: str, payload: str, within: float) -> str:
        """Asks the agent; whoever is not there is not asked, for LiveKit would wait 7 s."""
        me = self._me("a request")
        if self._agent.participant is None:
            raise RpcError(NOBODY, f"{method!r} was not asked: there is no agent in the room")
        try:
            async with asyncio.timeout(within):
                return await me.perform_rpc(
                    destination_identity=self._agent.identity,
                    method=method,
                    payload=payload,
                    response_timeout=within,
                )
        except TimeoutError:
            text = f"{method!r} was not answered within {within:g} s"
            raise RpcError(exchange.RPC_TIMEOUT, text) from None
        except rtc.RpcError as error:
            raise RpcError(error.code, error.message, error.data or "") from error

    def on_rpc(self, method: str, handler: RpcHandler | None) -> None:
        """Answers the agent's requests of one method; none takes the handler away."""
        if handler is None:
            self._methods.pop(method, None)
            if self._begun and self._room is not None and self._room.isconnected():
                self._room.local_participant.unregister_rpc_method(method)
            return
        self._methods[method] = handler
        if self._begun:
            self._answer(method, handler)

    def _answer(self, method: str, handler: RpcHandler) -> None:
        async def answer(asked: rtc.RpcInvocationData) -> str:
            if asked.caller_identity != self._agent.identity:
                raise rtc.RpcError(
                    exchange.RPC_UNSUPPORTED, f"{method!r} is answered to the agent alone"
                )
            if not await self._secrecy.believes(asked.caller_identity):
                text = f"{method!r} is not answered: the request was not encrypted"
                raise rtc.RpcError(exchange.RPC_APPLICATION_ERROR, text)
            try:
                result = handler(asked.payload)
                if inspect.isawaitable(result):
                    result = await result
            except errors.RpcError as error:
                raise rtc.RpcError(error.code, error.message, error.data) from error
            if not isinstance(result, str):
                text = f"{method!r} answered {type(result).__name__}, not text"
                raise rtc.RpcError(exchange.RPC_APPLICATION_ERROR, text)
            return result

        self._me("answering").register_rpc_method(method, answer)

    def _me(self, what: str) -> rtc.LocalParticipant:
        if self._room is None or not self._room.isconnected():
            raise NotConnected(what)
        return self._room.local_participant


def _reserved(data: bytes) -> Noticed | Navigated | None:
    if _OURS not in data:
        return None
    try:
        return reserved(msgspec.json.decode(data))
    except msgspec.DecodeError:
        return None

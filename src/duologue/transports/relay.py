"""Carries a socket to the process in which its conversation is live, frame by frame.

The upgrade comes along as it was, and is checked again there: this process is trusted with nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, Final, Literal

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidStatus,
    ProtocolError,
    WebSocketException,
)
from websockets.http11 import Response
from websockets.typing import Origin, Subprotocol

from duologue.errors import FAULTS, DuologueError
from duologue.pipeline.drain import Carried
from duologue.store.records import Run
from duologue.transports.upgrade import Receive, Scope, Send, close_code

log = structlog.get_logger(__name__)

RELAYED: Final = "x-duologue-relayed"
"""The header of an upgrade that another process carries here: it is carried no further."""
DIAL: Final = 2.0
"""Seconds in which a process must be reached; on a private network it takes a thousandth."""
ANSWER: Final = 15.0
"""Seconds in which it must answer the upgrade: it may just be starting the agent."""
STUCK: Final = 10.0
"""Seconds in which one frame must leave; a client that reads slower is closed."""
PING: Final = 20.0
WAITING: Final = 16
"""Frames that wait here for the client; where there are more, the process that sends them waits."""
LAST: Final = 1.0
"""Seconds for what both sides still have to say when one of them is gone."""

End = Literal["closed", "slow_reader", "gone"]
"""How the way to a client ended: there was no more, or the client took it no longer, or went."""


def relayed(scope: Scope) -> bool:
    """Whether another process carries this socket here."""
    return any(name == RELAYED.encode() for name, _ in scope["headers"])


async def relay(
    run: Run, scope: Scope, receive: Receive, send: Send, carried: set[Carried]
) -> bool:
    """Serves a socket by the process of a run, to its end; false if nobody takes it there.

    Nothing was sent to the client then, and it may be served in another way. Meanwhile it is one of
    those that are carried.
    """
    peer = run.peer
    if peer is None:
        return False
    try:
        line = await _upgraded(run, await _reached(peer), scope)
    except InvalidStatus as refusal:
        if refusal.response.status_code == 503:  # it is about to go away
            return False
        await _refuse(refusal.response, scope, send)
        return True
    except (OSError, WebSocketException) as error:
        log.info("relay not taken", peer=peer, reason=str(error) or type(error).__name__)
        return False
    way = _Relay(line, receive, send)
    carried.add(way)
    try:
        await way.serve()
    finally:
        carried.discard(way)
    return True


async def _reached(peer: str) -> socket.socket:
    """A connection to that address, soon or never."""
    host, _, port = peer.rpartition(":")
    host = host.strip("[]")
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    made.setblocking(False)
    try:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(DIAL):
            await asyncio.get_running_loop().sock_connect(made, (host, int(port)))
    except BaseException:
        made.close()
        raise
    return made


async def _upgraded(run: Run, way: socket.socket, scope: Scope) -> ClientConnection:
    """The upgrade as the client asked for it, answered."""
    headers = dict(scope["headers"])
    query = scope["query_string"].decode("latin-1")
    origin = headers.get(b"origin")
    offered = [Subprotocol(one) for one in scope.get("subprotocols") or []]
    try:
        return await connect(
            f"ws://{run.peer}{scope['path']}{'?' if query else ''}{query}",
            sock=way,
            origin=None if origin is None else Origin(origin.decode("latin-1")),
            subprotocols=offered or None,
            additional_headers={RELAYED: "1"},
            user_agent_header=None,
            compression=None,
            proxy=None,
            open_timeout=ANSWER,
            close_timeout=STUCK,
            ping_interval=PING,
            ping_timeout=PING,
            max_size=None,  # how large a frame may be, each side knows of what comes to it
            max_queue=WAITING,
        )
    except TimeoutError:
        # It lives, as far as anybody knows: nobody else may have the conversation.
        conversation = run.conversation_id
        raise DuologueError("conversation_moving", conversation=conversation, seconds=5) from None


async def _refuse(response: Response, scope: Scope, send: Send) -> None:
    """Hands on the answer of a process that does not let the client in."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    kept = ("content-type", "cache-control", "retry-after")
    headers = [(n.lower().encode(), v.encode()) for n, v in response.headers.raw_items()]
    await send(
        {
            "type": "websocket.http.response.start",
            "status": response.status_code,
            "headers": [(name, value) for name, value in headers if name.decode() in kept],
        }
    )
    await send({"type": "websocket.http.response.body", "body": bytes(response.body or b"")})


class _Relay:
    """One socket on its way: two pumps that end together."""

    def __init__(self, line: ClientConnection, receive: Receive, send: Send) -> None:
        self._line = line
        self._receive = receive
        self._send = send
        self._over = asyncio.Event()
        self.said_at = asyncio.get_running_loop().time()

    def let_go(self) -> None:
        """Closes both sides as if this process were gone: the conversation waits where it is."""
        self._over.set()

    async def serve(self) -> None:
        """Carries frames both ways until one side closes, and closes the other one likewise."""
        pumps: list[asyncio.Task[Any]] = []
        try:
            protocol = self._line.subprotocol
            await self._send({"type": "websocket.accept", "subprotocol": protocol})
            up, down = asyncio.create_task(self._up()), asyncio.create_task(self._down())
            pumps += up, down, asyncio.create_task(self._over.wait())
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            if up.done() and (event := up.result()) is not None:
                await self._leave(event)
                return
            if self._over.is_set():
                await self._close(*_fault("going_away"))
                return
            await asyncio.wait([down], timeout=STUCK)  # what was said before the end
            end = down.result() if down.done() else "slow_reader"
            if end == "gone":
                await asyncio.wait([up], timeout=LAST)  # its close code may be on its way
                await self._leave((up.result() if up.done() else None) or {})
            elif end == "slow_reader":
                await self._close(*_fault("slow_reader"))
            else:
                await self._close(*self._last_word())
        finally:
            for pump in pumps:
                pump.cancel()
            if pumps:
                await asyncio.wait(pumps)
            self._line.transport.abort()

    # ------------------------------------------------------------ within

    async def _up(self) -> MutableMapping[str, Any] | None:
        """Carries what the client sends; how it went, unless the process was gone before."""
        try:
            while (event := await self._receive())["type"] != "websocket.disconnect":
                text = event.get("text")
                await self._line.send(event["bytes"] if text is None else text)
        except ConnectionClosed:
            return None
        return event

    async def _down(self) -> End:
        """Carries what the client is sent, and says how that ended."""
        while True:
            try:
                frame = await self._line.recv()
            except ConnectionClosed:
                return "closed"
            self.said_at = asyncio.get_running_loop().time()
            kind = "text" if isinstance(frame, str) else "bytes"
            try:
                async with asyncio.timeout(STUCK):
                    await self._send({"type": "websocket.send", kind: frame})
            except TimeoutError:
                return "slow_reader"
            except OSError:
                return "gone"

    async def _leave(self, event: MutableMapping[str, Any]) -> None:
        """Closes the line as the client closed its own; one that was lost is lost there, too."""
        code = close_code(event)
        if code == 1006:
            return
        with suppress(ConnectionClosed, ProtocolError):
            await self._line.close(1000 if code == 1005 else code, event.get("reason") or "")

    def _last_word(self) -> tuple[int, str]:
        """With what the process closed; where it was lost, the client is to come back."""
        said = self._line.protocol.close_rcvd
        if said is None:
            return _fault("going_away")
        return (1000 if said.code == 1005 else said.code), said.reason

    async def _close(self, code: int, reason: str) -> None:
        with suppress(OSError, RuntimeError, TimeoutError):
            async with asyncio.timeout(STUCK):
                await self._send({"type": "websocket.close", "code": code, "reason": reason})


def _fault(name: str) -> tuple[int, str]:
    fault = FAULTS[name]
    return fault.close or 1011, fault.message

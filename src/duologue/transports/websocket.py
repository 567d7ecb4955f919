"""The WebSocket road: one socket is one session, spoken in Layercode's dialect."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any, Final

import structlog

from duologue.core.happenings import (
    AgentAudio,
    AgentEnded,
    Ended,
    FileSent,
    Happening,
    UserStarted,
)
from duologue.core.resume import Departure, departure
from duologue.errors import FAULTS, DuologueError
from duologue.pipeline.elsewhere import Elsewhere
from duologue.pipeline.history import past
from duologue.pipeline.host import Host
from duologue.pipeline.seat import Guest, Seat
from duologue.transports.files import pieces
from duologue.transports.layercode import Obey, Translator
from duologue.transports.relay import relay, relayed
from duologue.transports.sending import Overrun, SendQueue
from duologue.transports.upgrade import Receive, Scope, Send, close_code, presented, refuse
from duologue.wire import extensions as ext
from duologue.wire import layercode as wire

log = structlog.get_logger(__name__)

Admit = Callable[[str | None, str | None, str], Awaitable[tuple[Guest, list[str]]]]

BEAT: Final = 5.0
"""Seconds between signs of life: a page does not see pings, and a dead line not for minutes."""
STUCK: Final = 10.0
"""Seconds in which one frame must leave; a client that reads slower is closed."""
COMPLAINTS: Final = 3
"""Malformed frames that are answered; later ones are ignored in silence."""
SILENT: Final = 60
"""Seconds in which a client must say that it is ready; a place is not held for less."""
FORGET_CODES: Final = frozenset({"left", "insufficient_balance", "revoked", "ended"})
"""Closings after which the agent does not wait for the caller."""


class WebSocketRoad:
    """The ASGI application behind the socket's address."""

    def __init__(self, host: Host, admit: Admit) -> None:
        self._host = host
        self._admit = admit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one socket from its upgrade to its end, here or where its conversation is live."""
        await receive()  # websocket.connect
        key, protocol = presented(scope)
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        address = str((scope.get("client") or ("",))[0])
        try:
            guest, capabilities = await self._admit(key, headers.get(b"origin"), address)
            socket = _Socket(capabilities, protocol, receive, send)
            try:
                seat = await self._host.seat(guest, socket.happened, fetch=False)
            except Elsewhere as found:
                if relayed(scope):  # it was here a moment ago, and whoever sent it looks again
                    conversation = guest.conversation_id
                    raise DuologueError(
                        "conversation_moving", conversation=conversation, seconds=1
                    ) from None
                if await relay(found.run, scope, receive, send, self._host.carried):
                    return
                seat = await self._host.seat(guest, socket.happened)
        except DuologueError as error:
            await refuse(error, scope, send)
            return
        await socket.serve(self._host, seat)


class _Socket:
    """One open socket: a reader and a writer that end together."""

    def __init__(
        self, capabilities: list[str], protocol: str | None, receive: Receive, send: Send
    ) -> None:
        self._protocol = protocol
        self._translator = Translator(capabilities)
        self._capabilities = capabilities
        self._seat: Seat | None = None
        self._writer: asyncio.Task[None] | None = None
        self._receive = receive
        self._send = send
        self._queue = SendQueue()
        self._close_with: str | None = None
        self._close_message = ""
        self._last_heard = time.monotonic()
        self._last_sound = 0.0
        self._bad_frames = 0
        self._sending_since: float | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._heart: asyncio.TimerHandle | None = None
        self._limit: asyncio.TimerHandle | None = None

    def happened(self, happening: Happening) -> None:
        """Puts a happening into the queue, in this client's words."""
        if self._close_with is not None:
            return
        if isinstance(happening, UserStarted) or (
            isinstance(happening, AgentEnded) and happening.interrupted
        ):
            self._queue.silence()
        sound = isinstance(happening, AgentAudio)
        try:
            if isinstance(happening, FileSent) and "files" in self._capabilities:
                self._queue.put_file(pieces(happening))
            for frame in self._translator.frames(happening):
                self._queue.put(frame, sound=sound)
        except Overrun:
            self.close("slow_reader")
        if isinstance(happening, Ended):
            self._shut(happening.code, happening.message)

    def close(self, code: str) -> None:
        """Says why, then closes with the code of an error; from now on it is nobody's client."""
        if self._close_with is not None:
            return
        message = DuologueError(
            code, organization="…", conversation="…", reason=code, seconds=SILENT
        ).message
        if code == "slow_reader":
            self._queue.clear()
        else:
            self._tell(wire.Data(wire.notice(code, message), ""))
        self._shut(code, message)
        if self._seat is not None:
            self._seat.run.detach(self._seat.listener, self._unheard())

    async def serve(self, host: Host, seat: Seat) -> None:
        """Runs the socket and gives the seat back, whatever happens."""
        self._seat = seat
        seat.on_close = self.close
        how: Departure = "dropped"
        writer: asyncio.Task[None] | None = None
        try:
            leave = partial(self._shut, "left", "goodbye")
            obey = Obey(seat, self._capabilities, leave=leave, tell=self._tell)
            await self._send({"type": "websocket.accept", "subprotocol": self._protocol})
            if seat.resumed is not None and "resume" in self._capabilities:
                guest = seat.guest
                shown = await past(host.db, guest.org_id, guest.conversation_id)
                # It was read after the client was attached: what happened since comes behind it.
                self._queue.put_first(wire.encode_server(shown))
            writer = self._writer = asyncio.create_task(self._write())
            if "resume" in self._capabilities:
                self._beat()
            code = await self._read(obey, writer)
            how = departure(code)
            if self._close_with is not None:
                how = "left" if self._close_with in FORGET_CODES else "dropped"
        finally:
            # A timer that waits would keep everything of the session until then.
            for timer in (self._watch, self._heart, self._limit):
                if timer is not None:
                    timer.cancel()
            if writer is not None:
                writer.cancel()
                await asyncio.wait([writer])
                if not writer.cancelled() and (error := writer.exception()) is not None:
                    log.error("socket failed", session=seat.guest.session_id, exc_info=error)
            await asyncio.shield(host.unseat(seat, how, self._unheard()))

    # ------------------------------------------------------------ within

    async def _read(self, obey: Obey, writer: asyncio.Task[None]) -> int | None:
        """Obeys frames until the socket closes, from either side; returns the client's code."""
        reader = asyncio.create_task(self._listen(obey))
        silence = asyncio.get_running_loop().call_later(SILENT, self._check_ready, obey)
        try:
            await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
            if not reader.done() and self._close_with is None:
                # The writer found the client gone; its close code may be on its way.
                await asyncio.wait({reader}, timeout=1.0)
            return reader.result() if reader.done() else None
        finally:
            silence.cancel()
            reader.cancel()
            await asyncio.wait({reader})

    async def _listen(self, obey: Obey) -> int:
        """Obeys frames; returns the code that the client closed with."""
        while (event := await self._receive())["type"] != "websocket.disconnect":
            if self._close_with is None:
                self._take(event, obey)
        return close_code(event)

    def _take(self, event: MutableMapping[str, Any], obey: Obey) -> None:
        self._last_heard = time.monotonic()
        text = event.get("text")
        try:
            if text is None:
                obey.sound(event["bytes"])
                self._last_sound = self._last_heard
            elif obey.frame(text):
                self._last_sound = self._last_heard
        except wire.BadFrame as bad:
            self._bad_frames += 1
            if self._bad_frames <= COMPLAINTS:
                error = DuologueError("bad_request", reason=bad)
                self._tell(wire.Data(wire.notice(error.code, error.message), ""))

    def _tell(self, message: wire.ServerMessage) -> None:
        try:
            self._queue.put(wire.encode_server(message), sound=False)
        except Overrun:
            self.close("slow_reader")

    async def _write(self) -> None:
        """Sends what waits, in order; then closes, if we are the ones who close."""
        try:
            while (frame := await self._queue.take()) is not None:
                kind = "text" if isinstance(frame, str) else "bytes"
                self._sending_since = time.monotonic()
                if self._watch is None:
                    self._watch = asyncio.get_running_loop().call_later(STUCK, self._check_sent)
                await self._send({"type": "websocket.send", kind: frame})
                self._sending_since = None
        except asyncio.CancelledError:
            if self._close_with != "slow_reader":
                raise
        except OSError:
            return  # the client is gone; the reader learns of it too
        code = 1000 if self._close_with == "left" else FAULTS[self._close_with or "ended"].close
        reason = self._close_message.encode()[:120].decode(errors="ignore")
        try:
            async with asyncio.timeout(STUCK):
                await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except (OSError, RuntimeError, TimeoutError):
            log.debug("close not sent", code=code)

    def _shut(self, code: str, message: str) -> None:
        if self._close_with is None:
            self._close_with, self._close_message = code, message
            self._queue.silence()
            self._queue.close()
            # However much waits, and however slowly it is read: closing is bounded.
            self._limit = asyncio.get_running_loop().call_later(STUCK, self._give_up)

    def _beat(self) -> None:
        if self._close_with is None:
            self._tell(ext.Beat())
            self._heart = asyncio.get_running_loop().call_later(BEAT, self._beat)

    def _check_sent(self) -> None:
        """Closes a socket whose frame does not leave; one timer watches many frames."""
        self._watch = None
        if self._sending_since is None or self._writer is None:
            return
        if time.monotonic() - self._sending_since >= STUCK:
            self._close_with = "slow_reader"
            self._close_message = FAULTS["slow_reader"].message
            self._writer.cancel()
        else:
            self._watch = asyncio.get_running_loop().call_later(STUCK / 2, self._check_sent)

    def _check_ready(self, obey: Obey) -> None:
        if not obey.ready:
            self.close("client_silent")

    def _give_up(self) -> None:
        if self._writer is not None:
            self._writer.cancel()

    def _unheard(self) -> float:
        """Seconds of sound that a lost client surely did not hear.

        A client whose microphone streamed gave its last sign of life with its last frame; what
        was sent after that is said again. Of a client that was silent nothing is known.
        """
        streaming = self._last_heard - self._last_sound < 1.0
        return min(10.0, time.monotonic() - self._last_heard) if streaming else 0.0

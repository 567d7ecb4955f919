"""uvicorn's connections, whose clients say in bounded time and words what they ask for."""

from __future__ import annotations

from asyncio import BaseTransport, TimerHandle
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

PATIENCE: Final = 10.0
"""Seconds in which the head of a request, or of a socket's upgrade, must have arrived."""
LONGEST: Final = 64 * 1024
"""Bytes that such a head may have."""


class BoundedBeginning(HttpToolsProtocol):
    """A connection that is cut while nobody knows what it is for.

    uvicorn by itself waits for ever for the first request of a connection, however long its head.
    """

    _cut: TimerHandle | None = None
    _head = 0
    _body = False
    """Whether a body is on its way; what is refused before its end was read has one still."""

    def connection_made(self, transport: BaseTransport) -> None:
        """A request must begin, and its head must end."""
        super().connection_made(transport)  # type: ignore[arg-type]  # a TCP connection's is one
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """More of a head, or of a body, which is bounded where it is read."""
        if self._cut is None and not self._is_asked():
            self._await_head()
        within = self._body
        super().data_received(data)
        if self._cut is not None and not (within or self._body):
            self._head += len(data)
            if self._head > LONGEST and not self.transport.is_closing():
                self._stop_waiting()
                self.send_400_response(f"A request's head has at most {LONGEST} bytes.")

    def on_headers_complete(self) -> None:
        """It is known what is asked for."""
        self._stop_waiting()
        self._body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """What comes now is the head of another."""
        self._body = False
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """There is nothing left to wait for."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _is_asked(self) -> bool:
        """Whether there is a request that was not answered yet."""
        asked = self.cycle
        return asked is not None and not asked.response_complete  # type: ignore[redundant-expr]  # it is None at first

    def _await_head(self) -> None:
        self._head = 0
        self._cut = self.loop.call_later(PATIENCE, self._give_up)

    def _stop_waiting(self) -> None:
        if self._cut is not None:
            self._cut.cancel()
            self._cut = None

    def _give_up(self) -> None:
        self._cut = None
        self.transport.abort()

"""uvicorn's sockets, whose connections end in bounded time also where the client reads nothing."""

from __future__ import annotations

from asyncio import TimerHandle

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

LINGER = 10.0
"""Seconds in which a client may read what was sent to it before the end."""


class BoundedSocket(WebSocketsSansIOProtocol):
    """A socket that is cut when its client takes too long to read the rest.

    A closed transport waits until all of it left, and the pings have ended by then.
    """

    _cut: TimerHandle | None = None

    async def run_asgi(self) -> None:
        """Serves the socket; soon afterwards nothing of it is left."""
        await super().run_asgi()
        if self in self.connections:
            self._cut = self.loop.call_later(LINGER, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """There is nothing left to cut."""
        if self._cut is not None:
            self._cut.cancel()
        super().connection_lost(exc)

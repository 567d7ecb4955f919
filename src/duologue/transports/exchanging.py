"""Requests, shared state and files on the socket: each for a client that asked for it, by name."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from duologue.core import happenings as h
from duologue.errors import DuologueError
from duologue.pipeline.exchange import CAPABILITIES
from duologue.pipeline.seat import Seat
from duologue.transports.files import Inbox, require_short
from duologue.wire import exchange as wire
from duologue.wire.layercode import BadFrame

Exchanged = h.RpcAsked | h.RpcAnswered | h.StateShared | h.AttributesChanged | h.FileSent
"""What happens beside the talk."""

NEEDS: Final[dict[type[wire.FromClient], str]] = {
    wire.RpcRequest: "rpc",
    wire.RpcResponse: "rpc",
    wire.StateSet: "state",
    wire.AttributesSet: "state",
    wire.FileBegin: "files",
    wire.FileChunk: "files",
}
"""What a client must have asked for, to send a message."""


def messages(happening: Exchanged, capabilities: frozenset[str]) -> list[wire.FromServer]:
    """What tells a happening to a client; nothing where it did not ask. Files go in pieces."""
    told: wire.FromServer
    match happening:
        case h.RpcAsked(id, method, payload, timeout_ms):
            told, needs = wire.RpcRequest(id, method, payload, timeout_ms), "rpc"
        case h.RpcAnswered(id, payload, error):
            told, needs = wire.RpcResponse(id, payload, error), "rpc"
        case h.StateShared(key, value):
            told, needs = wire.StateSet(key, value), "state"
        case h.AttributesChanged(attributes):
            told, needs = wire.AttributesSet(attributes), "state"
        case h.FileSent():
            return []
    return [told] if needs in capabilities else []


class Exchanging:
    """Does what one client's messages ask of the exchange."""

    def __init__(
        self,
        seat: Seat,
        capabilities: frozenset[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._exchange = seat.run.exchange
        self._listener = seat.listener
        self._capabilities = capabilities
        self._files = Inbox(clock)
        self._exchange.takes(seat.listener, capabilities & CAPABILITIES)

    def first(self) -> list[wire.FromServer]:
        """What a client is told when it is ready: all that is shared so far."""
        if "state" not in self._capabilities:
            return []
        told: list[wire.FromServer] = [wire.StateSnapshot(self._exchange.state)]
        if self._exchange.agent_attributes:
            told.append(wire.AttributesSet(self._exchange.agent_attributes))
        return told

    def take(self, message: wire.FromClient) -> None:
        """Does what a message says; or `BadFrame`."""
        need = NEEDS[type(message)]
        if need not in self._capabilities:
            tag = type(message).__struct_config__.tag
            raise BadFrame(f"{tag} was not agreed on; ask for the capability {need!r}")
        try:
            self._take(message)
        except DuologueError as error:
            raise BadFrame(error.message) from None

    def _take(self, message: wire.FromClient) -> None:
        exchange, listener = self._exchange, self._listener
        match message:
            case wire.RpcRequest(id, method, payload, timeout_ms):
                require_short("rpc.request", id, method)
                exchange.rpc(listener, id, method, payload, _seconds(timeout_ms))
            case wire.RpcResponse(id, payload, error):
                exchange.answer(id, payload, error, by=listener)
            case wire.StateSet(key, value):
                exchange.set_state(key, value)
            case wire.AttributesSet(attributes):
                exchange.attributes(attributes)
            case wire.FileBegin():
                self._hand_on(self._files.begin(message))
            case wire.FileChunk():
                self._hand_on(self._files.chunk(message))

    def _hand_on(self, file: h.FileSent | None) -> None:
        if file is not None:
            self._exchange.file(file)


def _seconds(timeout_ms: int) -> float:
    """A request's patience; a number that no clock has is cut."""
    return min(max(timeout_ms, 0), 86_400_000) / 1000

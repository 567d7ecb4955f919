"""What agent code asks of its clients; the pipeline's exchange does it, the same on every road."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Protocol

from duologue.agents.shared import State, Unsubscribe
from duologue.core.happenings import FileSent

RpcHandler = Callable[[str], Awaitable[str] | str]
"""Takes the payload and answers."""
AttributesHandler = Callable[[dict[str, str]], Awaitable[None] | None]
FileHandler = Callable[[FileSent], Awaitable[None] | None]


class Reach(Protocol):
    """How far an agent reaches beyond the talk."""

    shared: State
    client_attributes: dict[str, str]

    async def ask(self, method: str, payload: str, timeout: float) -> str:  # noqa: ASYNC109  # the client is told of it
        """What the client that leads answers."""

    def handle(self, method: str, handler: RpcHandler) -> Unsubscribe:
        """Answers a method of clients by the handler."""

    def on_attributes(self, handler: AttributesHandler) -> Unsubscribe:
        """Calls the handler with all attributes of clients at each change."""

    def set_attributes(self, changes: dict[str, str]) -> None:
        """Says something of the agent to every client."""

    async def send_file(
        self,
        source: str | os.PathLike[str] | bytes,
        *,
        name: str | None,
        mime_type: str | None,
        topic: str,
        attributes: dict[str, str],
    ) -> None:
        """Hands a file to every client that takes files."""

    def on_file(self, handler: FileHandler) -> Unsubscribe:
        """Calls the handler with each file of a client."""

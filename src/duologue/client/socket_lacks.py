"""What a room has and the socket lacks: each raises, and says what and where it is to be had."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Literal

from duologue.client.road import TextHandler, TransportName
from duologue.errors import NotOnThisTransport


class Lacking:
    """The part of a road that a socket is not; docs/transports.md has the table."""

    name: TransportName = "websocket"

    async def publish_video(
        self, frames: AsyncIterator[Any], *, source: Literal["camera", "screen"]
    ) -> None:
        """Raises: a socket carries no pictures."""
        raise NotOnThisTransport("The camera" if source == "camera" else "The screen", self.name)

    async def unpublish_video(self, source: Literal["camera", "screen"]) -> None:
        """Nothing: there is none."""

    def on_text(self, topic: str, handler: TextHandler | None) -> None:
        """Raises: a socket has no text streams, only whole messages."""
        if handler is not None:
            raise NotOnThisTransport(f"A text stream (of topic {topic!r})", self.name)

    async def set_encryption(self, enabled: bool) -> None:
        """Raises, unless there is nothing to do: what a socket carries the server can read."""
        if enabled:
            raise NotOnThisTransport("End-to-end encryption", self.name)

    async def set_key(self, key: bytes) -> None:
        """Raises: there is no encryption to have a key."""
        raise NotOnThisTransport("A key of end-to-end encryption", self.name)

"""What a HEAD asks for: the answer of a GET without its body, at every door that has one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODILESS: Final = "duologue.head"
"""What a request's scope holds whose answer is sent without its body."""


async def serve(doors: Any, scope: Message, receive: Receive, send: Send) -> None:
    """Asks the doors as a GET, and sends their status and headers alone.

    Uptime checks, link checkers and caches ask so; each door by itself would forget it.
    """

    async def bodiless(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    # Whoever knows how long its body is need not make it.
    await doors({**scope, "method": "GET", BODILESS: True}, receive, bodiless)

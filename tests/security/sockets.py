"""Upgrades to a socket within the test's own process: what they are answered, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from tests.security.estate import Estate

from duologue.server.openings import SOCKET_PATH

GONE: Final = {"type": "websocket.disconnect", "code": 1000, "reason": ""}


class Upgrade(NamedTuple):
    """How an upgrade went."""

    opened: bool
    status: int
    body: bytes


def upgrade(
    house: Estate,
    key: str | None,
    *,
    origin: str | None = None,
    path: str = SOCKET_PATH,
    address: str = "203.0.113.5",
    protocols: Sequence[str] = (),
    **headers: str,
) -> Upgrade:
    """Asks for a socket with a key in the address, or in the subprotocols; leaves if it opens."""
    sent = list[dict[str, Any]]()
    given = headers | ({"origin": origin} if origin is not None else {})
    scope = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"" if key is None else f"client_session_key={quote(key)}".encode(),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "subprotocols": list(protocols),
        "client": (address, 1),
        "server": ("test", 80),
        "scheme": "ws",
        "http_version": "1.1",
        "root_path": "",
        "extensions": {"websocket.http.response": {}},
        "state": {},
    }
    waiting: list[dict[str, Any]] = [{"type": "websocket.connect"}, GONE]

    async def receive() -> dict[str, Any]:
        return waiting.pop(0) if waiting else GONE

    async def send(message: Any) -> None:
        sent.append(message)

    async def knock() -> None:
        async with asyncio.timeout(60):
            await house.house.house(scope, receive, send)

    house.house.run(knock())
    kinds = [each["type"] for each in sent]
    body = b"".join(each.get("body", b"") for each in sent)
    opened = "websocket.accept" in kinds
    status = next((each["status"] for each in sent if "status" in each), 0)
    return Upgrade(opened, status, body)

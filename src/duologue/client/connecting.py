"""A session by an address and a token that somebody else got, on whatever road they open."""

from __future__ import annotations

from typing import Any, Final

from duologue.client.road import Ticket
from duologue.client.session import Session
from duologue.client.tokens import TokenSource

_STARTED: Final = {"microphone", "camera", "screen", "timeout", "wait_for_agent"}


async def connect(url: str, token: str, **options: Any) -> Session:
    """A session that is open: a JWT opens a room, `dk_session_…` a duologue server's WebSocket.

    Options are those of `Session` and of its `start`.
    """
    source = TokenSource.literal(Ticket(url, token))
    asked = {name: value for name, value in options.items() if name not in _STARTED}
    session = Session(source, **{"transport": "auto", **asked})
    await session.start(**{name: options[name] for name in options.keys() & _STARTED})
    return session

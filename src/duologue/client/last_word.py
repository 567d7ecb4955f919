"""What the server said before a session ended: only that tells why."""

from __future__ import annotations

import asyncio
from typing import Final

from duologue.client.road import Noticed

FRESH: Final = 30.0
"""Seconds after which a word is about something else than the end."""
CLOSED: Final = ("ended", "removed")
"""What a room says when the server closed it, whose own word says more."""
_PASSING: Final = frozenset(
    {"bad_request", "no_client", "not_on_this_transport", "not_shareable", "provider_failed"}
    | {"balance_low", "ends_soon", "taken_over", "handed_back"}
)
"""Words of something that passes: the session goes on."""


def tells_why(code: str) -> bool:
    """Whether a session may end for this; a word that nobody knows may be why."""
    return code not in _PASSING


class LastWord:
    """Keeps the server's last word about an end, for as long as the end may follow it."""

    def __init__(self) -> None:
        self._said: tuple[Noticed, float] | None = None

    def take(self, notice: Noticed) -> None:
        """The server said something."""
        if tells_why(notice.code):
            self._said = notice, asyncio.get_running_loop().time() + FRESH

    def forget(self) -> None:
        """Another session begins."""
        self._said = None

    @property
    def now(self) -> Noticed | None:
        """Why what ends now ends; none if nobody said it."""
        if self._said is None or asyncio.get_running_loop().time() > self._said[1]:
            return None
        return self._said[0]

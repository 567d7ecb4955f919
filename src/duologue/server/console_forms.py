"""How forms of the console are read, and how a secret reaches its reader once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from litestar import Request

from duologue.access.console import Reader
from duologue.console.pages.forms import Form
from duologue.errors import DuologueError

KEPT_MS: Final = 2 * 60_000
"""How long a secret waits for the page that shows it."""
MOST: Final = 256


async def filled(request: Request[Any, Any, Any], *known: str) -> Form:
    """The form that was sent; a field that it does not have, and a file, are refused by name."""
    given = list((await request.form()).multi_items())
    for name, value in given:
        if not isinstance(value, str):
            reason = f"the field {name[:60]!r} is a file; it must be text"
            raise DuologueError("bad_request", reason=reason)
    return Form.of(given, *known)


class Once:
    """New keys and links, for the next page of the one who made them; nothing else keeps them."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._kept: dict[tuple[str, str], tuple[int, str]] = {}

    def keep(self, who: Reader, name: str, text: str) -> None:
        """Holds a text until its page asks for it, for two minutes."""
        now = self._clock()
        self._kept = {key: kept for key, kept in self._kept.items() if kept[0] > now}
        if len(self._kept) >= MOST:
            self._kept.clear()
        self._kept[who.id, name] = (now + KEPT_MS, text)

    def take(self, who: Reader, name: str) -> str:
        """The text, gone from now on; nothing for anybody else, and for whoever comes again."""
        until, text = self._kept.pop((who.id, name), (0, ""))
        return text if until > self._clock() else ""

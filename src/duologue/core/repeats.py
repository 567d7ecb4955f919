"""Messages that come twice: a client sends again what it does not know to have come."""

from __future__ import annotations

from collections import deque
from typing import Final

LAST: Final = 64
"""How many ids are remembered; a client has far fewer messages that nobody confirmed."""


class Repeats:
    """Knows the last ids again."""

    def __init__(self) -> None:
        self._last: deque[str] = deque(maxlen=LAST)

    def known(self, name: str) -> bool:
        """Whether this id is one of the last; from now on it is."""
        if name in self._last:
            return True
        self._last.append(name)
        return False

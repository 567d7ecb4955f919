"""How often, and how much a day: a count for each name, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from duologue.errors import DuologueError

_PARTS = 1_000_000
"""Buckets count in millionths of a millisecond, so that no rate is rounded noticeably."""
_MINUTE = 60_000 * _PARTS
_SECOND = 1000 * _PARTS
DAY_MS: Final = 86_400_000


class Limits:
    """Lets each name do `per_minute` things a minute, as many of them at once as `burst`.

    A bucket is one number: the time at which it will be full again. At most `most` names are
    remembered; the one not seen for longest is forgotten, which gives it a full bucket.
    """

    def __init__(self, per_minute: int, *, burst: int | None = None, most: int = 10_000) -> None:
        self._each = _MINUTE // per_minute
        self._room = self._each * (per_minute if burst is None else burst)
        self._most = most
        self._full_at: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, name: str, now: int, *, who: str | None = None) -> None:
        """Takes one token at `now` (UTC ms), or refuses and says how long to wait."""
        at = now * _PARTS
        full_at = max(self._full_at.get(name, 0), at) + self._each
        wait = full_at - at - self._room
        if wait > 0:
            seconds = -(-wait // _SECOND)
            raise DuologueError("rate_limited", who=who or name, seconds=seconds)
        self._full_at[name] = full_at
        self._full_at.move_to_end(name)
        if len(self._full_at) > self._most:
            self._full_at.popitem(last=False)


class Daily:
    """Lets each name have `bytes_` a day, which begins at midnight UTC, in this process.

    As with `Limits`, at most `most` names are remembered.
    """

    def __init__(self, bytes_: int, *, most: int = 10_000) -> None:
        self._bytes = bytes_
        self._most = most
        self._day = 0
        self._had: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._had)

    def require(self, name: str, size: int, now: int, *, who: str) -> None:
        """Refuses what is more than the rest of the day has room for; nothing is counted yet."""
        day, into = divmod(now, DAY_MS)
        if day != self._day:
            self._day = day
            self._had.clear()
        if self._had.get(name, 0) + size > self._bytes:
            seconds = -(-(DAY_MS - into) // 1000)
            raise DuologueError("day_used_up", who=who, limit=self._bytes, seconds=seconds)

    def count(self, name: str, size: int) -> None:
        """Counts what was let through."""
        self._had[name] = self._had.get(name, 0) + size
        self._had.move_to_end(name)
        if len(self._had) > self._most:
            self._had.popitem(last=False)

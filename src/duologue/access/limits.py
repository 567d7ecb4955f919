"""How often, and how much a day: a count for each name, in bounded memory.

Where several processes serve, they count together by `counts`; while those cannot be asked, each
counts for itself.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, NamedTuple

from duologue.bus.counts import Counts
from duologue.errors import DuologueError

_PARTS = 1_000_000
"""Buckets count in millionths of a millisecond, so that no rate is rounded noticeably."""
_MINUTE = 60_000 * _PARTS
DAY_MS: Final = 86_400_000


class Limits:
    """Lets each name do `per_minute` things a minute, as many of them at once as `burst`.

    A bucket is one number: the time at which it will be full again. At most `most` names are
    remembered; the one not seen for longest is forgotten, which gives it a full bucket. With other
    processes, buckets of the same `kind` are one.
    """

    def __init__(
        self,
        per_minute: int,
        *,
        burst: int | None = None,
        most: int = 10_000,
        kind: str = "",
        counts: Counts | None = None,
    ) -> None:
        self._each = _MINUTE // per_minute
        self._room = self._each * (per_minute if burst is None else burst)
        self._most = most
        self._full_at: OrderedDict[str, int] = OrderedDict()
        self._kind = kind
        self._counts = counts

    def __len__(self) -> int:
        return len(self._full_at)

    async def take(self, name: str, now: int, *, who: str | None = None) -> None:
        """Takes one token at `now` (UTC ms), or refuses and says how long to wait."""
        await self._ask(name, now, self._each, self._room, who)

    async def require(self, name: str, now: int, *, who: str | None = None) -> None:
        """Refuses as `take` does where no token is left, and takes none."""
        await self._ask(name, now, 0, self._room - self._each, who)

    async def _ask(self, name: str, now: int, each: int, room: int, who: str | None) -> None:
        wait: float | None = None
        if self._counts is not None:
            wait = await self._counts.wait(f"{self._kind}:{name}", each / _PARTS, room / _PARTS)
        if wait is None:
            wait = self._take(name, now, each, room) / _PARTS
        if wait > 0:
            seconds = int(-(-wait // 1000))
            raise DuologueError("rate_limited", who=who or name, seconds=seconds)

    def _take(self, name: str, now: int, each: int, room: int) -> int:
        """Takes so much in this process alone; else how long to wait."""
        at = now * _PARTS
        full_at = max(self._full_at.get(name, 0), at) + each
        wait = full_at - at - room
        if wait > 0:
            return wait
        if full_at == at:  # of a full bucket there is nothing to remember
            return 0
        self._full_at[name] = full_at
        self._full_at.move_to_end(name)
        if len(self._full_at) > self._most:
            self._full_at.popitem(last=False)
        return 0


class Share(NamedTuple):
    """What one name may have of a day."""

    name: str
    bytes: int
    who: str
    """How a refusal calls it."""


class Daily:
    """Counts what names had of a day, which begins at midnight UTC.

    As with `Limits`, at most `most` names are remembered.
    """

    def __init__(self, *, most: int = 10_000, counts: Counts | None = None) -> None:
        self._most = most
        self._counts = counts
        self._day = 0
        self._had: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._had)

    async def take(self, shares: Sequence[Share], size: int, now: int) -> None:
        """Takes so many bytes of each share, or of none, where one has not as many left."""
        day, into = divmod(now, DAY_MS)
        full: int | None = None
        if self._counts is not None:
            limits = [(share.name, share.bytes) for share in shares]
            full = await self._counts.spend(day, limits, size)
        if full is None:
            full = self._spend(day, shares, size)
        if full:
            share, seconds = shares[full - 1], -(-(DAY_MS - into) // 1000)
            raise DuologueError("day_used_up", who=share.who, limit=share.bytes, seconds=seconds)

    def _spend(self, day: int, shares: Sequence[Share], size: int) -> int:
        """Takes it in this process alone; else the place of the first that has not enough."""
        if day != self._day:
            self._day = day
            self._had.clear()
        for place, share in enumerate(shares, 1):
            if self._had.get(share.name, 0) + size > share.bytes:
                return place
        for share in shares:
            self._had[share.name] = self._had.get(share.name, 0) + size
            self._had.move_to_end(share.name)
            if len(self._had) > self._most:
                self._had.popitem(last=False)
        return 0

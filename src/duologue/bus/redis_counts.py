"""Counts kept in Redis: one round trip each, and every key of them forgets itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from redis.exceptions import NoScriptError, ResponseError

from duologue.bus.line import Gone, Line, Unanswered

PATIENCE: Final = 0.5
"""Seconds in which it must be said; a request does not wait longer for being counted."""

# By Redis's own clock: those of several machines differ. A bucket is the time at which it is full.
_WAIT: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local each, room = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + each
local wait = full - now - room
if wait > 0 then return tostring(wait) end
redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.ceil(full - now) + 1000)
return '0'
"""
_SPEND: Final = """
local size = tonumber(ARGV[1])
for place, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or 0) + size > tonumber(ARGV[place + 1]) then
    return place
  end
end
for _, key in ipairs(KEYS) do
  redis.call('INCRBY', key, size)
  redis.call('EXPIRE', key, 90000)
end
return 0
"""


class _Script:
    """A script that Redis learns at its first use, and again after it forgot."""

    def __init__(self, line: Line, text: str) -> None:
        self._line = line
        self._text = text
        self._name: str | None = None

    async def __call__(self, keys: Sequence[str], *values: str | int) -> Any:
        words = (len(keys), *keys, *values)
        if self._name is not None:
            try:
                return await self._line.ask("EVALSHA", self._name, *words)
            except NoScriptError:  # it was started anew
                pass
        self._name = (await self._line.ask("SCRIPT", "LOAD", self._text)).decode()
        return await self._line.ask("EVALSHA", self._name, *words)


class RedisCounts:
    """Counts for all processes with the same prefix."""

    def __init__(self, line: Line, prefix: str) -> None:
        self._prefix = f"{prefix}:count:"
        self._wait = _Script(line, _WAIT)
        self._spend = _Script(line, _SPEND)

    async def wait(self, name: str, each_ms: float, room_ms: float) -> float | None:
        """See `Counts.wait`."""
        answer = await _soon(self._wait([self._prefix + name], f"{each_ms}", f"{room_ms}"))
        return None if answer is None else float(answer)

    async def spend(self, day: int, shares: Sequence[tuple[str, int]], size: int) -> int | None:
        """See `Counts.spend`."""
        keys = [f"{self._prefix}{day}:{name}" for name, _ in shares]
        answer = await _soon(self._spend(keys, size, *(limit for _, limit in shares)))
        return None if answer is None else int(answer)


async def _soon(asking: Any) -> Any:
    """The answer, if it comes in time and there is any."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await asking
    except (Gone, Unanswered, ResponseError, TimeoutError):
        return None

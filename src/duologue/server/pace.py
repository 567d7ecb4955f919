"""How often one may ask: each good key has a pace of its own, all else one by its address."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from duologue.access.limits import Limits
from duologue.bus.counts import Counts
from duologue.errors import DuologueError

STRANGERS: Final = 600
"""Requests a minute from one address without a key that was good before."""


class Pace:
    """Limits callers in bounded memory; made-up keys get no bucket each.

    With other processes a caller has one bucket of each `kind`; each process learns of itself
    which keys are good.
    """

    def __init__(
        self, per_minute: int, *, most: int = 10_000, kind: str = "", counts: Counts | None = None
    ) -> None:
        self._keys = Limits(per_minute, most=most, kind=f"{kind}/key", counts=counts)
        strangers = min(per_minute, STRANGERS)
        self._addresses = Limits(strangers, most=most, kind=f"{kind}/address", counts=counts)
        self._good: OrderedDict[str, None] = OrderedDict()
        self._most = most

    async def take(self, caller: str | None, address: str, now: int) -> None:
        """Lets one request in, or refuses; `caller` is the digest of a key, if one was given."""
        if caller is not None and caller in self._good:
            await self._keys.take(caller, now, who="this key")
        else:
            await self._addresses.take(network(address), now, who="this address")

    @asynccontextmanager
    async def guessing(self, caller: str, address: str, now: int) -> AsyncIterator[None]:
        """Looks up a key, of which many come once each: only those that were not good are counted.

        An address that showed too many of them shows no other, but for keys that are known.
        """
        stranger, name = caller not in self._good, network(address)
        if stranger:
            await self._addresses.require(name, now, who="this address")
        try:
            with self.learning(caller):
                yield
        except DuologueError as error:
            if stranger and error.status == 401:
                await self._addresses.take(name, now, who="this address")
            raise

    @contextmanager
    def learning(self, caller: str | None) -> Iterator[None]:
        """Learns from how it goes with a key: any refusal but 401 tells that the key is good."""
        try:
            yield
        except DuologueError as error:
            self.learn(caller, good=error.status != 401)
            raise
        self.learn(caller, good=True)

    def learn(self, caller: str | None, *, good: bool) -> None:
        """Notes whether the key was accepted; one that is no longer good is a stranger's."""
        if caller is None:
            return
        if not good:
            self._good.pop(caller, None)
            return
        self._good[caller] = None
        self._good.move_to_end(caller)
        if len(self._good) > self._most:
            self._good.popitem(last=False)


def network(address: str) -> str:
    """Who shares a bucket: one IPv4 address, or the 64 bits that an IPv6 customer is given."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.IPv6Network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address

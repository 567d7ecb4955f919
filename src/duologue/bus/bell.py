"""Who rings and who listens: events by topic, orders by conversation, and no way around them.

Everything that crosses is a struct of `wire.live`, so that another bell may carry it between
processes by the same methods.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from duologue.bus.subscription import Subscription
from duologue.wire.live import Event, Order, Shown

Obey = Callable[[Order], Awaitable[Shown]]
"""Does what is ordered, and says how it is going; or raises a `DuologueError`."""
Release = Callable[[], None]


class Unheard(Exception):
    """Nobody in reach attends to that conversation."""


class Bell(Protocol):
    """What rooms above know of the bus."""

    def watched(self, topic: str) -> bool:
        """Whether anybody may listen: where nobody does, nothing need be made."""

    def publish(self, topic: str, event: Event) -> None:
        """Tells whoever listens; it never waits and never fails."""

    def subscribe(self, topic: str) -> Subscription:
        """Listens from now on; close it when nobody reads any more."""

    def attend(self, org_id: str, conversation_id: str, obey: Obey) -> Release:
        """Takes the orders for a conversation, until released."""

    async def order(self, org_id: str, conversation_id: str, order: Order) -> Shown:
        """What the attendant answers; `Unheard` where there is none in reach."""

    @property
    def reached(self) -> bool | None:
        """Whether other processes are reached now; none where there is no way to any."""

    def close(self) -> None:
        """Ends every subscription: there is nothing more to tell."""


def all_of(org_id: str) -> str:
    """The topic of an organization: what a list of its conversations shows."""
    return f"live/{org_id}"


def one_of(org_id: str, conversation_id: str) -> str:
    """The topic of a conversation."""
    return f"live/{org_id}/{conversation_id}"

"""One client attached to a run: who it is, what it may, and its running meter."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from duologue.access import balance
from duologue.access.budgets import Budget
from duologue.agents.current import Current
from duologue.agents.definition import AgentDefinition
from duologue.core.resume import Grade
from duologue.core.visitors import Visitor
from duologue.pipeline.outlet import Listener
from duologue.store import visitors
from duologue.store.database import Database
from duologue.wire.page import Page

if TYPE_CHECKING:
    from duologue.pipeline.run import Run


@dataclass(frozen=True, slots=True)
class Guest:
    """A session that was admitted, with everything its run must know."""

    org_id: str
    session_id: str
    conversation_id: str
    agent_id: str
    definition: AgentDefinition
    transport: str
    price: float
    limit_ms: int
    opened_at: int | None = None
    """When the session was first attached; none before."""
    attached_ms: int = 0
    """How long the session was attached before, in an earlier socket."""
    budget: Budget = Budget("")  # noqa: RUF009  # it cannot change
    """What it and others may take together."""
    metadata: dict[str, Any] = field(default_factory=dict)
    custom_metadata: dict[str, Any] = field(default_factory=dict)
    custom_headers: dict[str, str] = field(default_factory=dict)
    e2ee: bool = False
    """Whether what is said is encrypted from end to end."""
    room: str = ""
    """The name of the room that it comes in; none on a socket."""
    visitor: Visitor | None = None
    """Who that is, as far as a tracker told."""
    page: Page | None = None
    """Where its visitor was when the session was asked for."""

    @property
    def unrecorded(self) -> bool:
        """Whether its words are kept nowhere: it is encrypted, and nobody asked for them."""
        return self.e2ee and not self.definition.record_encrypted

    @property
    def way(self) -> dict[str, Any]:
        """How it came, as a trace says it."""
        room = self.room or UNSET
        return {"session_id": self.session_id, "transport": self.transport, "room": room}

    def whereabouts(self, run: Run, resumed: Grade | None) -> Current:
        """What the agent's code learns about its session."""
        return Current(
            conversation_id=self.conversation_id,
            session_id=self.session_id,
            agent=self.definition.slug,
            transport=self.transport,
            metadata=self.metadata,
            custom_metadata=self.custom_metadata,
            custom_headers=self.custom_headers,
            resumed=resumed,
            visitor=self.visitor,
            page=self.page,
            send=run.exchange.send,
            end=run.hang_up,
            chat=run.chat,
            reach=run.exchange,
            lead=run.exchange.lead,
            frame=None if run.eye is None else run.eye.newest,
        )

    def enter(self, here: Current) -> None:
        """Lets the agent's code learn that this is its session now."""
        if here.session_id != self.session_id:  # who comes back may have moved on meanwhile
            here.page = self.page
        here.visitor = self.visitor
        here.session_id = self.session_id
        here.transport = self.transport
        here.metadata = self.metadata
        here.custom_metadata = self.custom_metadata
        here.custom_headers = self.custom_headers


async def met(db: Database, guest: Guest) -> Guest:
    """The guest with what is known of its visitor, where its agent may know anything."""
    if guest.definition.visitor_context == "off":
        return guest
    visitor = await db.read(visitors.of, guest.org_id, guest.conversation_id)
    return replace(guest, visitor=visitor)


def steady_ms() -> int:
    """Milliseconds by a clock that nobody sets: no hour is paid that the machine's clock jumps."""
    return time.monotonic_ns() // 1_000_000


class Seat:
    """Attached from the opening of its road until the road closes."""

    def __init__(self, guest: Guest, run: Run, listener: Listener, resumed: Grade | None) -> None:
        self.guest = guest
        self.run = run
        self.listener = listener
        self.resumed = resumed
        self._opened_at = steady_ms()
        self.warned: set[str] = set()
        """Of what it was warned that ends it soon."""
        self.gone = asyncio.Event()
        self.on_close: Callable[[str], None] = lambda code: None
        """Set by the transport: closes the road with the code of an error."""
        self.closed_with: str | None = None
        self.metered_to = self._opened_at
        self.expected = False
        """Whether its user is only announced yet: nobody pays for being waited for."""

    @property
    def leads(self) -> bool:
        """Whether this client's microphone counts, and its word for what was played."""
        return self.run.leads(self.listener)

    @property
    def attached_ms(self) -> int:
        """How long its session has been attached, here and before."""
        return self.guest.attached_ms + steady_ms() - self._opened_at

    def close(self, code: str) -> None:
        """Closes the road from our side, once, saying why."""
        if self.closed_with is None:
            self.closed_with = code
            self.on_close(code)

    def tick(self) -> tuple[str, str, str, str, int, int]:
        """Milliseconds and cost since the last reading, for the store."""
        guest = self.guest
        spent = steady_ms() - self.metered_to
        if self.expected:
            self._opened_at += spent
            self.metered_to += spent
            spent = 0
        cost = balance.tick(self.metered_to - self._opened_at, spent, guest.price)
        self.metered_to += spent
        return guest.org_id, guest.session_id, self.run.id, guest.agent_id, spent, cost

"""The tracker's door: batches of what happened on pages, and what is known of who was there."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from litestar import Controller, Request, Response, delete, get, post
from litestar.di import Provide
from sqlalchemy import Connection

from duologue.access import keys
from duologue.access.keys import Principal
from duologue.access.limits import Daily, Limits, Share
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server import cors, forget, policy
from duologue.server.admit import Doorman
from duologue.server.layercode import presented_key
from duologue.server.owners import principal_of
from duologue.server.pace import STRANGERS, network
from duologue.store import keys as key_store
from duologue.store import visitors, visits
from duologue.wire import visits as wire

PATH: Final = "/api/visits"
OF_ADDRESS: Final = 10
OF_VISITOR: Final = 100
"""The share of a key's day that one address and one visitor may have: a tenth, a hundredth."""
T = TypeVar("T")


class Visits:
    """Takes batches in, from pages that may tell of themselves, and not too often."""

    def __init__(self, doorman: Doorman) -> None:
        per_minute = doorman.host.settings.authorize_per_minute
        self._doorman = doorman
        self._host = doorman.host
        counts = doorman.host.counts
        strangers = min(per_minute, STRANGERS)
        self._addresses = Limits(strangers, kind="visit/address", counts=counts)
        self._keys = Limits(per_minute, kind="visit/key", counts=counts)
        self._day = Daily(counts=counts)
        self._day_bytes = doorman.host.settings.visit_megabytes * 1_000_000

    async def take(self, request: Request[Any, Any, Any]) -> None:
        """Takes in the batch of a request; it is in the store when this returns."""
        now = self._host.clock()
        address = network(request.client.host if request.client else "")
        await self._addresses.take(address, now, who="this address")
        body = await request.body()
        batch = wire.read_batch(body)
        key = batch.key or presented_key(request)
        here = self._doorman.nearby.who(request) if key is None else None
        origin = request.headers.get("origin")
        db = self._host.db
        principal = await db.read(self._who, here, key, batch.agent, origin, now)
        if principal.key_id is not None:  # made-up keys get no bucket each
            await self._keys.take(principal.key_id, now, who="this key")
        await self._take_of_day(principal, address, batch.visitor, len(body), now)
        await db.write(_record, principal, batch, now)

    async def _take_of_day(
        self, principal: Principal, address: str, visitor: str, size: int, now: int
    ) -> None:
        """Bounds what one day can fill the disk with, whoever tells it."""
        key = principal.key_id or principal.org_id
        day = self._day_bytes
        shares = [
            Share(f"visitor:{key}:{visitor}", day // OF_VISITOR, "this visitor"),
            Share(f"address:{key}:{address}", day // OF_ADDRESS, "this address"),
            Share(f"key:{key}", day, "this key"),
        ]
        if principal.kind == "secret":  # a server tells of all its visitors from one address
            del shares[1]
        await self._day.take(shares, size, now)

    def _who(
        self,
        conn: Connection,
        here: Principal | None,
        key: str | None,
        name: str,
        origin: str | None,
        now: int,
    ) -> Principal:
        """Whose visitors these are: the pages are the ones that may open sessions of the agent."""
        principal = here or keys.authenticate(conn, key, now)
        if principal.kind == "public" or name:
            agent = policy.agent_for(conn, principal, name)
            policy.require_page(principal, self._doorman.definitions(agent.definition), origin)
        elif principal.kind == "secret":
            principal.require("sessions")
        return principal


@post(PATH, status_code=204, tags=["Visitors"])
async def visit(request: Request[Any, Any, Any], tracking: Visits) -> Response[None]:
    """Takes in a tracker's batch, as a beacon or a request sends it."""
    await tracking.take(request)
    headers = {"cache-control": "no-store", **cors.readable(request)}
    return Response(None, status_code=204, headers=headers)


class Visitors(Controller):
    """Who was there, as far as browsers told."""

    path = "/api/visitors"
    tags = ("Visitors",)
    dependencies = {"principal": Provide(principal_of)}  # noqa: RUF012  # Litestar's way

    @get("/{visitor:str}")
    async def get_visitor(self, host: Host, principal: Principal, visitor: str) -> wire.VisitorView:
        """All that is kept of a visitor: pages, events, traits, conversations."""
        principal.require("read")
        found = await host.db.read(visitors.whole, principal.org_id, visitor)
        return _there(found, visitor)

    @delete("/{visitor:str}", status_code=200)
    async def delete_visitor(
        self, host: Host, principal: Principal, visitor: str, words: bool = False
    ) -> wire.Deleted:
        """Forgets a visitor and their traces; with `words=true` their conversations, too."""
        principal.require("admin")
        gone = await forget.visitor(host, principal.org_id, visitor, words=words)
        return _there(gone, visitor)


DOORS: Final[list[Any]] = [visit, Visitors]


def _record(conn: Connection, principal: Principal, batch: wire.Batch, now: int) -> None:
    if principal.key_id is not None:
        key_store.used(conn, principal.org_id, principal.key_id, now)
    visits.record(conn, principal.org_id, batch, now)


def _there(found: T | None, visitor: str) -> T:
    if found is None:
        raise DuologueError("visitor_not_found", visitor=visitor)
    return found

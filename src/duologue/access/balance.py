"""Credit: whether there is any, and what attached time costs."""

from __future__ import annotations

from sqlalchemy import Connection

from duologue.errors import DuologueError
from duologue.store import organizations

MICROS = 1_000_000
_MINUTE_MS = 60_000


def require(conn: Connection, org_id: str) -> None:
    """Refuses when the organization's balance is used up; one without a balance is unlimited."""
    organization = organizations.get(conn, org_id)
    if organization is None:
        raise DuologueError("not_found", path=org_id)
    check(organization.balance_micros, organization.slug)


def check(balance_micros: int | None, organization: str) -> None:
    """Refuses a balance that is used up."""
    if balance_micros is not None and balance_micros <= 0:
        raise DuologueError("insufficient_balance", organization=organization)


def cost(ms: int, price_per_minute: float) -> int:
    """What that much attached time costs from its beginning, in micros, rounded down."""
    return ms * round(price_per_minute * MICROS) // _MINUTE_MS


def tick(before_ms: int, ms: int, price_per_minute: float) -> int:
    """What the next `ms` cost after `before_ms`; ticks of any length add up to the whole."""
    return cost(before_ms + ms, price_per_minute) - cost(before_ms, price_per_minute)

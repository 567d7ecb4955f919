"""What is kept, for how long, and how it is forgotten."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection

from duologue.console.pages.forms import Form
from duologue.settings import Settings
from duologue.store import kept
from duologue.store.kept import Kept


class KeptView(msgspec.Struct, frozen=True, kw_only=True):
    """The page."""

    kept: Kept
    trace_days: int
    trace_megabytes: int
    visitor_days: int
    older: Form
    larger: Form
    gone: int | None
    """How many conversations were forgotten just now."""
    now: int


def load(
    conn: Connection,
    org_id: str,
    settings: Settings,
    *,
    older: Form | None = None,
    larger: Form | None = None,
    gone: int | None = None,
    now: int,
) -> KeptView:
    """What the organization keeps now."""
    return KeptView(
        kept=kept.of(conn, org_id),
        trace_days=settings.trace_days,
        trace_megabytes=settings.trace_megabytes,
        visitor_days=settings.visitor_days,
        older=older or Form(),
        larger=larger or Form(),
        gone=gone,
        now=now,
    )

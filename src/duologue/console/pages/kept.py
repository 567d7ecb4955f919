"""What is kept, for how long, and how it is forgotten."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection

from duologue.console.pages.forms import Form
from duologue.settings import Settings
from duologue.store import agents, kept, trace_keeping
from duologue.store.kept import Kept
from duologue.store.trace_keeping import Rule


class KeptView(msgspec.Struct, frozen=True, kw_only=True):
    """The page."""

    kept: Kept
    rules: list[tuple[str, Rule]]
    """The agents with a rule of their own, by name."""
    trace_days: int
    trace_megabytes: int
    visitor_days: int
    conversation_days: int
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
    found = kept.of(conn, org_id)
    # A table names agents of whichever organization; here those count that this one knows.
    known = {each.agent for each in found.agents} | {each.slug for each in agents.all(conn, org_id)}
    rules = trace_keeping.own(conn, settings.agents, org_id)
    return KeptView(
        kept=found,
        rules=sorted((name, rule) for (_, name), rule in rules.items() if name in known),
        trace_days=settings.trace_days,
        trace_megabytes=settings.trace_megabytes,
        visitor_days=settings.visitor_days,
        conversation_days=settings.conversation_days,
        older=older or Form(),
        larger=larger or Form(),
        gone=gone,
        now=now,
    )

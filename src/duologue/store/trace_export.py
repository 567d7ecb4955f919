"""Traces as they leave the house: whole, and of agents by whichever name."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection

from duologue.store import agents, recordings, trace_lists, trace_persons
from duologue.store.records import Page
from duologue.store.trace_records import Trace, TraceFilter
from duologue.wire.traces import TraceExport, WholeTrace


def name(conn: Connection, org_id: str, agent: str | None) -> str | None:
    """What traces call an agent: its slug; a foreign worker's agent has no row to look it up in."""
    found = None if agent is None else agents.get(conn, org_id, agent)
    return agent if found is None else found.slug


def page(
    conn: Connection,
    org_id: str,
    filters: TraceFilter,
    *,
    before: str | None = None,
    limit: int = 50,
) -> Page[Trace]:
    """A piece of the list; the filters may name an agent by its id, too."""
    asked = msgspec.structs.replace(filters, agent=name(conn, org_id, filters.agent))
    return trace_lists.page(conn, org_id, filters=asked, before=before, limit=limit)


def whole(conn: Connection, org_id: str, id: str) -> WholeTrace | None:  # noqa: A002
    """A trace with all that was told of it."""
    found = trace_lists.get(conn, org_id, id)
    return None if found is None else _whole(conn, org_id, found)


def export(
    conn: Connection,
    org_id: str,
    filters: TraceFilter,
    *,
    before: str | None = None,
    limit: int = 50,
) -> TraceExport:
    """A piece of the list, each trace with all that was told of it."""
    found = page(conn, org_id, filters, before=before, limit=limit)
    return TraceExport(items=[_whole(conn, org_id, each) for each in found.items], next=found.next)


def _whole(conn: Connection, org_id: str, trace: Trace) -> WholeTrace:
    parts = {
        "turn_list": trace_persons.turns_of(conn, org_id, trace.id),
        "spans": trace_lists.spans_of(conn, org_id, trace.id),
        "logs": trace_lists.logs_of(conn, org_id, trace.id),
        "recordings": recordings.of(conn, org_id, trace.id),
    }
    known = msgspec.structs.asdict(trace) | parts
    return msgspec.convert(known, WholeTrace, from_attributes=True)

"""The owners' door to traces: listed, searched, read, exported, deleted, summed up."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.di import Provide
from litestar.params import Parameter
from sqlalchemy import Connection

from duologue.access.keys import Principal
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server import telling
from duologue.server.otlp import Otlp
from duologue.server.owners import Limit, principal_of
from duologue.server.taking import FORMS
from duologue.store import trace_deletion, trace_export, trace_lists, trace_overview
from duologue.store.trace_records import TraceFilter, TraceStatus
from duologue.wire import rest
from duologue.wire import traces as wire

DAY_MS: Final = 86_400_000
Query = str | None
Moment = Annotated[int | None, Parameter(ge=0, le=253_402_300_799_999)]
"""In UTC milliseconds, until the end of the year 9999."""


def filters_of(
    agent: Query = None,
    status: TraceStatus | None = None,
    outcome: Query = None,
    source: Query = None,
    conversation: Query = None,
    session: Query = None,
    visitor: Query = None,
    live: bool | None = None,
    error: bool | None = None,
    interrupted: bool | None = None,
    unanswered: bool | None = None,
    slow_ms: Annotated[float | None, Parameter(ge=0, le=1e12)] = None,
    min_cost_micros: Annotated[int | None, Parameter(ge=0, le=2**53)] = None,
    since: Moment = None,
    until: Moment = None,
    text: Query = None,
) -> TraceFilter:
    """Which traces are asked for."""
    return TraceFilter(
        agent=agent,
        status=status,
        outcome=outcome,
        source=source,
        conversation_id=conversation,
        session_id=session,
        visitor_id=visitor,
        live=live,
        error=error,
        interrupted=interrupted,
        unanswered=unanswered,
        slow_ms=slow_ms,
        min_cost_micros=min_cost_micros,
        since=since,
        until=until,
        text=text,
    )


class Traces(Controller):
    """What happened in each run."""

    path = "/v1/traces"
    tags = ("Traces",)
    dependencies = {  # noqa: RUF012  # Litestar's way
        "principal": Provide(principal_of),
        "filters": Provide(filters_of, sync_to_thread=False),
    }

    @get("/")
    async def list_traces(
        self,
        host: Host,
        principal: Principal,
        filters: TraceFilter,
        before: str | None = None,
        limit: Limit = 50,
    ) -> wire.TraceList:
        """Traces, newest first; every filter that is given must be met."""
        principal.require("read")
        found = await host.db.read(
            trace_export.page, principal.org_id, filters, before=before, limit=limit
        )
        return msgspec.convert(found, wire.TraceList, from_attributes=True)

    @post(
        "/",
        status_code=200,
        tags=["OpenTelemetry"],
        exception_handlers={DuologueError: telling.refused},
        request_max_body_size=None,
    )
    async def take_spans(self, request: Request[Any, Any, Any], otlp_door: Otlp) -> Response[bytes]:
        """Takes in spans of OpenTelemetry, in protobuf or JSON: a trace is a run."""
        return await otlp_door.take_spans(request)

    @get("/export")
    async def export_traces(
        self,
        host: Host,
        principal: Principal,
        filters: TraceFilter,
        before: str | None = None,
        limit: Limit = 50,
        format: Literal["json", "csv", "otlp"] = "json",  # noqa: A002
    ) -> Response[Any]:
        """Whole traces, newest first, as JSON; as CSV with a line a turn; or as OTLP's JSON lines.

        The cursor of the following piece is `next`, of CSV and OTLP the header `x-next`.
        """
        principal.require("read")
        made = await host.db.read(
            trace_export.export, principal.org_id, filters, before=before, limit=limit
        )
        if format == "json":
            return Response(made)
        form = FORMS[format]
        headers = {"content-disposition": f'attachment; filename="traces.{form.ending}"'}
        if made.next is not None:
            headers["x-next"] = made.next
        body = await asyncio.to_thread(form.several, made.items)
        return Response(body, media_type=form.media_type, headers=headers)

    @get("/{trace:str}")
    async def get_trace(self, host: Host, principal: Principal, trace: str) -> wire.WholeTrace:
        """A trace with its turns, spans, logs and recordings."""
        principal.require("read")
        found = await host.db.read(trace_export.whole, principal.org_id, trace)
        if found is None:
            raise DuologueError("trace_not_found", trace=trace)
        return found

    @get("/{trace:str}/otlp")
    async def get_otlp(self, host: Host, principal: Principal, trace: str) -> Response[bytes]:
        """A trace as lines of OTLP's JSON: its spans for /v1/traces, the rest for /v1/logs."""
        principal.require("read")
        found = await host.db.read(trace_export.whole, principal.org_id, trace)
        if found is None:
            raise DuologueError("trace_not_found", trace=trace)
        form = FORMS["otlp"]
        body = await asyncio.to_thread(form.alone, found)
        return Response(body, media_type=form.media_type)

    @delete("/{trace:str}", status_code=200)
    async def delete_trace(self, host: Host, principal: Principal, trace: str) -> rest.Done:
        """Forgets a trace that is over: turns, spans, logs, recordings."""
        principal.require("admin")
        found = await host.db.read(trace_lists.get, principal.org_id, trace)
        if found is None:
            raise DuologueError("trace_not_found", trace=trace)
        if found.status == "active":
            raise DuologueError("trace_live", trace=trace)
        host.tracing.forget(trace)  # its last entries may still be on their way
        await host.db.write(trace_deletion.delete_one, principal.org_id, trace)
        return rest.Done()


@get("/v1/overview", tags=["Traces"], dependencies={"principal": Provide(principal_of)})
async def get_overview(
    host: Host,
    principal: Principal,
    agent: str | None = None,
    since: Moment = None,
    until: Moment = None,
    buckets: Annotated[int, Parameter(ge=1, le=trace_overview.MOST_BUCKETS)] = 48,
) -> wire.OverviewView:
    """How agents did in a time, of which a day until now is meant: counts, delays, costs."""
    principal.require("read")
    end = host.clock() if until is None else until
    begin = end - DAY_MS if since is None else since
    found = await host.db.read(_overview, principal.org_id, begin, end, buckets, agent)
    return msgspec.convert(found, wire.OverviewView, from_attributes=True)


DOORS: Final[list[Any]] = [Traces, get_overview]


# ---------------------------------------------------------------- within


def _overview(
    conn: Connection, org_id: str, since: int, until: int, buckets: int, agent: str | None
) -> trace_overview.Overview:
    name = trace_export.name(conn, org_id, agent)
    return trace_overview.overview(
        conn, org_id, since=since, until=until, buckets=buckets, agent=name
    )

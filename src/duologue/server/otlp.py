"""The OTLP door: what any program tells by OpenTelemetry, with a key of the scope `ingest`."""

from __future__ import annotations

from typing import Any, Final

from litestar import Controller, Request, Response, post
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from duologue.access import keys
from duologue.errors import DuologueError
from duologue.server import telling
from duologue.server.admit import Doorman
from duologue.server.layercode import presented_key
from duologue.server.pace import Pace
from duologue.server.told import Keeper
from duologue.trace.ingest import otlp, reading
from duologue.trace.ingest.records import Told

STRAY: Final = "log records without a trace id belong to no run and were not kept"


class Otlp:
    """Takes what programs tell with a key."""

    def __init__(self, doorman: Doorman, keeper: Keeper) -> None:
        self._doorman = doorman
        self._keeper = keeper
        host = doorman.host
        per_minute = host.settings.authorize_per_minute
        self._pace = Pace(per_minute, kind="otlp", counts=host.counts)

    async def admit(self, request: telling.Asked) -> str:
        """Whose runs these are; lets a program in that may tell, and not too often."""
        host = self._doorman.host
        key, now = presented_key(request), host.clock()
        caller = keys.digest(key) if key else None
        await self._pace.take(caller, request.client.host if request.client else "", now)
        with self._pace.learning(caller):
            principal = await host.db.read(keys.authenticate, key, now)
            principal.require("ingest")
        if host.settings.trace == "off":
            raise DuologueError("traces_off")
        await self._doorman.uses.note(principal)
        return principal.org_id

    async def keep(self, org_id: str, told: Told) -> None:
        """Writes what was told; it is in the store when this returns."""
        await self._doorman.host.db.write(self._keeper.keep, org_id, told.entries)

    async def take_spans(self, request: telling.Asked) -> Response[bytes]:
        """Takes in spans: the door itself is beside the list of traces, at the same address."""
        org_id = await self.admit(request)
        await self.keep(org_id, await telling.read(request, otlp.spans))
        return telling.taken(request, ExportTraceServiceResponse())


class Programs(Controller):
    """What programs tell by OpenTelemetry beside their spans."""

    path = "/v1"
    tags = ("OpenTelemetry",)
    exception_handlers = {DuologueError: telling.refused}  # noqa: RUF012  # Litestar's way
    request_max_body_size = None
    """Each reads its body itself, within a bound of its own."""

    @post("/logs", status_code=200)
    async def take_lines(self, request: Request[Any, Any, Any], otlp_door: Otlp) -> Response[bytes]:
        """Takes in log records that belong to a trace; others are counted as rejected."""
        org_id = await otlp_door.admit(request)
        told = await telling.read(request, otlp.logs)
        await otlp_door.keep(org_id, told)
        answer = ExportLogsServiceResponse()
        if told.stray:
            partial = ExportLogsPartialSuccess(rejected_log_records=told.stray, error_message=STRAY)
            answer.partial_success.CopyFrom(partial)
        return telling.taken(request, answer)

    @post("/metrics", status_code=200)
    async def take_measures(
        self, request: Request[Any, Any, Any], otlp_door: Otlp
    ) -> Response[bytes]:
        """Reads metrics and keeps none: figures here come of each run's own spans."""
        await otlp_door.admit(request)
        await telling.read(request, reading.metrics_of)
        return telling.taken(request, ExportMetricsServiceResponse())


DOORS: Final[list[Any]] = [Programs]

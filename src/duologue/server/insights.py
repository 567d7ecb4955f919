"""The Insights door: what livekit-agents workers send when LIVEKIT_OBSERVABILITY_URL is ours."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any, Final

import jwt
from litestar import Controller, Request, Response, post
from livekit import api
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from duologue.access.secrets import digest
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server import telling
from duologue.server.layercode import presented_key
from duologue.server.pace import Pace
from duologue.server.sounds import Incoming
from duologue.server.told import Keeper, Sound
from duologue.trace.ingest import insights, reading
from duologue.trace.ingest.records import Told

PATH: Final = "/observability"
LEEWAY: Final = timedelta(minutes=1)
"""How far clocks of workers may be from ours."""


class Insights:
    """Takes what workers tell that hold the key of this server's LiveKit."""

    def __init__(self, host: Host, org_id: str, keeper: Keeper) -> None:
        settings = host.settings
        self.keeper = keeper
        self.folder = settings.recordings
        self._host = host
        self._org_id = org_id
        per_minute = settings.authorize_per_minute
        self._pace = Pace(per_minute, kind="insights", counts=host.counts)
        self._mode = settings.trace
        self._verifier = None
        if settings.livekit_url:
            key, secret = settings.livekit_api_key, settings.livekit_api_secret
            self._verifier = api.TokenVerifier(key, secret, leeway=LEEWAY)

    async def admit(self, request: telling.Asked) -> None:
        """Lets a worker in that may write, and not too often."""
        if self._verifier is None:
            raise DuologueError("livekit_missing")
        token = presented_key(request)
        caller = digest(token) if token else None
        address = request.client.host if request.client else ""
        await self._pace.take(caller, address, self._host.clock())
        with self._pace.learning(caller):
            _require_grant(self._verifier, token)
        if self._mode == "off":
            raise DuologueError("traces_off")

    async def keep(self, told: Told) -> None:
        """Writes what was told; it is in the store when this returns."""
        await self._host.db.write(self.keeper.keep, self._org_id, told.entries)

    async def keep_report(self, request: telling.Asked) -> None:
        """Takes in what a job says at its end; its sound goes into its file as it comes."""
        incoming = Incoming(self.folder, keep=self._mode == "on")
        try:
            await incoming.receive(request)
            header, history = incoming.header, incoming.history
            work = partial(insights.report, header, history, self.keeper.prices)
            report = await telling.understood(work)
            sound = None
            if path := await asyncio.to_thread(incoming.settle, report.trace):
                length, size = report.duration_ms, incoming.size
                sound = Sound(report.trace, path, report.started_ns, length, size)
            entries = report.entries
            write = self._host.db.write
            if await write(self.keeper.keep_report, self._org_id, entries, sound):
                incoming.kept()
        finally:
            await asyncio.to_thread(incoming.close)


def _require_grant(verifier: api.TokenVerifier, token: str | None) -> None:
    if not token:
        raise _invalid("there is none")
    try:
        claims = verifier.verify(token)
    except jwt.ExpiredSignatureError:
        raise _invalid("it expired; is the worker's clock right?") from None
    except jwt.ImmatureSignatureError:
        raise _invalid("it is not valid yet; is the worker's clock right?") from None
    except jwt.InvalidIssuerError:
        raise _invalid("it is of another API key than this server's") from None
    except jwt.InvalidSignatureError:
        raise _invalid("it was signed with another secret than this server's") from None
    except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError) as error:
        raise _invalid(f"it cannot be read ({error})") from None
    if claims.observability is None or not claims.observability.write:
        raise DuologueError("observability_grant")


def _invalid(reason: str) -> DuologueError:
    return DuologueError("observability_token", reason=reason)


class Workers(Controller):
    """What workers of livekit-agents tell."""

    path = PATH
    tags = ("Insights",)
    exception_handlers = {DuologueError: telling.refused}  # noqa: RUF012  # Litestar's way
    request_max_body_size = None
    """Each reads its body itself, within a bound of its own."""

    @post("/traces/otlp/v0", status_code=200)
    async def take_traces(
        self, request: Request[Any, Any, Any], insights_door: Insights
    ) -> Response[bytes]:
        """Takes in spans of livekit-agents workers."""
        await insights_door.admit(request)
        await insights_door.keep(await telling.read(request, insights.spans))
        return telling.taken(request, ExportTraceServiceResponse())

    @post("/logs/otlp/v0", status_code=200)
    async def take_logs(
        self, request: Request[Any, Any, Any], insights_door: Insights
    ) -> Response[bytes]:
        """Takes in their log lines, what was said, tags and evaluations."""
        await insights_door.admit(request)
        decode = partial(insights.logs, prices=insights_door.keeper.prices)
        await insights_door.keep(await telling.read(request, decode))
        return telling.taken(request, ExportLogsServiceResponse())

    @post("/metrics/otlp/v0", status_code=200)
    async def take_metrics(
        self, request: Request[Any, Any, Any], insights_door: Insights
    ) -> Response[bytes]:
        """Reads their metrics and keeps none: they are sums of what the turns tell each."""
        await insights_door.admit(request)
        await telling.read(request, reading.metrics_of)
        return telling.taken(request, ExportMetricsServiceResponse())

    @post("/recordings/v0", status_code=200)
    async def take_report(
        self, request: Request[Any, Any, Any], insights_door: Insights
    ) -> Response[bytes]:
        """Takes in a job's report: its summary, the whole chat, and the recording."""
        await insights_door.admit(request)
        await insights_door.keep_report(request)
        return Response(b"", media_type=reading.PROTOBUF, headers={"cache-control": "no-store"})


DOORS: Final[list[Any]] = [Workers]

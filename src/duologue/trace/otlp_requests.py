"""What is told, as OTLP's requests: spans in one, turns, runs and log lines in another."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2

from duologue.trace.entries import Entry, Span
from duologue.trace.otlp_words import encode_event, encode_span, pairs

log = logging.getLogger("duologue.trace")

SERVICE: Final = "duologue"
_SCOPE: Final = InstrumentationScope(name="duologue")
_Told = TypeVar("_Told", bound=Entry)
_Words = TypeVar("_Words")


def spans_request(spans: Sequence[Span], service: str = SERVICE) -> ExportTraceServiceRequest:
    """The request that tells of these spans."""
    return ExportTraceServiceRequest(
        resource_spans=[
            trace_pb2.ResourceSpans(
                resource=_resource(service),
                scope_spans=[trace_pb2.ScopeSpans(scope=_SCOPE, spans=_each(encode_span, spans))],
            )
        ]
    )


def events_request(events: Sequence[Entry], service: str = SERVICE) -> ExportLogsServiceRequest:
    """The request that tells of turns, runs and log lines."""
    return ExportLogsServiceRequest(
        resource_logs=[
            logs_pb2.ResourceLogs(
                resource=_resource(service),
                scope_logs=[
                    logs_pb2.ScopeLogs(scope=_SCOPE, log_records=_each(encode_event, events))
                ],
            )
        ]
    )


def _resource(service: str) -> Resource:
    return Resource(attributes=pairs({"service.name": service}))


def _each(encode: Callable[[_Told], _Words], entries: Sequence[_Told]) -> list[_Words]:
    """Each entry in OTLP's words, but those that OTLP cannot say: an id that is no hex."""
    said = []
    for entry in entries:
        try:
            said.append(encode(entry))
        except ValueError as failure:
            log.warning("Not sent over OTLP: %r, for %s", entry, failure)
    return said

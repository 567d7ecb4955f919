"""Requests as exporters send them, made by hand: spans and lines of one job or one program."""

from __future__ import annotations

import gzip
import time
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2

from duologue.trace.otlp_words import pairs

BEGAN = int(time.time()) - 2 * 3600
"""Not long ago: a server forgets what began before its `trace_days`, also what it was just told."""
S = 1_000_000_000
BROKEN = trace_pb2.Status(code=trace_pb2.Status.STATUS_CODE_ERROR)
OTEL = "0af7651916cd43dd8448eb211c80319c"
JOB: dict[str, Any] = {"job_id": "AJ_1", "room_id": "RM_1", "lk.agent_name": "waiter"}


def at(seconds: float) -> int:
    """That long after the beginning, in nanoseconds."""
    return BEGAN * S + round(seconds * S)


def span(
    number: int,
    name: str,
    begin: float,
    end: float,
    *,
    parent: int = 0,
    trace: str = OTEL,
    failed: str = "",
    **told: Any,
) -> trace_pb2.Span:
    """A span; `__` in the name of an attribute is a dot."""
    attributes = {key.replace("__", "."): value for key, value in told.items()}
    events = []
    if failed:
        raised = {"exception.type": failed, "exception.message": "it broke"}
        event = trace_pb2.Span.Event(name="exception", time_unix_nano=at(end))
        event.attributes.extend(pairs(raised))
        events.append(event)
    return trace_pb2.Span(
        trace_id=bytes.fromhex(trace),
        span_id=number.to_bytes(8, "big"),
        parent_span_id=parent.to_bytes(8, "big") if parent else b"",
        name=name,
        start_time_unix_nano=at(begin),
        end_time_unix_nano=at(end),
        attributes=pairs(attributes),
        events=events,
        status=BROKEN if failed else None,
    )


def line(
    scope: str,
    text: str,
    seconds: float = 0.0,
    *,
    severity: int = 9,
    trace: str = OTEL,
    **told: Any,
) -> tuple[str, logs_pb2.LogRecord]:
    """A log record of a scope."""
    attributes = {key.replace("__", "."): value for key, value in told.items()}
    record = logs_pb2.LogRecord(
        time_unix_nano=at(seconds),
        severity_number=severity,  # type: ignore[arg-type]  # enums are numbers
        body=AnyValue(string_value=text),
        attributes=pairs(attributes),
        trace_id=bytes.fromhex(trace),
    )
    return scope, record


def traces(*spans: trace_pb2.Span, **resource: Any) -> bytes:
    """A request with these spans."""
    scoped = trace_pb2.ScopeSpans(scope=InstrumentationScope(name="livekit-agents"), spans=spans)
    about = Resource(attributes=pairs({k.replace("__", "."): v for k, v in resource.items()}))
    told = trace_pb2.ResourceSpans(resource=about, scope_spans=[scoped])
    return ExportTraceServiceRequest(resource_spans=[told]).SerializeToString()


def logs(*lines: tuple[str, logs_pb2.LogRecord], **resource: Any) -> bytes:
    """A request with these lines."""
    about = Resource(attributes=pairs({k.replace("__", "."): v for k, v in resource.items()}))
    scopes = [
        logs_pb2.ScopeLogs(scope=InstrumentationScope(name=scope), log_records=[record])
        for scope, record in lines
    ]
    told = logs_pb2.ResourceLogs(resource=about, scope_logs=scopes)
    return ExportLogsServiceRequest(resource_logs=[told]).SerializeToString()


def conversation(**resource: Any) -> bytes:
    """One spoken turn of a worker with all its parts."""
    given: dict[str, Any] = {"job_id": "AJ_1", "room_id": "RM_1"}
    return traces(
        span(1, "agent_session", 0, 9, lk__pii__room_name="desk", **JOB),
        span(
            2, "user_turn", 1, 3, parent=1, lk__pii__user_transcript="a table",
            lk__end_of_turn_delay=0.5, lk__transcription_delay=0.2, **given,
        ),
        span(
            3, "agent_turn", 3, 5, parent=1, lk__pii__user_input="a table",
            lk__pii__response__text="Done.", lk__e2e_latency=0.9, **given,
        ),
        span(4, "llm_request", 3, 3.2, parent=3, gen_ai__usage__input_tokens=7,
             gen_ai__response__time_to_first_chunk=0.1, **given),
        span(5, "llm_request_run", 3, 3.2, parent=4, **given),
        span(6, "session_close", 8, 9, parent=1, lk__close_reason="participant_disconnected",
             **given),
        **resource,
    )  # fmt: skip


def packed(body: bytes) -> bytes:
    """Gzip, as exporters do."""
    return gzip.compress(body)

"""What is told, in the words of OTLP: spans, and events for what OTLP has no word for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from duologue.trace.entries import Entry, Log, Span, Trace, Turn

TURN: Final = "duologue.turn"
"""The event that holds a turn; its fields are attributes under this name."""
RUN: Final = "duologue.run"
"""The event that holds what is known of a run."""
_EVENTS: Final[Mapping[str, tuple[type[Turn | Trace], str]]] = {
    TURN: (Turn, "turn"),
    RUN: (Trace, "trace"),
}
_LEVELS: Final = {
    "debug": logs_pb2.SEVERITY_NUMBER_DEBUG,
    "info": logs_pb2.SEVERITY_NUMBER_INFO,
    "warning": logs_pb2.SEVERITY_NUMBER_WARN,
    "error": logs_pb2.SEVERITY_NUMBER_ERROR,
}
_INT64: Final = range(-(2**63), 2**63)


def encode_span(span: Span) -> trace_pb2.Span:
    """An ended span in OTLP's words."""
    attributes = dict(span.attributes)
    attributes["duologue.kind"] = span.kind
    if span.turn >= 0:
        attributes["duologue.turn.index"] = span.turn
    if span.status == "cancelled":
        attributes["duologue.cancelled"] = True
    status = trace_pb2.Status()
    if span.status == "error":
        attributes.setdefault("error.type", span.error or "Error")
        status.code = trace_pb2.Status.STATUS_CODE_ERROR
        status.message = str(span.attributes.get("error.message") or span.error)
    return trace_pb2.Span(
        trace_id=bytes.fromhex(span.trace),
        span_id=bytes.fromhex(span.id),
        parent_span_id=bytes.fromhex(span.parent),
        name=span.name,
        kind=trace_pb2.Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=span.start_ns,
        end_time_unix_nano=span.end_ns,
        attributes=pairs(attributes),
        events=[
            trace_pb2.Span.Event(
                name=str(event.get("name", "")),
                time_unix_nano=int(event.get("at_ns", span.start_ns)),
                attributes=pairs(event.get("attributes", {})),
            )
            for event in span.events
        ],
        status=status,
    )


def encode_event(entry: Entry) -> logs_pb2.LogRecord:
    """A turn, a run or a log line as a log record; its span's is kept where it has one."""
    record = logs_pb2.LogRecord(
        trace_id=bytes.fromhex(entry.trace), severity_number=_LEVELS["info"]
    )
    match entry:
        case Log():
            record.time_unix_nano = entry.at_ns
            record.severity_number = _LEVELS[entry.level]
            record.severity_text = entry.level.upper()
            record.body.string_value = entry.text
            record.span_id = bytes.fromhex(entry.span)
            told = dict(entry.attributes)
            if entry.logger:
                told["logger.name"] = entry.logger
            record.attributes.extend(pairs(told))
        case Turn():
            record.event_name = TURN
            record.time_unix_nano = entry.ended_ns or entry.started_ns
            record.attributes.extend(_fields(TURN, entry))
        case Trace():
            record.event_name = RUN
            known = (entry.ended_ns, entry.last_seen_ns, entry.started_ns)
            record.time_unix_nano = next((at for at in known if at is not UNSET and at), 0)
            record.attributes.extend(_fields(RUN, entry))
        case Span():
            raise TypeError("a span is not an event")
    return record


def decode_event(name: str, trace: str, attributes: Mapping[str, Any]) -> Turn | Trace | None:
    """The turn or run that an event of these names holds; none where it is another's event."""
    if name not in _EVENTS:
        return None
    kind, tag = _EVENTS[name]
    told = {
        key.removeprefix(f"{name}."): value
        for key, value in attributes.items()
        if key.startswith(f"{name}.")
    }
    return msgspec.convert(told | {"type": tag, "trace": trace}, kind, strict=False)


def _fields(name: str, entry: Turn | Trace) -> Iterable[KeyValue]:
    told = msgspec.to_builtins(entry)
    told = {key: value for key, value in told.items() if key not in ("type", "trace")}
    return pairs({f"{name}.{key}": value for key, value in told.items()})


def pairs(attributes: Mapping[str, Any]) -> list[KeyValue]:
    """Attributes in OTLP's words; what is none is left out."""
    return [
        KeyValue(key=str(key), value=_any(value))
        for key, value in attributes.items()
        if value is not None
    ]


def _any(value: Any) -> AnyValue:
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case str():
            # What is half of a character pair cannot be written as UTF-8.
            return AnyValue(string_value=value.encode(errors="replace").decode())
        case int() if value in _INT64:
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case bytes():
            return AnyValue(bytes_value=value)
        case Mapping():
            return AnyValue(kvlist_value=KeyValueList(values=pairs(value)))
        case list() | tuple():
            return AnyValue(array_value=ArrayValue(values=map(_any, value)))
        case None:
            return AnyValue()
        case _:
            return AnyValue(string_value=str(value))

"""A span and a log record of OTLP as entries, and where they were told."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, Final, NamedTuple, get_args

import msgspec
from msgspec import UNSET
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from duologue.trace import names
from duologue.trace.entries import Entry, Kind, Level, Log, Span, Status, Trace, Turn
from duologue.trace.otlp_words import decode_event

_DEEP: Final = 32
"""Levels of lists in a value; below them it is text."""
_LATEST: Final = 2**63 - 1
_MOST: Final = 1e15
"""What counts and delays stay below: more is a mistake, and would not fit where they are added."""
_KINDS: Final = frozenset(get_args(Kind))


class Malformed(ValueError):
    """What arrived cannot be read; its words say what is wrong with it."""


class Source(NamedTuple):
    """Where something was told: its program, and the part of it."""

    resource: Mapping[str, Any]
    scope: str
    attributes: Mapping[str, Any]
    """Those of the scope."""

    def of(self, name: str, told: Mapping[str, Any]) -> str:
        """A word that is told of the thing itself, of its scope or of its program."""
        for where in (told, self.attributes, self.resource):
            if value := where.get(name):
                return str(value)
        return ""


class Spanned(NamedTuple):
    """A span, and where it was told."""

    entry: Span
    source: Source


class Logged(NamedTuple):
    """A log line or an event, and where it was told; `trace` of the line may be empty."""

    entry: Log
    source: Source
    event: Turn | Trace | None = None


class Told(NamedTuple):
    """What a request comes to, and how many records of it belong to no run."""

    entries: list[Entry]
    stray: int = 0


def over(first: Trace | None, second: Trace) -> Trace:
    """Both together; where they differ, the second."""
    if first is None:
        return second
    told = {
        name: value
        for name in Trace.__struct_fields__
        if (value := getattr(second, name)) is not UNSET
    }
    if first.attributes is not UNSET and second.attributes is not UNSET:
        told["attributes"] = first.attributes | second.attributes
    if first.tags is not UNSET and second.tags is not UNSET:
        told["tags"] = list(dict.fromkeys([*first.tags, *second.tags]))
    return msgspec.structs.replace(first, **told)


def repeatable(*parts: object) -> str:
    """16 hex digits that the same parts always have."""
    content = msgspec.json.encode(parts, enc_hook=str)
    return blake2b(content, digest_size=8).hexdigest()


def source_of(resource: Any, scope: Any) -> Source:
    """Where something was told, with what is known of that program and its part."""
    return Source(_pairs(resource.attributes), scope.name, _pairs(scope.attributes))


def span_of(span: trace_pb2.Span) -> Span:
    """The span as an entry; one that nobody could have is refused."""
    what = f"span {span.name[:60]!r}"
    attributes = _known(_pairs(span.attributes))
    events = [
        {
            "name": event.name,
            "at_ns": _time(event.time_unix_nano, what),
            "attributes": _pairs(event.attributes),
        }
        for event in span.events
    ]
    failed = span.status.code == trace_pb2.Status.STATUS_CODE_ERROR
    told = attributes.pop("duologue.kind", None)
    kind: Kind = told if told in _KINDS else names.kind_of(span.name, attributes)
    if kind == "tool" and names.TOOL_ERROR.of(attributes):
        failed = True
    raised = next((_pairs(e.attributes) for e in span.events if e.name == "exception"), {})
    if failed and (words := raised.get("exception.message") or span.status.message):
        attributes.setdefault("error.message", words)
    error = str(raised.get("exception.type") or names.ERROR_TYPE.of(attributes) or "Error")
    end = _time(span.end_time_unix_nano, what)
    turn = attributes.pop("duologue.turn.index", -1)
    status: Status = "active" if not end else "error" if failed else "ok"
    if attributes.pop("duologue.cancelled", False) and status == "ok":
        status = "cancelled"
    return Span(
        trace=_id(span.trace_id, 16, f"the trace id of {what}"),
        id=_id(span.span_id, 8, f"the id of {what}"),
        parent=_id(span.parent_span_id, 8, f"the parent's id of {what}", empty=True),
        name=span.name,
        kind=kind,
        start_ns=_time(span.start_time_unix_nano, what),
        end_ns=end,
        status=status,
        error=error if failed else "",
        turn=turn if isinstance(turn, int) and -1 <= turn < 2**20 else -1,
        attributes=attributes,
        events=events,
    )


def logged_of(record: logs_pb2.LogRecord, source: Source) -> Logged:
    """The log record as an entry, and the event that it is where it is one of ours."""
    attributes = _pairs(record.attributes)
    body = _value(record.body)
    text = body if isinstance(body, str) else _json(body)
    at = _time(record.time_unix_nano or record.observed_time_unix_nano, "a log record")
    trace = _id(record.trace_id, 16, "the trace id of a log record", empty=True)
    span = _id(record.span_id, 8, "the span id of a log record", empty=True)
    logger = str(attributes.pop("logger.name", "") or source.scope)
    id_ = repeatable(trace, at, span, logger, text, attributes)
    entry = Log(
        trace=trace,
        id=id_,
        at_ns=at,
        level=_level(record.severity_number),
        text=text or record.event_name,
        span=span,
        logger=logger,
        attributes=attributes,
    )
    try:
        event = decode_event(record.event_name, trace, attributes)
    except (msgspec.ValidationError, OverflowError) as error:
        raise Malformed(f"the event {record.event_name!r} is none of ours: {error}") from None
    if event is not None and not all(map(_fits, msgspec.to_builtins(event).values())):
        raise Malformed(f"the event {record.event_name!r} has a number that nothing can have")
    return Logged(entry, source, event)


def _fits(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value) and abs(value) < _MOST
    return not isinstance(value, int) or -1 <= value <= _LATEST


def _level(severity: int) -> Level:
    if severity >= logs_pb2.SEVERITY_NUMBER_ERROR:
        return "error"
    if severity >= logs_pb2.SEVERITY_NUMBER_WARN:
        return "warning"
    return "debug" if 0 < severity < logs_pb2.SEVERITY_NUMBER_INFO else "info"


def _id(raw: bytes, size: int, what: str, *, empty: bool = False) -> str:
    if empty and not any(raw):
        return ""
    if len(raw) != size or not any(raw):
        shown = raw.hex()[:40] or "nothing"
        raise Malformed(f"{what} must be {size} bytes that are not all 0, not {shown}")
    return raw.hex()


def _time(ns: int, what: str) -> int:
    if ns > _LATEST:
        raise Malformed(f"a time of {what} lies beyond 2262: {ns} ns")
    return ns


def _known(attributes: dict[str, Any]) -> dict[str, Any]:
    """Attributes whose meaning is known are plain, and numbers where they must be."""
    for key in names.TTS_METRICS.names:
        if key in attributes and not _metrics_sound(attributes[key]):
            del attributes[key]
    for name in names.ATTRIBUTES.values():
        for key in name.names:
            value = attributes.get(key)
            if isinstance(value, list | dict):
                attributes[key] = _json(value)
            elif name in _NUMBERS and value is not None and not _sound(value):
                del attributes[key]
    return attributes


def _metrics_sound(told: Any) -> bool:
    """Whether the figures of a request, which are JSON as text, are numbers where they count."""
    try:
        held = msgspec.json.decode(told) if isinstance(told, str) else None
    except (msgspec.DecodeError, RecursionError):
        return False
    counted = ("ttfb", "characters_count")
    return isinstance(held, dict) and all(_sound(held.get(name) or 0) for name in counted)


def _sound(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and abs(value) < _MOST


_NUMBERS: Final = frozenset(
    {
        names.INPUT_TOKENS,
        names.OUTPUT_TOKENS,
        names.CACHED_TOKENS,
        names.CONFIDENCE,
        names.END_OF_TURN,
        names.TRANSCRIPTION,
        names.FIRST_TOKEN,
        names.FIRST_CHUNK,
        names.FIRST_BYTE,
        names.END_TO_END,
        names.PLAYED,
    }
)


def _pairs(attributes: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in attributes}


def _value(value: AnyValue, depth: int = 0) -> Any:
    """A value of OTLP as one of ours."""
    match value.WhichOneof("value"):
        case None:
            return None
        case "array_value" | "kvlist_value" if depth >= _DEEP:
            return "…"
        case "array_value":
            return [_value(each, depth + 1) for each in value.array_value.values]
        case "kvlist_value":
            pairs = value.kvlist_value.values
            return {pair.key: _value(pair.value, depth + 1) for pair in pairs}
        case "bytes_value":
            return value.bytes_value.hex()
        case "double_value":
            number = value.double_value
            return number if math.isfinite(number) else str(number)
        case one:
            return getattr(value, one)


def _json(value: Any) -> str:
    return "" if value is None else msgspec.json.encode(value, enc_hook=str).decode()

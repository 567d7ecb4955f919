"""A run as lines of OTLP's JSON, as OpenTelemetry's own file exporter writes them."""

from __future__ import annotations

from base64 import b64decode
from typing import Any, Final

import msgspec
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from duologue.trace.entries import Entry, Log, Span, Trace, Turn
from duologue.trace.otlp_requests import events_request, spans_request
from duologue.wire.traces import WholeTrace

KIND: Final = "application/x-ndjson"
_IDS: Final = ("traceId", "spanId", "parentSpanId")
_MS: Final = 1_000_000
_TOLD: Final = ("agent", "agent_version", "conversation_id", "session_id", "visitor_id", "room")
_ALSO: Final = ("source", "transport", "status", "reason", "outcome")


class _Turn(Turn, frozen=True, kw_only=True, omit_defaults=True, tag="turn"):
    """A turn as it leaves the house: with the person who answered, if one did."""

    person: str = ""


def lines(whole: WholeTrace) -> bytes:
    """Two lines: the spans that ended, and turns, run and log lines as events."""
    trace = whole.id.removeprefix("run_")
    spans = [_taken(each, Span, trace) for each in whole.spans if each.end_ns]
    events: list[Entry] = [_run(whole, trace)]
    events += [_taken(each, _Turn, trace) for each in whole.turn_list]
    events += [_taken(each, Log, trace) for each in whole.logs]
    return _line(spans_request(spans)) + _line(events_request(events))


def _taken(row: msgspec.Struct, kind: type[Any], trace: str) -> Any:
    return msgspec.convert(msgspec.structs.asdict(row) | {"type": _tag(kind), "trace": trace}, kind)


def _tag(kind: type[Any]) -> str:
    return str(kind.__struct_config__.tag)


def _run(whole: WholeTrace, trace: str) -> Trace:
    told = {name: value for name in (*_TOLD, *_ALSO) if (value := getattr(whole, name))}
    if whole.ended_at is not None:
        told["ended_ns"] = whole.ended_at * _MS
    known = {
        "type": "trace",
        "trace": trace,
        "started_ns": whole.started_at * _MS,
        "tags": whole.tags,
        "usage": whole.usage,
        "cost_micros": whole.cost_micros,
        "dropped": whole.dropped,
        "attributes": whole.attributes,
    }
    return msgspec.convert(known | told, Trace)


def _line(request: Message) -> bytes:
    told = MessageToDict(request, use_integers_for_enums=True)
    _hex_ids(told)
    return msgspec.json.encode(told) + b"\n"


def _hex_ids(told: Any) -> None:
    """Protobuf's JSON writes ids as base64, OTLP's as hex."""
    waiting = [told]
    while waiting:
        held = waiting.pop()
        if isinstance(held, list):
            waiting += held
        elif isinstance(held, dict):
            for key in _IDS:
                if key in held:
                    held[key] = b64decode(held[key]).hex()
            waiting += held.values()

"""OTLP read: protobuf or JSON, packed or not; what cannot be read is refused whole."""

from __future__ import annotations

import zlib
from base64 import b64encode
from typing import Any, Final, TypeVar

import msgspec
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from duologue.trace.ingest.records import (
    Logged,
    Malformed,
    Source,
    Spanned,
    logged_of,
    source_of,
    span_of,
)

JSON: Final = "application/json"
PROTOBUF: Final = "application/x-protobuf"
UNPACKED: Final = 32 * 1024 * 1024
"""Bytes that a request may have once it is unpacked."""
_HEX: Final = {"traceId": 16, "spanId": 8, "parentSpanId": 8}
_HEX_SNAKE: Final = {"trace_id": 16, "span_id": 8, "parent_span_id": 8}
_Request = TypeVar("_Request", bound=Message)


def unpacked(body: bytes, encoding: str, most: int = UNPACKED) -> bytes:
    """The body as it was before it was packed; never more than `most` bytes are held."""
    match encoding.strip().lower():
        case "" | "identity":
            whole = body
        case "gzip" | "x-gzip":
            whole = _inflated(body, 16 + zlib.MAX_WBITS, most)
        case "deflate":
            whole = _inflated(body, zlib.MAX_WBITS, most)
        case other:
            raise Malformed(f"content-encoding {other[:40]!r} is not known; use gzip, or none")
    if len(whole) > most:
        raise Malformed(f"the body is larger than {most} bytes; send smaller batches")
    return whole


def spans_of(body: bytes, kind: str) -> list[Spanned]:
    """The spans of a request, in its order."""
    request = _read(ExportTraceServiceRequest(), body, kind)
    return [
        Spanned(span_of(span), source)
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for source in [source_of(resource.resource, scope.scope)]
        for span in scope.spans
    ]


def logs_of(body: bytes, kind: str) -> list[Logged]:
    """The log records of a request, in its order."""
    request = _read(ExportLogsServiceRequest(), body, kind)
    return [
        logged_of(record, source)
        for resource in request.resource_logs
        for scope in resource.scope_logs
        for source in [source_of(resource.resource, scope.scope)]
        for record in scope.log_records
    ]


def metrics_of(body: bytes, kind: str) -> list[Source]:
    """Who sends metrics: they are sums over many runs, of which the turns tell more."""
    request = _read(ExportMetricsServiceRequest(), body, kind)
    return [
        source_of(resource.resource, scope.scope)
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
    ]


# ---------------------------------------------------------------- within


def _inflated(body: bytes, bits: int, most: int) -> bytes:
    unpacker = zlib.decompressobj(bits)
    try:
        whole = unpacker.decompress(body, most + 1)
    except zlib.error as error:
        raise Malformed(f"the body is not what its content-encoding says ({error})") from None
    if len(whole) <= most and not unpacker.eof:
        raise Malformed("the packed body ends in its middle")
    return whole


def _read(request: _Request, body: bytes, kind: str) -> _Request:
    if kind.partition(";")[0].strip().lower() == JSON:
        return _read_json(request, body)
    try:
        request.ParseFromString(body)
    except DecodeError:
        what = type(request).__name__
        raise Malformed(f"the body is no {what} in protobuf ({len(body)} bytes)") from None
    return request


def _read_json(request: _Request, body: bytes) -> _Request:
    try:
        told = msgspec.json.decode(body)
        if not isinstance(told, dict):
            raise Malformed(f"the body is JSON, but no {type(request).__name__}")
        _plain_ids(told)
        return ParseDict(told, request, ignore_unknown_fields=True)
    except (msgspec.DecodeError, ParseError, RecursionError, OverflowError) as error:
        reason = str(error)[:300] or type(error).__name__
        raise Malformed(f"the JSON cannot be read as OTLP: {reason}") from None


def _plain_ids(told: Any) -> None:
    """OTLP's JSON writes ids as hex, protobuf's as base64: the first become the second."""
    waiting = [told]
    while waiting:
        held = waiting.pop()
        if isinstance(held, list):
            waiting += held
        elif isinstance(held, dict):
            for key, value in held.items():
                if key in _HEX or key in _HEX_SNAKE:
                    held[key] = _base64(key, value)
                else:
                    waiting.append(value)


def _base64(key: str, value: Any) -> str:
    try:
        return b64encode(bytes.fromhex(value)).decode()
    except (TypeError, ValueError):
        raise Malformed(f"{key} must be hex digits, not {str(value)[:40]!r}") from None

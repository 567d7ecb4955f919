"""OTLP read: packed or not, protobuf or JSON; and what is refused, and with which words."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.trace.ingest.requests import OTEL, at, conversation, line, logs, span, traces

from duologue.trace.ingest import reading
from duologue.trace.ingest.records import Malformed, repeatable

JSON = reading.JSON
PROTOBUF = reading.PROTOBUF


def as_json(body: bytes) -> dict[str, Any]:
    """The request as OTLP's JSON has it: ids are hex."""
    told = MessageToDict(ExportTraceServiceRequest.FromString(body))
    for each in told["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for name in ("traceId", "spanId", "parentSpanId"):
            if name in each:
                each[name] = base64.b64decode(each[name]).hex()
    return told


def test_protobuf_and_json_say_the_same() -> None:
    """Whichever way it was written, and in a time zone of nobody."""
    body = conversation(service__name="livekit-agents")
    by_json = reading.spans_of(json.dumps(as_json(body)).encode(), f"{JSON}; charset=utf-8")
    assert by_json == reading.spans_of(body, PROTOBUF)
    first = by_json[0].entry
    assert (first.trace, first.id, first.kind) == (OTEL, "0000000000000001", "session")
    assert (first.start_ns, first.end_ns, first.status) == (at(0), at(9), "ok")


def test_a_failure_is_told_with_its_type_and_words() -> None:
    """As the exception's event has them; the rest of the attributes stays as it was."""
    (told,) = reading.spans_of(
        traces(span(1, "llm_request", 0, 1, failed="APIStatusError", gen_ai__system="x")), PROTOBUF
    )
    assert (told.entry.status, told.entry.error) == ("error", "APIStatusError")
    assert told.entry.attributes == {"gen_ai.system": "x", "error.message": "it broke"}
    assert told.entry.events[0]["name"] == "exception"


def test_a_tool_that_reports_an_error_failed() -> None:
    """livekit-agents ends its span well, and says so in an attribute."""
    (told,) = reading.spans_of(
        traces(span(1, "function_tool", 0, 1, lk__function_tool__is_error=True)), PROTOBUF
    )
    assert (told.entry.kind, told.entry.status) == ("tool", "error")


@pytest.mark.parametrize(
    ("severity", "level"), [(0, "info"), (5, "debug"), (13, "warning"), (17, "error")]
)
def test_severities_are_levels(severity: int, level: str) -> None:
    """Four of ours for twenty-four of OTLP's."""
    (told,) = reading.logs_of(logs(line("booking", "hello", severity=severity)), PROTOBUF)
    assert (told.entry.level, told.entry.logger, told.entry.text) == (level, "booking", "hello")


def test_a_line_that_is_sent_again_is_the_same_line() -> None:
    """Its id is made of what it says."""
    one, other = (reading.logs_of(logs(line("a", text)), PROTOBUF)[0].entry for text in "xy")
    assert one.id == reading.logs_of(logs(line("a", "x")), PROTOBUF)[0].entry.id != other.id
    assert repeatable("a", 1) == repeatable("a", 1) != repeatable("a1")


def test_what_is_packed_is_unpacked_within_a_bound() -> None:
    """A bomb is never held whole."""
    assert reading.unpacked(b"abc", "") == reading.unpacked(gzip.compress(b"abc"), "gzip") == b"abc"
    assert reading.unpacked(zlib.compress(b"abc"), "deflate") == b"abc"
    with pytest.raises(Malformed, match="larger than 1000 bytes"):
        reading.unpacked(gzip.compress(bytes(100_000)), "gzip", 1000)
    with pytest.raises(Malformed, match="larger than 1000 bytes"):
        reading.unpacked(bytes(2000), "identity", 1000)


@pytest.mark.parametrize(
    ("body", "encoding", "words"),
    [
        (b"abc", "gzip", "not what its content-encoding says"),
        (gzip.compress(b"abc" * 100)[:-9], "gzip", "ends in its middle"),
        (b"abc", "br", "'br' is not known; use gzip"),
    ],
)
def test_what_cannot_be_unpacked_is_refused(body: bytes, encoding: str, words: str) -> None:
    """With what is wrong."""
    with pytest.raises(Malformed, match=words):
        reading.unpacked(body, encoding)


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b"\xff\xff", PROTOBUF, "no ExportTraceServiceRequest in protobuf"),
        (b"{", JSON, "cannot be read as OTLP"),
        (b"[]", JSON, "JSON, but no ExportTraceServiceRequest"),
        (b"[" * 100_000, JSON, "cannot be read as OTLP"),
        (b'{"resourceSpans": 3}', JSON, "cannot be read as OTLP"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "xyz"}]}]}]}', JSON, "hex"),
        (traces(span(0, "a", 0, 1)), PROTOBUF, "the id of span 'a' must be 8 bytes"),
        (traces(span(1, "a", 0, 1, trace="00" * 16)), PROTOBUF, "the trace id of span 'a'"),
        (traces(span(1, "a", 0, 1, trace="ab")), PROTOBUF, "must be 16 bytes .* not ab"),
        (traces(span(1, "a", 0, 2**33)), PROTOBUF, "a time of span 'a' lies beyond 2262"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_whole(body: bytes, kind: str, words: str) -> None:
    """With what is wrong, and where."""
    with pytest.raises(Malformed, match=words):
        reading.spans_of(body, kind)


def test_known_attributes_are_what_turns_can_be_made_of() -> None:
    """A count that is a text, a list for a name, a number that nothing has: left out, or text."""
    odd: dict[str, Any] = {
        "gen_ai__usage__input_tokens": "seven",
        "lk__e2e_latency": float("inf"),
        "lk__generation_id": ["a"],
        "lk__tts_metrics": '{"characters_count": "x"}',
        "other": float("nan"),
    }
    (told,) = reading.spans_of(traces(span(1, "agent_turn", 0, 1, **odd)), PROTOBUF)
    assert told.entry.attributes == {"lk.generation_id": '["a"]', "other": "nan"}


def test_values_of_every_kind_are_read() -> None:
    """Lists, maps and bytes; what is too deep is left out."""
    deep: Any = "end"
    for _ in range(40):
        deep = [deep]
    (told,) = reading.spans_of(
        traces(span(1, "a", 0, 1, map={"a": [1, True]}, raw=b"\x01", deep=deep)), PROTOBUF
    )
    held = told.entry.attributes
    assert (held["map"], held["raw"]) == ({"a": [1, True]}, "01")
    assert "end" not in str(held["deep"])
    assert "…" in str(held["deep"])

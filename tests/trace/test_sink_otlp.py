"""What is told arrives at whoever reads OTLP, in OTLP's own words."""

from __future__ import annotations

import httpx
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from tests.trace.receiver import FOREVER, Answer, Receiver, Request

from duologue.trace.entries import Entry, Log, Span, Trace, Turn
from duologue.trace.ingest import otlp
from duologue.trace.otlp_words import decode_event
from duologue.trace.sending import Forbidden, NotTaken, Sender
from duologue.trace.sink_otlp import OtlpSink
from duologue.trace.sinks import Refused

TRACE = "0123456789abcdef0123456789abcdef"
SPAN = Span(
    trace=TRACE,
    id="a" * 16,
    parent="b" * 16,
    name="llm_request",
    kind="llm",
    start_ns=1_000,
    end_ns=3_000,
    status="error",
    error="APIError",
    turn=2,
    attributes={"lk.pii.chat_ctx": "said", "n": 1, "f": 0.5, "b": True, "l": ["x"], "big": 2**70},
    events=[{"name": "retry", "at_ns": 2_000, "attributes": {"attempt": 1}}],
)
TURN = Turn(trace=TRACE, index=2, started_ns=5, ended_ns=9, user_text="hi", spoken=True, e2e_ms=7.5)
RUN = Trace(trace=TRACE, agent="helper", tags=["t"], usage=[{"model": "m", "tokens": 3}])
LINE = Log(
    trace=TRACE, id="c" * 16, at_ns=4, level="error", text="oh", span="a" * 16, logger="livekit"
)


def spans(request: Request) -> ExportTraceServiceRequest:
    """The spans that arrived."""
    return ExportTraceServiceRequest.FromString(request.body)


def logs(request: Request) -> ExportLogsServiceRequest:
    """The events that arrived."""
    return ExportLogsServiceRequest.FromString(request.body)


async def test_a_span_arrives_whole() -> None:
    """Ids, times, parent, status, attributes of each type, and moments arrive, with the headers."""
    async with Receiver() as receiver:
        sink = OtlpSink(f"{receiver.url}/otel/", {"x-key": "k"}, content=True, service="front-desk")
        await sink.write([SPAN])
        await sink.close()
    [request] = receiver.requests
    assert (request.method, request.path) == ("POST", "/otel/v1/traces")
    assert request.headers["content-type"] == "application/x-protobuf"
    assert request.headers["x-key"] == "k"
    [resource] = spans(request).resource_spans
    assert resource.resource.attributes[0].value.string_value == "front-desk"
    [arrived] = resource.scope_spans[0].spans
    assert (arrived.trace_id.hex(), arrived.span_id.hex()) == (TRACE, "a" * 16)
    assert (arrived.parent_span_id.hex(), arrived.name) == ("b" * 16, "llm_request")
    assert (arrived.start_time_unix_nano, arrived.end_time_unix_nano) == (1_000, 3_000)
    assert (arrived.status.code, arrived.status.message) == (Status.STATUS_CODE_ERROR, "APIError")
    told = {pair.key: pair.value for pair in arrived.attributes}
    assert told["n"].int_value == 1
    assert told["f"].double_value == 0.5
    assert told["b"].bool_value is True
    assert told["l"].array_value.values[0].string_value == "x"
    assert told["big"].string_value == str(2**70)
    assert told["error.type"].string_value == "APIError"
    assert told["duologue.kind"].string_value == "llm"
    assert told["duologue.turn.index"].int_value == 2
    assert told["lk.pii.chat_ctx"].string_value == "said"
    assert (arrived.events[0].name, arrived.events[0].time_unix_nano) == ("retry", 2_000)


async def test_what_was_said_stays_here() -> None:
    """Without content=True no text leaves: the spans and turns go bare."""
    async with Receiver() as receiver:
        sink = OtlpSink(receiver.url)
        await sink.write([SPAN, TURN])
        await sink.close()
    [first, second] = receiver.requests
    [arrived] = spans(first).resource_spans[0].scope_spans[0].spans
    assert "lk.pii.chat_ctx" not in {pair.key for pair in arrived.attributes}
    assert b"hi" not in second.body


async def test_turns_runs_and_lines_are_events_that_can_be_read_back() -> None:
    """The event of a turn or a run holds all of it, and a log line is a log record of its span."""
    async with Receiver() as receiver:
        sink = OtlpSink(receiver.url, content=True)
        await sink.write([TURN, RUN, LINE])
        await sink.close()
    [request] = receiver.requests
    assert request.path == "/v1/logs"
    turn, run, line = logs(request).resource_logs[0].scope_logs[0].log_records
    plain = {"user_text": "hi", "index": 2, "started_ns": 5, "ended_ns": 9, "spoken": True}
    told = {pair.key.removeprefix("duologue.turn."): pair.value for pair in turn.attributes}
    assert turn.event_name == "duologue.turn"
    assert told["e2e_ms"].double_value == 7.5
    assert (
        decode_event(
            turn.event_name,
            turn.trace_id.hex(),
            {f"duologue.turn.{key}": value for key, value in plain.items()}
            | {"duologue.turn.e2e_ms": 7.5, "other": 1},
        )
        == TURN
    )
    assert run.event_name == "duologue.run"
    assert (
        decode_event(
            run.event_name,
            TRACE,
            {
                "duologue.run.agent": "helper",
                "duologue.run.tags": ["t"],
                "duologue.run.usage": [{"model": "m", "tokens": 3}],
            },
        )
        == RUN
    )
    assert decode_event("another.vendors", TRACE, {}) is None
    assert (line.severity_text, line.body.string_value) == ("ERROR", "oh")
    assert line.span_id.hex() == "a" * 16


async def test_an_open_span_is_not_sent() -> None:
    """OTLP knows no open spans: it goes when it has ended."""
    async with Receiver() as receiver:
        sink = OtlpSink(receiver.url)
        await sink.write([Span(trace=TRACE, id="d" * 16, name="open", start_ns=1)])
        await sink.close()
    assert receiver.requests == []


async def test_a_span_that_otlp_cannot_say_takes_no_other_with_it() -> None:
    """A span with an id that is no hex is left out, the others arrive."""
    async with Receiver() as receiver:
        sink = OtlpSink(receiver.url)
        await sink.write([Span(trace="no", id="hex", name="x", start_ns=1, end_ns=2), SPAN])
        await sink.close()
    assert len(spans(receiver.requests[0]).resource_spans[0].scope_spans[0].spans) == 1


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Answer(500), NotTaken),
        (Answer(429), NotTaken),
        (Answer(cut=True), NotTaken),
        (Answer(after=FOREVER), NotTaken),
        (Answer(401), Forbidden),
        (Answer(302), Forbidden),
        (Answer(400), Refused),
    ],
)
async def test_an_answer_says_whether_another_try_helps(
    answer: Answer, fault: type[Exception]
) -> None:
    """Trouble of the other side is tried again; a wrong key, address or body is not."""
    async with Receiver(lambda request: answer) as receiver:
        sink = OtlpSink(receiver.url, patience=0.5)
        with pytest.raises(fault, match=receiver.url):
            await sink.write([SPAN])
        await sink.close()


async def test_nobody_there_is_tried_again() -> None:
    """A refused connection is no reason to lose a batch."""
    async with Receiver() as receiver:
        url = receiver.url
    sink = OtlpSink(url)
    with pytest.raises(NotTaken, match=url):
        await sink.write([SPAN])
    await sink.close()


async def test_rejected_spans_are_counted() -> None:
    """What an answer says was rejected is lost, and the rest arrived."""

    def behaviour(request: Request) -> Answer:
        if request.path == "/v1/traces":
            partly = ExportTracePartialSuccess(rejected_spans=2)
            return Answer(
                body=ExportTraceServiceResponse(partial_success=partly).SerializeToString()
            )
        less = ExportLogsPartialSuccess(rejected_log_records=1)
        return Answer(body=ExportLogsServiceResponse(partial_success=less).SerializeToString())

    async with Receiver(behaviour) as receiver:
        sink = OtlpSink(receiver.url)
        with pytest.raises(Refused) as refused:
            await sink.write([SPAN, SPAN, SPAN, TURN, RUN])
        await sink.close()
    assert refused.value.lost == 3


async def test_a_vendor_without_logs_gets_spans() -> None:
    """A 404 for the events is heard once, each of them counted as lost; spans go on."""

    def behaviour(request: Request) -> Answer:
        return Answer(404 if request.path == "/v1/logs" else 200, b"{}")

    async with Receiver(behaviour) as receiver:
        sink = OtlpSink(receiver.url)
        batch: list[Entry] = [SPAN, TURN, RUN]
        for _ in range(2):
            with pytest.raises(Refused, match="takes no turns and log lines") as refused:
                await sink.write(batch)
            assert refused.value.lost == 2
        await sink.write([SPAN])
        await sink.close()
    assert [request.path for request in receiver.requests] == [
        "/v1/traces",
        "/v1/logs",
        "/v1/traces",
        "/v1/traces",
    ]


@pytest.mark.parametrize("url", ["collector:4318", "ftp://x", "http://x/?key=1", "http:///v1"])
def test_refuses_an_address_that_is_none(url: str) -> None:
    """An address that cannot be posted to is an error from the start, and named."""
    with pytest.raises(ValueError, match="telemetry"):
        OtlpSink(url)


@pytest.mark.parametrize(("url", "proven"), [("HTTPS://x", True), ("http://x", False)])
async def test_whoever_is_asked_by_https_proves_who_it_is(
    monkeypatch: pytest.MonkeyPatch, url: str, proven: bool
) -> None:
    """However the address is written; without https there are no certificates to be read."""
    asked: list[object] = []

    class Client:
        def __init__(self, *, verify: object, **_: object) -> None:
            asked.append(verify)
            raise ConnectionError("enough is known")

    monkeypatch.setattr(httpx, "AsyncClient", Client)
    with pytest.raises(ConnectionError):
        await Sender(url).ask("GET", "/")
    assert asked == [proven]


async def test_our_own_reader_gets_what_was_told() -> None:
    """What one duologue sends another reads: the same steps, turns, words, and the agent's name."""
    async with Receiver() as receiver:
        sink = OtlpSink(receiver.url, content=True, service="some-service")
        await sink.write([RUN, TURN, SPAN, LINE])
        await sink.close()
    first, second = receiver.requests
    kind = "application/x-protobuf"
    told = [*otlp.spans(first.body, kind).entries, *otlp.logs(second.body, kind).entries]
    assert TURN in told
    [span] = [entry for entry in told if isinstance(entry, Span)]
    assert (span.id, span.kind, span.turn, span.error) == (SPAN.id, "llm", 2, "APIError")
    [line] = [entry for entry in told if isinstance(entry, Log)]
    assert (line.text, line.level, line.span) == ("oh", "error", SPAN.id)
    runs = [entry for entry in told if isinstance(entry, Trace)]
    assert runs[-1].agent == "helper"
    assert runs[-1].tags == ["t"]

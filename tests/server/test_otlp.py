"""The OTLP door: a real exporter's spans, JSON by hand, keys, limits and refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # has no types
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from tests.server.conftest import Desk
from tests.serving import House
from tests.trace.ingest.requests import at, conversation, line, logs, packed, span, traces

from duologue.server import telling

JSON = "application/json"
PROTOBUF = "application/x-protobuf"


def trace(number: int) -> str:
    """The trace of that number."""
    return f"{0x07E1:016x}{number:016x}"


@pytest.fixture(scope="module")
def key(desk: Desk) -> str:
    """A key of programs that tell, which may nothing else."""
    options = ("--kind", "secret", "--scope", "ingest")
    return str(desk.house.command("keys", "create", *options)["key"])


def tell(
    desk: Desk, what: str, body: bytes, key: str | None, kind: str = PROTOBUF, **headers: str
) -> httpx.Response:
    """Sends as an exporter does."""
    given = {"content-type": kind, **headers}
    if key is not None:
        given["authorization"] = f"Bearer {key}"
    return desk.http.post(f"/v1/{what}", content=body, headers=given)


def whole(desk: Desk, number: int) -> dict[str, Any]:
    """All that is kept of a run."""
    answer = desk.ask("GET", f"/v1/traces/run_{trace(number)}")
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]  # of JSON


def test_the_exporter_of_opentelemetry_is_understood(desk: Desk, key: str) -> None:
    """Packed, with its own headers and its own idea of what an answer is."""
    exporter = OTLPSpanExporter(
        endpoint=f"{desk.house.url}/v1/traces",
        headers={"x-api-key": key},
        compression=Compression.Gzip,
    )
    resource = Resource.create({"service.name": "bot", "service.version": "3"})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("bot")
    with (
        tracer.start_as_current_span("call") as root,
        tracer.start_as_current_span("agent_turn", attributes={"lk.pii.response.text": "Hello."}),
    ):
        pass
    provider.shutdown()
    run = desk.ask("GET", f"/v1/traces/run_{root.get_span_context().trace_id:032x}").json()
    assert (run["source"], run["agent"], run["agent_version"]) == ("otlp", "bot", "3")
    assert (run["status"], [turn["agent_text"] for turn in run["turn_list"]]) == (
        "complete",
        ["Hello."],
    )


def test_a_run_is_told_in_any_order_and_twice(desk: Desk, key: str) -> None:
    """The turn is put together anew of whatever is there."""
    first = span(3, "agent_turn", 3, 5, parent=1, trace=trace(1), lk__pii__response__text="Done.")
    first.attributes.extend(
        span(9, "", 0, 0, lk__pii__user_input="a table", lk__e2e_latency=0.9).attributes
    )
    second = span(
        2, "user_turn", 1, 3, parent=1, trace=trace(1), lk__pii__user_transcript="a table",
        lk__end_of_turn_delay=0.5,
    )  # fmt: skip
    for spans in ((first,), (second,), (first, second), (second,)):
        answer = tell(desk, "traces", traces(*spans, service__name="bot"), key)
        assert (answer.status_code, answer.content) == (200, b"")
    run = whole(desk, 1)
    assert (run["turns"], run["status"], len(run["spans"])) == (1, "active", 2)
    (turn,) = run["turn_list"]
    assert (turn["user_text"], turn["agent_text"], turn["eou_ms"]) == ("a table", "Done.", 500)


def test_an_agents_name_stays_when_its_service_tells_more(desk: Desk, key: str) -> None:
    """Whichever of them comes last."""
    named = span(1, "x", 0, 1, parent=9, trace=trace(2), gen_ai__agent__name="waiter")
    plain = span(2, "y", 0, 1, parent=9, trace=trace(2))
    for each in (named, plain):
        assert tell(desk, "traces", traces(each, service__name="bot"), key).status_code == 200
    assert whole(desk, 2)["agent"] == "waiter"


def test_json_is_taken_and_answered(desk: Desk, key: str) -> None:
    """Ids as hex, times as text or numbers, whatever else may be there."""
    told = {
        "traceId": trace(3), "spanId": "00000000000000aa", "name": "call", "flags": 256,
        "startTimeUnixNano": str(at(0)), "endTimeUnixNano": at(1),
        "status": {"code": 2, "message": "no line"}, "newer": {"than": "we"},
    }  # fmt: skip
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [told]}]}]}).encode()
    answer = tell(desk, "traces", body, key, JSON)
    assert (answer.status_code, answer.json()) == (200, {})
    run = whole(desk, 3)
    assert (run["status"], run["spans"][0]["attributes"]) == (
        "failed",
        {"error.message": "no line"},
    )
    refusal = tell(desk, "traces", body.replace(trace(3).encode(), b"abc"), key, JSON)
    assert (refusal.status_code, refusal.json()["code"]) == (400, 3)
    assert "traceId must be hex digits" in refusal.json()["message"]


def test_lines_without_a_trace_are_rejected_and_the_rest_is_kept(desk: Desk, key: str) -> None:
    """OTLP's partial success says how many, and why."""
    known = traces(span(1, "call", 0, 1, trace=trace(4)))
    assert tell(desk, "traces", known, key).status_code == 200
    body = logs(line("a", "kept", trace=trace(4)), line("a", "stray", trace=""))
    answer = ExportLogsServiceResponse.FromString(tell(desk, "logs", body, key).content)
    assert answer.partial_success.rejected_log_records == 1
    assert "without a trace id" in answer.partial_success.error_message
    assert [each["text"] for each in whole(desk, 4)["logs"]] == ["kept"]
    assert tell(desk, "metrics", b"", key).status_code == 200


def test_who_may_not_tell_hears_why(desk: Desk, key: str) -> None:
    """In the form that exporters read; the key that tells may read nothing."""
    body = conversation()
    for given, code, words in (
        (None, 401, "No key was given"),
        ("dk_secret_nobody", 401, "not known here"),
        (desk.key, 403, "lacks the scope 'ingest'"),
        (desk.public_key(), 403, "lacks the scope 'ingest'"),
    ):
        for what in ("traces", "logs", "metrics"):
            answer = tell(desk, what, body, given)
            assert answer.status_code == code
            assert words in Status.FromString(answer.content).message
    assert desk.ask("GET", "/v1/traces", key).status_code == 403


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b"\xff", {}, 400),
        (packed(bytes(40_000_000)), {"content-encoding": "gzip"}, 400),
        (bytes(telling.PACKED + 1), {}, 413),
        (traces(span(1, "a", 0, 1), span(0, "b", 0, 1)), {}, 400),
    ],
)
def test_what_cannot_be_read_is_refused_whole(
    desk: Desk, key: str, body: bytes, headers: dict[str, str], code: int
) -> None:
    """A good span beside a bad one is not kept either: it is sent again when that is mended."""
    answer = tell(desk, "traces", body, key, **headers)
    assert answer.status_code == code
    assert Status.FromString(answer.content).message


def test_a_key_has_a_pace_and_off_is_off(tmp_path: Path) -> None:
    """What is too much is told when to try again."""
    with House(tmp_path / "data", trace="off", authorize_per_minute=3) as house:
        off = Desk(house)
        made = house.command("keys", "create", "--kind", "secret", "--scope", "ingest")
        answers = [tell(off, "traces", b"", made["key"]) for _ in range(6)]
        assert (answers[0].status_code, answers[-1].status_code) == (401, 429)
        assert b"Data recording is disabled" in answers[0].content
        assert int(answers[-1].headers["retry-after"]) > 0
        off.http.close()

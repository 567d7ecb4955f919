"""OTLP of anybody's: a trace is a run; our own sink's events come back as they went."""

from __future__ import annotations

from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1 import logs_pb2
from tests.trace.ingest.requests import OTEL, at, line, logs, span, traces

from duologue.trace.entries import Log, Span, Trace, Turn
from duologue.trace.ingest import otlp
from duologue.trace.otlp_words import encode_event

KIND = "application/x-protobuf"


def run_of(told: Any) -> Trace:
    """What is said of the run itself."""
    (run,) = [entry for entry in told.entries if isinstance(entry, Trace)]
    return run


def test_the_root_ends_the_run_and_the_service_is_its_agent() -> None:
    """Until then it goes on."""
    child = span(2, "chat gpt", 1, 2, parent=1, gen_ai__operation__name="chat")
    open_ = run_of(otlp.spans(traces(child, service__name="bot"), KIND))
    assert (open_.agent, open_.source, open_.status) == ("bot", "otlp", Trace(trace=OTEL).status)
    body = traces(child, span(1, "call", 0, 3, failed="Boom"), service__name="bot")
    told = otlp.spans(body, KIND)
    run = run_of(told)
    assert (run.trace, run.status, run.started_ns, run.ended_ns) == (OTEL, "failed", at(0), at(3))
    assert [e.kind for e in told.entries if isinstance(e, Span)] == ["llm", "other"]


def test_an_agents_own_name_says_more_than_its_services() -> None:
    """By livekit-agents, or by the GenAI conventions; a service without a name says nothing."""
    for key in ("lk__agent_name", "gen_ai__agent__name"):
        name: dict[str, Any] = {key: "waiter"}
        told = otlp.spans(traces(span(1, "x", 0, 1, **name), service__name="bot"), KIND)
        assert run_of(told).agent == "waiter"
    told = otlp.spans(traces(span(1, "x", 0, 1), service__name="unknown_service:python"), KIND)
    assert run_of(told).agent is Trace(trace=OTEL).agent


def test_lines_belong_to_their_trace_or_to_nothing() -> None:
    """A logger that is called as livekit-agents' chat is tells no turns."""
    told = otlp.logs(
        logs(line("chat_history", "chat item", role="user"), line("x", "y", trace="")), KIND
    )
    (only,) = [entry for entry in told.entries if isinstance(entry, Log)]
    assert (only.text, only.logger, told.stray) == ("chat item", "", 1)


def test_what_our_own_sink_sends_comes_back() -> None:
    """Turns and what is known of a run, by their events."""
    turn = Turn(trace=OTEL, index=0, started_ns=at(0), user_text="hi", e2e_ms=12.5)
    known = Trace(trace=OTEL, source="duologue", agent="desk", status="complete", ended_ns=at(2))
    scoped = logs_pb2.ScopeLogs(log_records=[encode_event(turn), encode_event(known)])
    body = ExportLogsServiceRequest(
        resource_logs=[logs_pb2.ResourceLogs(scope_logs=[scoped])]
    ).SerializeToString()
    told = otlp.logs(body, KIND)
    assert turn in told.entries
    run = run_of(told)
    assert (run.agent, run.status, run.source) == ("desk", "complete", "otlp")
    assert run.attributes == {otlp.TURNS_TOLD: True}

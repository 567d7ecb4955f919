"""What a worker sends, as a run with turns: in any order, however often."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from livekit.protocol.metrics import MetricsRecordingHeader
from tests.trace.ingest.requests import JOB, OTEL, S, at, conversation, line, logs, span, traces

from duologue.settings import Price
from duologue.trace.entries import Entry, Log, Span, Trace
from duologue.trace.ingest import insights
from duologue.trace.ingest.records import Malformed
from duologue.trace.ingest.turns import concerns_turns, turns
from duologue.trace.prices import Prices

KIND = "application/x-protobuf"
TRACE = insights.trace_of("AJ_1")
PRICES = Prices({"acme/mind": Price(input=1, output=2)})
USAGE = [{"type": "llm_usage", "provider": "acme", "model": "mind", "input_tokens": 1_000_000}]


def header(**told: Any) -> bytes:
    """The head of a report."""
    summary = {"room": "desk", "agent_name": "waiter", "usage": USAGE, "tags": ["lunch"]}
    made = MetricsRecordingHeader(
        job_id="AJ_1", room_id="RM_1", duration=9000, session_summary=json.dumps(summary | told)
    )
    made.start_time.FromNanoseconds(at(0))
    return made.SerializeToString()


def history(*items: dict[str, Any]) -> bytes:
    """The chat of a report."""
    return json.dumps({"items": list(items)}).encode()


def said(role: str, text: str, seconds: float, **more: Any) -> dict[str, Any]:
    """A message as the report has it."""
    told = {"id": f"item_{text}", "type": "message", "role": role, "content": [text]}
    return told | {"created_at": at(seconds) / 1e9} | more


def run_of(entries: list[Entry]) -> Trace:
    """What is said of the run itself."""
    (run,) = [entry for entry in entries if isinstance(entry, Trace)]
    return run


def test_spans_of_a_job_are_a_run() -> None:
    """Whichever trace its spans bear elsewhere; with how it went, without what tells nothing."""
    told = insights.spans(conversation(), KIND)
    run = run_of(told.entries)
    assert (run.trace, run.source, run.agent, run.room) == (TRACE, "insights", "waiter", "desk")
    assert (run.started_ns, run.ended_ns) == (at(0), at(9))
    assert (run.status, run.reason) == ("complete", "participant_disconnected")
    assert run.attributes == {"job_id": "AJ_1", "room_id": "RM_1", "trace_id": OTEL}
    names = [entry.name for entry in told.entries if isinstance(entry, Span)]
    assert "llm_request_run" not in names
    assert {entry.trace for entry in told.entries} == {TRACE}


def test_turns_come_of_spans_and_messages_in_any_order() -> None:
    """Spans alone, or messages alone, or both, and twice: one turn."""
    spans = [e for e in insights.spans(conversation(), KIND).entries if isinstance(e, Span)]
    heard = {"started_speaking_at": at(1) / 1e9, "transcription_delay": 0.2}
    report = insights.report(
        header(),
        history(
            said("user", "a table", 3, metrics=heard),
            said("assistant", "Done.", 5, metrics={"started_speaking_at": at(3.9) / 1e9}),
            {"id": "c", "type": "function_call", "name": "book", "created_at": 1.0},
        ),
        PRICES,
    )
    lines = [entry for entry in report.entries if isinstance(entry, Log)]
    assert [each.text for each in lines] == ["a table", "Done."]
    for steps, words in (
        (spans, lines),
        (spans[::-1] * 2, lines[::-1] * 2),
        (spans, []),
        ([], lines),
    ):
        (turn,), _ = turns(TRACE, steps, words, PRICES)
        assert (turn.user_text, turn.agent_text, turn.spoken) == ("a table", "Done.", True)
    (turn,), _ = turns(TRACE, spans, lines, PRICES)
    assert (turn.eou_ms, turn.stt_ms, turn.llm_ms, turn.e2e_ms) == (500, 200, 100, 900)
    assert turn.input_tokens == 7


def test_a_report_says_how_it_went_and_what_it_cost() -> None:
    """Usage is priced by the owner's table."""
    report = insights.report(header(close_reason="CR_ERROR"), b"", PRICES)
    run = run_of(report.entries)
    assert (run.status, run.reason, run.tags) == ("failed", "error", ["lunch"])
    assert run.cost_micros == 1_000_000
    assert (report.trace, report.started_ns, report.duration_ms) == (TRACE, at(0), 9000)


def written(seconds: float) -> str:
    """A whole second, as text."""
    return datetime.fromtimestamp(at(seconds) // S, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def test_a_message_of_the_log_is_the_same_as_that_of_the_report() -> None:
    """The log has protobuf's words: roles in capitals, moments as text."""
    item = {
        "message": {
            "id": "item_a table",
            "role": "USER",
            "content": [{"text": "a table"}],
            "created_at": f"{written(3)}.000000512Z",
            "metrics": {"started_speaking_at": f"{written(1)}Z", "transcription_delay": 0.2},
        }
    }
    told = insights.logs(
        logs(line("chat_history", "chat item", **JOB, chat__item=item)), KIND, PRICES
    )
    (logged,) = [entry for entry in told.entries if isinstance(entry, Log)]
    heard = {"started_speaking_at": at(1) / 1e9, "transcription_delay": 0.2}
    report = insights.report(header(), history(said("user", "a table", 3, metrics=heard)), PRICES)
    assert logged in report.entries
    assert concerns_turns(logged)


def test_logs_tell_of_the_run_too() -> None:
    """Lines stay lines; tags, outcome, usage and options are the run's."""
    told = insights.logs(
        logs(
            line("booking", "booked", severity=13, **JOB),
            line("chat_history", "session report", **JOB, usage=USAGE, sdk_version="1.8.9",
                 session__tags=["lunch"]),
            line("evaluations", "outcome", **JOB,
                 outcome={"outcome": "success", "reason": "a table"}),
            line("evaluations", "tag", **JOB, tag={"name": "vip", "metadata": {"by": "ann"}}),
            line("evaluations", "evaluation", **JOB, evaluation={"verdict": "fail"}),
        ),
        KIND,
        PRICES,
    )  # fmt: skip
    run = run_of(told.entries)
    assert (run.outcome, run.tags, run.cost_micros) == ("success", ["lunch", "vip"], 1_000_000)
    assert isinstance(run.attributes, dict)
    assert run.attributes["outcome_reason"] == "a table"
    assert run.attributes["tag.vip"] == {"by": "ann"}
    assert run.attributes["sdk_version"] == "1.8.9"
    lines = [entry for entry in told.entries if isinstance(entry, Log)]
    assert [(each.logger, each.level) for each in lines] == [
        ("booking", "warning"), ("evaluations", "info"),
    ]  # fmt: skip
    assert not any(map(concerns_turns, lines))


def test_what_belongs_to_no_job_goes_by_its_trace_or_is_counted() -> None:
    """A worker that stamps nothing has its spans' trace; a line without one has nothing."""
    told = insights.spans(traces(span(1, "agent_session", 0, 1, lk__agent_label="waiter")), KIND)
    assert (run_of(told.entries).trace, run_of(told.entries).agent) == (OTEL, "waiter")
    lost = insights.logs(logs(line("a", "b", trace="")), KIND, PRICES)
    assert lost == ([], 1)


@pytest.mark.parametrize(
    ("head", "chat", "words"),
    [
        (b"\xff", b"", "no MetricsRecordingHeader"),
        (MetricsRecordingHeader().SerializeToString(), b"", "names no job"),
        (header(), b"{", "chat_history.json cannot be read"),
        (header(), b"[]", "chat_history.json is no JSON object"),
        (header(), b'{"items": 3}', "no list of items"),
        (MetricsRecordingHeader(job_id="a", session_summary="x").SerializeToString(), b"",
         "session_summary cannot be read"),
    ],
)  # fmt: skip
def test_a_report_that_cannot_be_read_is_refused(head: bytes, chat: bytes, words: str) -> None:
    """With which of its parts is wrong."""
    with pytest.raises(Malformed, match=words):
        insights.report(head, chat, PRICES)


def test_odd_words_of_a_report_are_left_out() -> None:
    """Numbers that nothing has, texts for lists, messages without a time."""
    report = insights.report(
        header(usage=[{"input_tokens": 1e300, "model": "x"}, 3], tags="lunch"),
        history(
            said("user", "x", 1, created_at="soon"),
            said("user", "y", 1, metrics={"a": "b", "c": -1}, content="y"),
        ),
        PRICES,
    )
    run = run_of(report.entries)
    assert isinstance(run.usage, list)
    assert [set(each) for each in run.usage] == [{"model", "cost_micros"}]
    (only,) = [entry for entry in report.entries if isinstance(entry, Log)]
    assert (only.text, only.attributes["metrics"]) == ("y", {})

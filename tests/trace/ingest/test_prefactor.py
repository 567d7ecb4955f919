"""What Prefactor's clients tell, read: requests, ids, times, and the words of turns."""

from __future__ import annotations

from typing import Any

import pytest

from duologue.trace import names
from duologue.trace.entries import Kind, Span
from duologue.trace.ingest import prefactor as words
from duologue.trace.ingest import prefactor_forms as forms
from duologue.trace.ingest.prefactor_forms import Refusal

TRACE = "0" * 31 + "1"
SECOND = 1_000_000_000
THEN = 1_700_000_000


def step(kind: Kind, **told: Any) -> Span:
    """An open step."""
    return Span(
        trace=TRACE, id="a" * 16, name="x", kind=kind, start_ns=THEN * SECOND, attributes=told
    )


def test_ids_name_one_thing_each() -> None:
    """Of our form they are themselves, of any other one is made of them; none is all zeros."""
    assert forms.trace_of(TRACE) == TRACE
    made = forms.trace_of("agent_instance_1")
    assert (len(made), made) == (32, forms.trace_of("agent_instance_1"))
    assert forms.trace_of("0" * 32) != "0" * 32
    assert forms.place_of(TRACE + "b" * 16) == (TRACE, "b" * 16)
    assert forms.place_of("b" * 16) is None
    assert forms.span_of(TRACE, TRACE + "b" * 16) == "b" * 16
    assert forms.span_of(TRACE, "c" * 16) == "c" * 16
    assert forms.span_of(TRACE, "0" * 16) != "0" * 16
    assert forms.span_of(TRACE, "f" * 48) not in ("f" * 16, "f" * 48)


def test_times_are_read_or_refused_by_name() -> None:
    """ISO 8601, in UTC where no zone is said."""
    assert forms.moment("2023-11-14T22:13:20", 0) == THEN * SECOND
    assert forms.moment("2023-11-14T23:13:20.5+01:00", 0) == THEN * SECOND + SECOND // 2
    assert forms.moment(None, 7) == 7
    assert forms.written(THEN * SECOND) == "2023-11-14T22:13:20+00:00"
    for text in ("noon", "0001-01-01", "9999-12-31T00:00:00Z", ""):
        with pytest.raises(Refusal) as refused:
            forms.moment(text, 0, "started_at")
        assert (refused.value.status, list(refused.value.errors)) == (422, ["started_at"])


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", 400, ""),
        (b"\xff", 400, ""),
        (b'{"details": {"payload": {"a": ' + b"[" * 100_000, 400, ""),
        (b"[]", 422, "body"),
        (b'{"details": {"agent_instance_id": 1}}', 422, "details.agent_instance_id"),
        (b'{"details": {"agent_instance_id": ""}}', 422, "details.agent_instance_id"),
    ],
)
def test_what_cannot_be_read_says_where(body: bytes, status: int, field: str) -> None:
    """By the field, as Prefactor's client shows it."""
    with pytest.raises(Refusal) as refused:
        forms.read(body, forms.Details)
    assert refused.value.status == status
    assert list(refused.value.errors) == ([field] if field else [])


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ("livekit:session", "session"),
        ("livekit:tool:book", "tool"),
        ("livekit:error", "error"),
        ("langchain:llm", "llm"),
        ("agent:work", "other"),
    ],
)
def test_kinds_are_known_by_names(schema: str, kind: Kind) -> None:
    """prefactor-livekit's, and those of its siblings that end in the same word."""
    assert words.kind_of(schema) == kind


def test_figures_that_nothing_can_have_are_left_out() -> None:
    """Whatever a program says, turns are counted with numbers."""
    wild = {
        "ttft": -1,
        "prompt_tokens": "many",
        "completion_tokens": True,
        "lk.response.ttfb": 1e300,
    }
    assert words.came("llm", {"metrics": wild}) == {}
    assert words.came("user_turn", {"metrics": {"eou": [1]}, "confidence": "high"}) == {}
    assert words.came("assistant_turn", {"outputs": "x", "metrics": 3}) == {}
    told = words.came("llm", {"metrics": {"gen_ai.usage.input_tokens": 7, "ttft": 0.5}})
    assert told == {"gen_ai.usage.input_tokens": 7, "lk.response.ttft": 0.5}


def test_a_request_to_a_model_has_the_time_of_its_source() -> None:
    """It is told when it is over: what it took lies before that."""
    figures = {"timestamp": THEN + 9.0, "duration": 2.0}
    span = words.ended(step("llm"), "complete", {"metrics": figures}, 1)
    assert (span.start_ns, span.end_ns) == ((THEN + 7) * SECOND, (THEN + 9) * SECOND)
    span = words.ended(step("tool"), "failed", {"error": {"error_type": "E"}}, 1)
    assert (span.end_ns, span.status, span.error) == (span.start_ns, "error", "E")
    cut_off = words.ended(step("user_turn"), "complete", {"status": "cancelled"}, 1)
    assert cut_off.status == "cancelled"


def test_voices_are_found_in_the_figures_of_an_answer() -> None:
    """Each request, or else the first byte that the message tells; nothing of what is nothing."""
    metrics = {"ttfb": 0.2, "characters_count": 5, "duration": 0.5}
    request = {"timestamp": THEN + 3, "model_name": "v", "metrics": metrics}
    told = step("assistant_turn", **{words.RESULT: {"metrics": {"tts": [request, None]}}})
    first, second = words.voices(told)
    assert (first.kind, first.parent, first.end_ns) == ("tts", told.id, (THEN + 3) * SECOND)
    assert first.attributes["lk.tts_metrics"] == '{"ttfb":0.2,"characters_count":5}'
    assert first.id != second.id
    told = step("assistant_turn", **{words.RESULT: {"metrics": {"tts_node_ttfb": 0.3}}})
    assert [each.attributes for each in words.voices(told)] == [{"lk.tts_metrics": '{"ttfb":0.3}'}]
    assert words.voices(step("assistant_turn")) == []


def test_an_answer_learns_what_it_answers() -> None:
    """By the user's half before it, unless it says so itself."""
    user = step("user_turn", **{names.TRANSCRIPT.names[0]: "When?", "lk.end_of_turn_delay": 0.4})
    answer = words.answering(step("assistant_turn"), user)
    assert names.USER_INPUT.of(answer.attributes) == "When?"
    assert names.END_OF_TURN.of(answer.attributes) == 0.4
    told = step("assistant_turn", **{names.USER_INPUT.names[0]: "Why?"})
    assert words.answering(told, user) is told
    assert words.answering(told, None) is told
    assert words.answering(step("llm"), user).attributes == {}


def test_usage_is_a_list_of_tables() -> None:
    """prefactor-livekit's form and ours; anything else is none."""
    assert words.usage_of({"usage": {"model_usage": [{"n": 1}, 2]}}) == [{"n": 1}]
    assert words.usage_of({"usage": [{"n": 1}]}) == [{"n": 1}]
    assert words.usage_of({"usage": "much"}) == []

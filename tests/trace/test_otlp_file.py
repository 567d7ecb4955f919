"""A run as lines of OTLP: what they hold is what our own door reads of them."""

from __future__ import annotations

from typing import Any

import msgspec

from duologue.trace import otlp_file
from duologue.trace.entries import Log, Span, Trace, Turn
from duologue.trace.ingest import otlp, reading
from duologue.wire.traces import WholeTrace

TRACE = "0af7651916cd43dd8448eb211c80319c"
S = 10**9
BEGAN = 1_700_000_000 * S


def whole(**parts: Any) -> WholeTrace:
    """A run with whatever is told of it."""
    known: dict[str, Any] = {
        "id": f"run_{TRACE}",
        "source": "duologue",
        "agent": "desk",
        "agent_version": "",
        "conversation_id": "conv_1",
        "session_id": None,
        "visitor_id": None,
        "room": "",
        "transport": "websocket",
        "status": "complete",
        "reason": "client_initiated",
        "outcome": "",
        "started_at": BEGAN // 10**6,
        "ended_at": BEGAN // 10**6 + 60_000,
        "last_seen_at": BEGAN // 10**6 + 60_000,
        "turns": 1,
        "interrupted": 0,
        "unanswered": 0,
        "errors": 0,
        "tool_errors": 0,
        "e2e_max_ms": 812.5,
        "cost_micros": 1200,
        "dropped": 0,
        "bytes": 10,
        "has_recording": False,
        "tags": ["vip"],
        "usage": [{"provider": "openai", "model": "gpt", "input_tokens": 9}],
        "attributes": {"k": 1},
        "turn_list": [],
        "spans": [],
        "logs": [],
        "recordings": [],
    }
    return msgspec.convert(known | parts, WholeTrace)


def step(number: int, **facts: Any) -> dict[str, Any]:
    """A span as the store has it."""
    return {
        "id": f"{number:016x}",
        "parent": "",
        "name": "llm_request",
        "kind": "llm",
        "start_ns": BEGAN + 5,
        "end_ns": BEGAN + S,
        "status": "ok",
        "error": "",
        "turn": 0,
        "attributes": {"gen_ai.request.model": "gpt", "deep": {"a": [1, 2.5, None, True]}},
        "events": [{"name": "go", "at_ns": BEGAN + 7, "attributes": {"n": 1}}],
    } | facts


TURN: dict[str, Any] = {
    "index": 0,
    "started_ns": BEGAN,
    "ended_ns": BEGAN + 2 * S,
    "user_text": "Grüße, 漢字 \u202eabc",
    "agent_text": "<script>alert(1)</script>",
    "spoken": True,
    "interrupted": False,
    "interruption": "",
    "eou_ms": 400.0,
    "stt_ms": None,
    "llm_ms": 300.5,
    "early_ms": 120.25,
    "tts_ms": None,
    "transport_ms": None,
    "e2e_ms": 812.5,
    "played_s": 1.25,
    "tools": 1,
    "tool_errors": 0,
    "errors": 0,
    "input_tokens": 9,
    "output_tokens": 4,
    "cost_micros": 1200,
    "confidence": 0.5,
}
LINE: dict[str, Any] = {
    "id": "f" * 16,
    "at_ns": BEGAN + 9,
    "level": "warning",
    "text": "slow",
    "span": f"{1:016x}",
    "logger": "livekit.agents",
    "attributes": {"job": "j"},
}


def read(told: WholeTrace) -> tuple[list[Any], list[Any]]:
    """What the doors for spans and for log records make of the two lines."""
    spans, events = otlp_file.lines(told).splitlines()
    return otlp.spans(spans, reading.JSON).entries, otlp.logs(events, reading.JSON).entries


def test_what_is_written_is_read_again() -> None:
    """Spans with their kinds, events and attributes; turns, the line and the run itself."""
    failed = step(2, parent=f"{1:016x}", status="error", error="APIError", kind="tool", turn=-1)
    spans, events = read(whole(turn_list=[TURN], spans=[step(1), failed], logs=[LINE]))
    first, second = (each for each in spans if isinstance(each, Span))
    assert (first.trace, first.id, first.kind, first.turn) == (TRACE, f"{1:016x}", "llm", 0)
    assert (first.start_ns, first.end_ns, first.status) == (BEGAN + 5, BEGAN + S, "ok")
    assert first.events == step(1)["events"]
    assert first.attributes["gen_ai.request.model"] == "gpt"
    assert (second.parent, second.status, second.error) == (f"{1:016x}", "error", "APIError")
    run = next(each for each in events if isinstance(each, Trace))
    assert (run.agent, run.status, run.conversation_id) == ("desk", "complete", "conv_1")
    assert (run.tags, run.cost_micros) == (["vip"], 1200)
    turn = next(each for each in events if isinstance(each, Turn))
    assert {name: getattr(turn, name) for name in TURN} == TURN
    (line,) = (each for each in events if isinstance(each, Log))
    known = ("at_ns", "level", "text", "span", "logger", "attributes")
    assert {name: getattr(line, name) for name in known} == {name: LINE[name] for name in known}


def test_a_turn_says_which_person_answered() -> None:
    """By name; nothing where the agent did, and who reads it again takes the turn as it is."""
    told = whole(turn_list=[TURN, TURN | {"index": 1, "person": "Ada"}])
    _, events = (msgspec.json.decode(each) for each in otlp_file.lines(told).splitlines())
    records = events["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    said = [
        {each["key"]: each["value"] for each in record["attributes"]}
        for record in records
        if record["eventName"] == "duologue.turn"
    ]
    named = [each.get("duologue.turn.person") for each in said]
    assert named == [None, {"stringValue": "Ada"}]
    turns = [each for each in read(told)[1] if isinstance(each, Turn)]
    assert [each.index for each in turns] == [0, 1]


def test_ids_are_hex_as_otlp_has_them() -> None:
    """And numbers beyond JavaScript's are text."""
    spans, _ = (
        msgspec.json.decode(each) for each in otlp_file.lines(whole(spans=[step(1)])).splitlines()
    )
    span = spans["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    assert (span["traceId"], span["spanId"]) == (TRACE, f"{1:016x}")
    assert span["startTimeUnixNano"] == str(BEGAN + 5)


def test_open_spans_wait_for_their_end() -> None:
    """OTLP knows none that go on; a run without anything has its two lines all the same."""
    spans, events = read(
        whole(spans=[step(1, end_ns=0, status="active")], status="active", ended_at=None)
    )
    assert not any(isinstance(each, Span) for each in spans)
    assert [type(each) for each in events] == [Trace]

"""The owners' API of traces: its CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

from duologue.wire import traces

TRACE: dict[str, Any] = {
    "id": "run_1",
    "source": "duologue",
    "agent": "front-desk",
    "agent_version": "",
    "conversation_id": None,
    "session_id": None,
    "visitor_id": None,
    "room": "",
    "transport": "websocket",
    "status": "complete",
    "reason": "left",
    "outcome": "",
    "started_at": 5,
    "ended_at": None,
    "last_seen_at": 6,
    "turns": 1,
    "interrupted": 0,
    "unanswered": 0,
    "errors": 0,
    "tool_errors": 0,
    "e2e_max_ms": None,
    "cost_micros": 0,
    "dropped": 0,
    "bytes": 0,
    "has_recording": False,
    "tags": [],
    "usage": [],
    "attributes": {},
    "spans": [],
    "logs": [],
    "recordings": [],
}


def turn(index: int, text: str, person: str = "") -> traces.AnsweredTurn:
    """A turn in which that was said."""
    return traces.AnsweredTurn(
        index=index,
        started_ns=1,
        ended_ns=2,
        user_text=text,
        agent_text='Yes,\n"indeed".',
        spoken=True,
        interrupted=False,
        interruption="",
        eou_ms=1.5,
        stt_ms=None,
        llm_ms=400.0,
        early_ms=98.5,
        tts_ms=None,
        transport_ms=None,
        e2e_ms=800.25,
        played_s=None,
        tools=0,
        tool_errors=0,
        errors=0,
        input_tokens=0,
        output_tokens=0,
        cost_micros=-1,
        confidence=None,
        person=person,
    )


def test_a_line_a_turn_and_one_of_a_trace_without() -> None:
    """Read back, every cell is what it was; what is not known is empty."""
    told = traces.WholeTrace(**TRACE, turn_list=[turn(0, "Größe?"), turn(1, "two\nlines", "Ada")])
    bare = traces.WholeTrace(**TRACE | {"id": "run_2"}, turn_list=[])
    first, second, third = csv.DictReader(io.StringIO(traces.as_csv([told, bare])))
    assert (first["trace_id"], first["index"], first["user_text"]) == ("run_1", "0", "Größe?")
    assert (first["e2e_ms"], first["stt_ms"], first["cost_micros"]) == ("800.25", "", "-1")
    assert (second["user_text"], second["agent_text"]) == ("two\nlines", 'Yes,\n"indeed".')
    assert (first["llm_ms"], first["early_ms"]) == ("400.0", "98.5")
    assert (first["person"], second["person"], third["person"]) == ("", "Ada", "")
    assert (third["trace_id"], third["trace_agent"], third["index"]) == ("run_2", "front-desk", "")


def test_a_sheet_that_goes_on_has_one_title() -> None:
    """Its pieces, one after the other, are the sheet as a whole."""
    one, other = (traces.WholeTrace(**TRACE | {"id": each}, turn_list=[]) for each in "ab")
    pieces = traces.as_csv([one]) + traces.as_csv([other], titled=False)
    assert pieces == traces.as_csv([one, other])


def test_no_cell_is_an_order_to_a_spreadsheet() -> None:
    """What a caller says, and what a visitor is called, stays text."""
    told = traces.WholeTrace(
        **TRACE | {"visitor_id": "@SUM(1)"}, turn_list=[turn(0, '=HYPERLINK("x")', "+Ada")]
    )
    (line,) = csv.DictReader(io.StringIO(traces.as_csv([told])))
    assert line["user_text"] == '\'=HYPERLINK("x")'
    assert line["trace_visitor_id"] == "'@SUM(1)"
    assert line["person"] == "'+Ada"

"""A back end is told what Layercode's are told, and understood as they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from duologue.wire import webhooks as wire

COMMON: dict[str, Any] = {"event_id": "evt_1", "session_id": "sess_1", "conversation_id": "conv_1"}


def test_a_message_says_what_was_heard_before() -> None:
    """With the words that were heard; what is not known is left out."""
    context = wire.InterruptionContext(
        previous_turn_interrupted=True, words_heard=2, text_heard="Well, the"
    )
    event = wire.Message(**COMMON, text="Stop", turn_id="turn_1", interruption_context=context)
    assert json.loads(wire.encode(event)) == {
        "type": "message",
        **COMMON,
        "text": "Stop",
        "turn_id": "turn_1",
        "interruption_context": {
            "previous_turn_interrupted": True,
            "words_heard": 2,
            "text_heard": "Well, the",
        },
    }


def test_the_end_of_a_session_says_everything() -> None:
    """What is not known is null, as its readers expect, and whole numbers have no point."""
    event = wire.SessionEnd(
        **COMMON,
        custom_metadata={"plan": 1.0},
        agent_id="agt_1",
        started_at="2023-11-14T22:13:20.000Z",
        ended_at="2023-11-14T22:14:20.123Z",
        duration=60_123,
        transcription_duration_seconds=30.0,
        tts_duration_seconds=2.5,
        latency=None,
        ip_address=None,
        country_code=None,
        recording_status="disabled",
        transcript=[wire.Said(role="user", text="Hé", timestamp=1_700_000_001_000)],
    )
    assert wire.encode(event).decode() == (
        '{"type":"session.end","event_id":"evt_1","session_id":"sess_1","conversation_id":"conv_1",'
        '"custom_metadata":{"plan":1},"agent_id":"agt_1","started_at":"2023-11-14T22:13:20.000Z",'
        '"ended_at":"2023-11-14T22:14:20.123Z","duration":60123,'
        '"transcription_duration_seconds":30,"tts_duration_seconds":2.5,"latency":null,'
        '"ip_address":null,"country_code":null,"recording_status":"disabled",'
        '"transcript":[{"role":"user","text":"Hé","timestamp":1700000001000}]}'
    )


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        ('{"type":"response.tts","content":"Hi","turn_id":"t"}', wire.Tts("Hi", "t")),
        ('{"type":"response.data","content":{"a":[1]}}', wire.Told({"a": [1]})),
        ('{"type":"response.end","more":1}', wire.End()),
        ('{"type":"response.error","error":"no"}', wire.Error("no")),
        ('{"type":"response.hangup"}', wire.Hangup()),
    ],
)
def test_what_is_answered(data: str, answer: wire.Answer) -> None:
    """Turn ids may be there or not, and fields that nobody knows do no harm."""
    assert wire.decode(data) == answer


@pytest.mark.parametrize(
    "data",
    ["", "nope", "[DONE]", "[]", "{}", '{"type":"response.tts"}', '{"type":"other"}', "[" * 5000],
)
def test_what_is_no_answer_says_so(data: str) -> None:
    """With its first letters and what was expected."""
    with pytest.raises(wire.Garbage, match=r"response\.tts, response\.data") as refused:
        wire.decode(data)
    assert len(str(refused.value)) < 400

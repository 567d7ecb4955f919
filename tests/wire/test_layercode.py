"""Layercode's dialect."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.wire import extensions as ext
from duologue.wire import layercode as wire


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"type": "client.ready"}, wire.ClientReady()),
        ({"type": "client.audio", "content": "AAA="}, wire.ClientAudio("AAA=")),
        ({"type": "vad_events", "event": "vad_start"}, wire.VadEvents("vad_start")),
        ({"type": "trigger.turn.start", "role": "user"}, wire.TriggerTurnStart("user")),
        ({"type": "trigger.turn.end", "role": "user"}, wire.TriggerTurnEnd("user")),
        (
            {"type": "trigger.response.audio.replay_finished", "reason": "completed"},
            wire.ReplayFinished("completed"),
        ),
        (
            {
                "type": "trigger.response.audio.replay_finished",
                "reason": "interrupted",
                "turn_id": "t",
                "played_ms": 12.5,
            },
            wire.ReplayFinished("interrupted", "t", 12.5),
        ),
        ({"type": "client.response.text", "content": "hi"}, wire.ClientText("hi")),
        (
            {"type": "client.response.text", "content": "hi", "id": "typed-1"},
            wire.ClientText("hi", "typed-1"),
        ),
        ({"type": "client.response.data", "data": {"a": [1]}}, wire.ClientData({"a": [1]})),
        ({"type": "client.response.data"}, wire.ClientData(None)),
        ({"type": "client.played", "turn_id": "t", "played_ms": 3}, ext.ClientPlayed("t", 3.0)),
        ({"type": "client.interrupt"}, ext.ClientInterrupt()),
        ({"type": "client.end"}, ext.ClientEnd()),
        ({"type": "client.ready", "from": "the future"}, wire.ClientReady()),
    ],
)
def test_each_client_message_is_read(frame: dict[str, Any], message: wire.ClientMessage) -> None:
    """What the SDKs send is understood; fields of later versions are ignored."""
    assert wire.decode_client(json.dumps(frame)) == message


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "not json",
        "[]",
        "null",
        "{}",
        '{"type":"client.audio"}',
        '{"type":"client.audio","content":5}',
        '{"type":"client.dance"}',
        '{"type":["client.ready"]}',
        "[" * 100_000,
        '{"type":"client.response.text","content":"\\ud800"}',
        '{"type":"client.response.text","id":"' + "x" * 65 + '"}',
        b"\xff\xfe",
    ],
)
def test_a_malformed_frame_is_refused_with_its_reason(frame: str | bytes) -> None:
    """Whatever a client sends, the answer is one kind of error: what is wrong, and what to do."""
    with pytest.raises(wire.BadFrame) as refused:
        wire.decode_client(frame)
    wrong, _, mend = str(refused.value).partition("; ")
    assert wrong
    assert mend.startswith("send one JSON object a frame")
    assert "client.response.text" in mend


@given(st.one_of(st.text(), st.binary()))
def test_any_frame_is_a_message_or_refused(frame: str | bytes) -> None:
    """No bytes raise anything else."""
    try:
        message = wire.decode_client(frame)
    except wire.BadFrame:
        return
    assert isinstance(message, wire.ClientMessage)


@given(st.binary(max_size=600))
def test_sound_survives_the_wire_in_whole_samples(pcm: bytes) -> None:
    """An odd last byte is cut off; everything before it is kept."""
    assert wire.decode_audio(wire.audio_content(pcm)) == pcm[: len(pcm) // 2 * 2]


@pytest.mark.parametrize("content", ["A", "AA", "*&^%", "AAAA\n", "\udc00"])
def test_sound_that_is_not_base64_is_refused(content: str) -> None:
    """A broken piece of sound is an error of its own frame only."""
    with pytest.raises(wire.BadFrame, match="base64"):
        wire.decode_audio(content)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (wire.TurnStart("user", "u"), {"type": "turn.start", "role": "user", "turn_id": "u"}),
        (wire.TurnEnd("assistant", "t"), {"type": "turn.end", "role": "assistant", "turn_id": "t"}),
        (
            wire.TextDelta("a", "t"),
            {"type": "response.text.delta", "content": "a", "turn_id": "t"},
        ),
        (wire.Text("a", "t"), {"type": "response.text", "content": "a", "turn_id": "t"}),
        (
            wire.Audio("AAA=", "t", "d1"),
            {"type": "response.audio", "content": "AAA=", "turn_id": "t", "delta_id": "d1"},
        ),
        (wire.Data({"a": 1}, "t"), {"type": "response.data", "content": {"a": 1}, "turn_id": "t"}),
        (wire.ResponseEnd("t"), {"type": "response.end", "turn_id": "t"}),
        (
            wire.TranscriptInterim("a", "u", 2),
            {
                "type": "user.transcript.interim_delta",
                "content": "a",
                "turn_id": "u",
                "delta_counter": 2,
            },
        ),
        (
            wire.TranscriptDelta("a", "u", 2),
            {"type": "user.transcript.delta", "content": "a", "turn_id": "u", "delta_counter": 2},
        ),
        (wire.Transcript("a", "u"), {"type": "user.transcript", "content": "a", "turn_id": "u"}),
        (ext.AgentState("listening"), {"type": "agent.state", "state": "listening"}),
        (
            ext.ToolEvent("f", "c", "done"),
            {"type": "agent.tool", "name": "f", "call_id": "c", "status": "done"},
        ),
        (
            ext.History([ext.PastMessage("user", "hi", "t", 5, interrupted=False)]),
            {
                "type": "conversation.history",
                "messages": [
                    {"role": "user", "content": "hi", "turn_id": "t", "at": 5, "interrupted": False}
                ],
            },
        ),
    ],
)
def test_each_server_message_has_layercodes_shape(
    message: wire.ServerMessage, expected: dict[str, Any]
) -> None:
    """What is sent is what the SDKs read, field by field."""
    assert json.loads(wire.encode_server(message)) == expected


def test_a_notice_and_an_error_name_their_code() -> None:
    """The server's own words can be told from the agent's."""
    assert wire.notice("overloaded", "full") == {
        "type": "duologue.notice",
        "code": "overloaded",
        "message": "full",
    }
    assert json.loads(wire.encode_error("bad_request", "no")) == {
        "error": "no",
        "code": "bad_request",
    }
    assert base64.b64decode(wire.audio_content(b"\x01\x02")) == b"\x01\x02"

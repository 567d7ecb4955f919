"""Requests, shared state, attributes and files as messages of the socket."""

from __future__ import annotations

import json
from typing import Any

import pytest

from duologue.wire import exchange as wire
from duologue.wire.layercode import BadFrame, decode_client, encode_server

FRAMES: list[tuple[dict[str, Any], wire.FromClient]] = [
    (
        {"type": "rpc.request", "id": "r", "method": "m", "payload": "p", "timeout_ms": 5},
        wire.RpcRequest("r", "m", "p", 5),
    ),
    ({"type": "rpc.request", "id": "r", "method": "m"}, wire.RpcRequest("r", "m", "", 10_000)),
    ({"type": "rpc.response", "id": "r", "payload": "p"}, wire.RpcResponse("r", "p")),
    (
        {"type": "rpc.response", "id": "r", "error": {"code": 1500, "message": "no"}},
        wire.RpcResponse("r", error=wire.RpcError(1500, "no")),
    ),
    ({"type": "state.set", "key": "k", "value": {"a": [1]}}, wire.StateSet("k", {"a": [1]})),
    ({"type": "state.set", "key": "k"}, wire.StateSet("k", None)),
    ({"type": "attributes.set", "attributes": {"a": ""}}, wire.AttributesSet({"a": ""})),
    ({"type": "file.begin", "id": "f", "name": "n", "size": 3}, wire.FileBegin("f", "n", 3)),
    ({"type": "file.chunk", "id": "f", "content": "AAAA"}, wire.FileChunk("f", "AAAA")),
]


@pytest.mark.parametrize(("frame", "message"), FRAMES)
def test_each_message_of_a_client_is_read(frame: dict[str, Any], message: wire.FromClient) -> None:
    """By its tag; what may be left out has the default that is documented."""
    assert decode_client(json.dumps(frame)) == message


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "rpc.request", "id": "r"},
        {"type": "rpc.request", "id": "r", "method": "m", "timeout_ms": "soon"},
        {"type": "rpc.response", "id": "r", "error": {"message": "no"}},
        {"type": "rpc.response", "id": "r", "error": "no"},
        {"type": "state.set", "value": 1},
        {"type": "state.set", "key": 1},
        {"type": "attributes.set", "attributes": {"a": 1}},
        {"type": "attributes.set", "attributes": ["a"]},
        {"type": "file.begin", "id": "f", "name": "n", "size": 0.5},
        {"type": "file.begin", "id": "f", "name": "n"},
        {"type": "file.chunk", "id": "f", "content": [1]},
    ],
)
def test_what_is_no_message_is_refused_with_its_reason(frame: dict[str, Any]) -> None:
    """A field that is missing or of another kind is named."""
    with pytest.raises(BadFrame, match=r"`"):
        decode_client(json.dumps(frame))


@pytest.mark.parametrize(
    ("message", "frame"),
    [
        (
            wire.RpcRequest("r", "m", "p", 5),
            {"type": "rpc.request", "id": "r", "method": "m", "payload": "p", "timeout_ms": 5},
        ),
        (wire.RpcResponse("r", ""), {"type": "rpc.response", "id": "r", "payload": ""}),
        (
            wire.RpcResponse("r", None, wire.RpcError(wire.RPC_TIMEOUT, "late")),
            {"type": "rpc.response", "id": "r", "error": {"code": 1502, "message": "late"}},
        ),
        (wire.StateSet("k"), {"type": "state.set", "key": "k", "value": None}),
        (wire.StateSnapshot({"k": 1}), {"type": "state.snapshot", "values": {"k": 1}}),
        (
            wire.AttributesSet({"a": "b"}),
            {"type": "attributes.set", "attributes": {"a": "b"}},
        ),
        (
            wire.FileBegin("f", "n", 3, "text/plain", "notes", {"a": "b"}),
            {
                "type": "file.begin",
                "id": "f",
                "name": "n",
                "size": 3,
                "mime_type": "text/plain",
                "topic": "notes",
                "attributes": {"a": "b"},
            },
        ),
        (wire.FileChunk("f", "AAAA"), {"type": "file.chunk", "id": "f", "content": "AAAA"}),
    ],
)
def test_each_message_of_the_server_is_written(
    message: wire.FromServer, frame: dict[str, Any]
) -> None:
    """Field by field; what is empty is left out where the struct says so."""
    assert json.loads(encode_server(message)) == frame


def test_the_numbers_are_livekits() -> None:
    """An error means the same on every road."""
    from livekit.rtc import RpcError

    ours = {
        "APPLICATION_ERROR": wire.RPC_APPLICATION_ERROR,
        "UNSUPPORTED_METHOD": wire.RPC_UNSUPPORTED,
        "RESPONSE_TIMEOUT": wire.RPC_TIMEOUT,
        "RECIPIENT_NOT_FOUND": wire.RPC_NO_RECIPIENT,
        "RECIPIENT_DISCONNECTED": wire.RPC_DISCONNECTED,
        "REQUEST_PAYLOAD_TOO_LARGE": wire.RPC_REQUEST_SIZE,
        "RESPONSE_PAYLOAD_TOO_LARGE": wire.RPC_ANSWER_SIZE,
        "SEND_FAILED": wire.RPC_SEND_FAILED,
    }
    assert {name: int(RpcError.ErrorCode[name]) for name in ours} == ours

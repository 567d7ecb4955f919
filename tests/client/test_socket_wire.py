"""The frames and addresses of the socket's client."""

from __future__ import annotations

import json

import msgspec
import pytest

from duologue.client.socket_wire import (
    CAPABILITIES,
    base_of,
    decode,
    encode,
    socket_of,
)
from duologue.wire import exchange, extensions, layercode


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787"),
        ("http://127.0.0.1:8787/", "http://127.0.0.1:8787"),
        ("localhost:8787", "http://localhost:8787"),
        ("https://voice.example/duo/", "https://voice.example/duo"),
        ("wss://voice.example/v1/agents/web/websocket", "https://voice.example"),
        ("ws://host/duo/v1/agents/web/websocket?x=1", "http://host/duo"),
    ],
)
def test_every_form_of_an_address_leads_to_the_same_server(url: str, base: str) -> None:
    """Of a server, of its socket, with and without a path before it."""
    assert base_of(url) == base
    assert socket_of(url) == base.replace("http", "ws", 1) + "/v1/agents/web/websocket"


@pytest.mark.parametrize("url", ["ftp://host", "http://", "", "file:///tmp"])
def test_an_address_that_leads_nowhere_is_named(url: str) -> None:
    """The error shows what was given."""
    with pytest.raises(ValueError, match="begins with http"):
        base_of(url)


def test_every_message_of_the_server_is_understood() -> None:
    """Layercode's, our extensions', and what is exchanged beside the talk."""
    for message in (
        layercode.TurnStart("assistant", "t1"),
        extensions.Beat(),
        exchange.RpcRequest("1", "weather", "{}", 500),
        exchange.StateSnapshot({"a": 1}),
        exchange.FileChunk("f", "AAAA"),
    ):
        assert decode(msgspec.json.encode(message)) == message


@pytest.mark.parametrize(
    "frame", ['{"type":"turn.sideways"}', "{", "[]", '"x"', "\x00", "[" * 99999]
)
def test_what_a_newer_server_says_is_passed_over(frame: str) -> None:
    """An unknown message ends nothing."""
    assert decode(frame) is None


def test_a_typed_message_carries_our_name_for_it() -> None:
    """So that the server takes a repeat for what it is."""
    frame = json.loads(encode(layercode.ClientText("Hello", "typed-1")))
    assert frame == {"type": "client.response.text", "content": "Hello", "id": "typed-1"}


def test_everything_that_is_beyond_layercode_is_asked_for() -> None:
    """What is not asked for is not granted."""
    assert set(CAPABILITIES) == {
        "binary", "mic16", "played", "resume", "agent_state", "tools", "rpc", "state", "files",
    }  # fmt: skip

"""What our own clients may ask for beyond Layercode's protocol."""

from __future__ import annotations

import json

from duologue.wire import extensions as ext
from duologue.wire import layercode as wire


def test_every_extension_is_a_message_of_the_socket() -> None:
    """Each has a name of its own, and the dialect's decoder and encoder know it."""
    assert wire.decode_client('{"type":"client.interrupt"}') == ext.ClientInterrupt()
    assert wire.decode_client('{"type":"client.end"}') == ext.ClientEnd()
    played = wire.decode_client('{"type":"client.played","turn_id":"t","played_ms":1.5}')
    assert played == ext.ClientPlayed("t", 1.5)
    said = ext.PastMessage("assistant", "Hello.", "t", 7, interrupted=True)
    assert json.loads(wire.encode_server(ext.History([said])))["messages"][0]["at"] == 7
    assert json.loads(wire.encode_server(ext.Beat())) == {"type": "duologue.beat"}
    for message in (ext.AgentState("idle"), ext.ToolEvent("f", "c", "started")):
        assert json.loads(wire.encode_server(message))["type"].startswith("agent.")

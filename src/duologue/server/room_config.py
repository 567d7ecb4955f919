"""The room configuration within a token: the client's own, but for the agent, which is ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from livekit.protocol.room import RoomConfiguration

from duologue.errors import DuologueError
from duologue.wire.rooms import WORKER


def with_dispatch(given: Mapping[str, Any], claim: str, *, trusted: bool) -> dict[str, Any]:
    """What LiveKit reads when the room is made; a page may not have it recorded (`egress`)."""
    config: dict[str, Any] = {}
    if given:
        config = _parsed(given)
        if not trusted:
            config.pop("egress", None)
    config["agents"] = [{"agentName": WORKER, "metadata": claim}]
    return config


def _parsed(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that LiveKit knows, in its own spelling."""
    try:
        message = ParseDict(dict(given), RoomConfiguration(), ignore_unknown_fields=True)
    except ParseError as error:
        raise DuologueError("bad_request", reason=f"room_config: {error}") from None
    parsed: dict[str, Any] = MessageToDict(message)
    return parsed

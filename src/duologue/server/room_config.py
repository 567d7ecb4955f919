"""The room configuration within a token: the client's own, but for the agent, which is ours."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from livekit.protocol.room import RoomConfiguration

from duologue.errors import DuologueError
from duologue.wire.rooms import WORKER

LEAVING: Final = 15
"""Seconds that an agent has to say goodbye and leave, after nobody came back to it."""


def with_dispatch(
    given: Mapping[str, Any], claim: str, *, trusted: bool, grace: float
) -> dict[str, Any]:
    """What LiveKit reads when the room is made; a page may not have it recorded (`egress`).

    LiveKit closes a room 20 s after its last user, whoever else waits in it; ours waits longer.
    """
    config: dict[str, Any] = {}
    if given:
        config = _parsed(given)
        if not trusted:
            config.pop("egress", None)
    config.setdefault("departureTimeout", math.ceil(grace) + LEAVING)
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

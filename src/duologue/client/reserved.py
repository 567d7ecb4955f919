"""Data that the server sends under names of ours: told as what it is, and never as data."""

from __future__ import annotations

from typing import Any, Final

from duologue.client.road import Navigated, Noticed
from duologue.wire.page import NAVIGATE

NOTICE: Final = "duologue.notice"


def reserved(content: Any) -> Noticed | Navigated | None:
    """What a piece of the agent's data says to a client; none where it is the agent's own."""
    if not isinstance(content, dict):
        return None
    if content.get("type") == NOTICE:
        return Noticed(str(content.get("code", "")), str(content.get("message", "")))
    if content.get("type") == NAVIGATE:
        return Navigated(str(content.get("url", "")))
    return None

"""The key of an encrypted room: asked for when the agent joins, and kept nowhere."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import structlog
from livekit import rtc

from duologue.agents.definition import LoadedAgent
from duologue.errors import DuologueError

log = structlog.get_logger(__name__)

PATIENCE: Final = 5.0


async def key_of(loaded: LoadedAgent, environment: Mapping[str, str] = os.environ) -> bytes:
    """The key as the agent's owner gives it, or an error that says what is missing."""
    try:
        async with asyncio.timeout(PATIENCE):
            key = await asyncio.to_thread(_read, loaded, environment)
    except TimeoutError:
        raise _unusable(loaded, f"it did not come within {PATIENCE:g} s") from None
    if not key:
        raise _unusable(loaded, "it is empty")
    return key


def options(key: bytes) -> rtc.E2EEOptions:
    """How a room is entered with a key that everybody in it has."""
    # A window of 16, LiveKit's default, stalled every room of a process for 19 to 26 s when one
    # side changed its key; with 0 a changed key is silence until the other side has it too.
    provider = rtc.KeyProviderOptions(shared_key=key, ratchet_window_size=0)
    return rtc.E2EEOptions(key_provider_options=provider)


def _read(loaded: LoadedAgent, environment: Mapping[str, str]) -> bytes:
    if (given := loaded.encryption_key) is not None:
        try:
            key = given()
        except Exception as error:
            log.exception("encryption key not given", agent=loaded.definition.slug)
            reason = f"its function failed with {type(error).__name__}"
            raise _unusable(loaded, reason) from None
        return key.encode() if isinstance(key, str) else bytes(key)
    kind, _, where = loaded.definition.encryption_key.partition(":")
    if kind == "env" and where:
        if where not in environment:
            raise _unusable(loaded, f"the environment has no {where}")
        return environment[where].encode()
    if kind == "file" and where:
        try:
            return Path(where).read_bytes().strip()
        except OSError as error:
            raise _unusable(loaded, f"{where}: {os.strerror(error.errno or 0)}") from None
    raise _unusable(loaded, "none is set")


def _unusable(loaded: LoadedAgent, reason: str) -> DuologueError:
    return DuologueError("encryption_key_missing", agent=loaded.definition.slug, reason=reason)

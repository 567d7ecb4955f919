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
from duologue.wire.exchange import RPC_UNSUPPORTED

log = structlog.get_logger(__name__)

PATIENCE: Final = 5.0
PROOF: Final = 8.0
"""Seconds in which a client shows that it has the key."""
QUESTION: Final = "duologue.key"
"""A method that nobody has."""


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


async def proven(agent: rtc.LocalParticipant, identity: str) -> bool:
    """Whether a participant has the key: it can only answer a request that it can read.

    LiveKit takes plain packets of people without a key, and does not say so. Every client of it
    answers a method that it does not know with an error, and the request itself is encrypted.
    """
    try:
        async with asyncio.timeout(PROOF + 1):
            await agent.perform_rpc(
                destination_identity=identity,
                method=QUESTION,
                payload="",
                response_timeout=PROOF,
                max_round_trip_latency=PROOF,
            )
    except rtc.RpcError as error:
        return int(error.code) == RPC_UNSUPPORTED
    except TimeoutError:
        return False
    return True


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

"""Whether the server lives, and whether it takes sessions."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog
from litestar import get

from duologue import __version__
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.store import organizations

log = structlog.get_logger(__name__)

ANSWER: Final = 5.0
"""Seconds in which the database must answer: who asks for readiness does not wait for long."""


@get("/health", tags=["Operation"])
async def health() -> dict[str, Any]:
    """Answers as long as the process lives."""
    return {"status": "ok", "version": __version__}


@get("/ready", tags=["Operation"])
async def ready(host: Host) -> dict[str, Any]:
    """Answers 200 while new sessions are welcome; 503 with the reason otherwise."""
    host.require_room()
    try:
        async with asyncio.timeout(ANSWER):
            await host.db.read(organizations.all)
    except Exception:
        log.exception("database does not answer")
        raise DuologueError("not_ready", reason="the database does not answer") from None
    told = {"status": "ready", "sessions": host.live, "limit": host.settings.max_sessions}
    # Said, and no reason to be taken out: calls go on, and all servers would be out at once.
    if host.bell.reached is not None:
        told["redis"] = "reached" if host.bell.reached else "unreachable"
    return told


DOORS = [health, ready]

"""How a server that is asked to go lets those finish their turn who talk with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Final

import structlog

from duologue.errors import DuologueError
from duologue.pipeline.run import Run

log = structlog.get_logger(__name__)

LOOK: Final = 0.05
"""Seconds between two looks at who still talks; nothing tells of all that a turn consists of."""
CALM: Final = 0.3
"""Seconds of rest after which a turn is over: between a question and its answer there are less."""


async def drained(
    live: Callable[[], Collection[Run]], attended: Callable[[Run], bool], seconds: float
) -> None:
    """Ends each run as soon as its turn is over or nobody is there, and all after `seconds`."""
    now = asyncio.get_running_loop().time
    limit = now() + seconds
    resting: dict[str, float] = {}
    while runs := [run for run in live() if run.ended is None]:
        for run in runs:
            late = now() >= limit
            if run.busy and attended(run) and not late:
                resting.pop(run.id, None)
                continue
            since = resting.setdefault(run.id, now())
            if late or not attended(run) or now() - since >= CALM:
                if late and run.busy:
                    log.warning("a turn was cut", conversation=run.conversation_id)
                run.end(DuologueError("going_away"), reason="going_away")
        await asyncio.sleep(LOOK)

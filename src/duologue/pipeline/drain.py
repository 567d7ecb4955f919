"""How a server that is asked to go lets those finish their turn who talk with it, or through it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Final, Protocol

import structlog

from duologue.errors import DuologueError
from duologue.pipeline.run import Run

log = structlog.get_logger(__name__)

LOOK: Final = 0.05
"""Seconds between two looks at who still talks; nothing tells of all that a turn consists of."""
CALM: Final = 0.3
"""Seconds of rest after which a turn is over: between a question and its answer there are less."""


class Carried(Protocol):
    """A client whose conversation is live in another process: here only its frames pass."""

    said_at: float
    """When the last of what the client is sent passed, by the loop's clock."""

    def let_go(self) -> None:
        """Sends the client back to where it came from, from where another process takes it."""


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


async def let_go(carried: Collection[Carried], seconds: float) -> None:
    """Lets each of them go as soon as nothing more is said to it, and all after `seconds`.

    What a turn consists of is not known here: where the other process rests, it is over.
    """
    now = asyncio.get_running_loop().time
    limit = now() + seconds
    while carried:
        late = now() >= limit
        for each in list(carried):
            if late or now() - each.said_at >= CALM:
                each.let_go()
        await asyncio.sleep(LOOK)
        if late:  # who does not hear of it is cut
            return

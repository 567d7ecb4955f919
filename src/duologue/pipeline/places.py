"""Places for conversations: as many at once as an agent and its organization may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from duologue.access import budgets
from duologue.errors import DuologueError
from duologue.store.database import Database

if TYPE_CHECKING:
    from duologue.pipeline.run import Run
    from duologue.pipeline.seat import Guest


async def require(db: Database, guest: Guest, now: int) -> None:
    """Refuses one conversation too many before anything of it begins."""
    if guest.budget.places:
        await db.read(
            budgets.require_place,
            guest.org_id,
            guest.agent_id,
            guest.budget,
            now,
            conversation_id=guest.conversation_id,
        )


async def take(db: Database, guest: Guest, run: Run, now: int, *, new: bool) -> bool:
    """Makes a session live; false where it is already, or may not be any more.

    Another may have taken the last place meanwhile: then a run that was begun for it ends.
    """
    try:
        return await db.write(
            budgets.open_session,
            guest.org_id,
            guest.session_id,
            run.id,
            now,
            agent_id=guest.agent_id,
            conversation_id=guest.conversation_id,
            budget=guest.budget,
        )
    except DuologueError:
        if new:
            run.left()
        raise

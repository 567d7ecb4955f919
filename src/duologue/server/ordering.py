"""How owners reach a live conversation, from the API and from the console: by the bus."""

from __future__ import annotations

import asyncio
from typing import Final

from duologue.bus.bell import Unheard
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.store import conversations, sessions
from duologue.wire.live import Order, Shown

AGAIN: Final = (0.2, 0.4, 0.8)
"""Seconds before each further call to a run that the store calls live and nobody in reach hears."""
SOON: Final = 30
"""Seconds after which it is known what became of a run whose process was killed."""


async def order(host: Host, org_id: str, conversation_id: str, what: Order) -> Shown:
    """What the conversation's run answers; an error where it is over, or out of reach."""
    session = ""
    for pause in (0.0, *AGAIN):  # it may just begin or end; what nobody heard is not ordered twice
        await asyncio.sleep(pause)
        try:
            return await host.bell.order(org_id, conversation_id, what)
        except Unheard:
            session = await _live(host, org_id, conversation_id)
    if host.bell.reached is None:
        raise DuologueError("needs_redis", session=session)
    raise DuologueError("run_unheard", conversation=conversation_id, seconds=SOON)


async def _live(host: Host, org_id: str, conversation_id: str) -> str:
    """The session of a conversation that goes on by the store's word; an error if none does."""
    if await host.db.read(conversations.get, org_id, conversation_id) is None:
        raise DuologueError("conversation_not_found", conversation=conversation_id)
    page = await host.db.read(
        sessions.page,
        org_id,
        agent_id=None,
        conversation_id=conversation_id,
        state="live",
        before=None,
        limit=1,
    )
    if not page.items:
        raise DuologueError("conversation_not_live", conversation=conversation_id)
    return page.items[0].id

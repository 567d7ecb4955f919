"""Telling a duologue server that we are on our way into a room, so that its agent is, too."""

from __future__ import annotations

import asyncio
import contextlib

from duologue.client.road import Ticket
from duologue.client.tasks import Tasks

PATIENCE = 5.0
"""Seconds for the answer; nobody waits for it."""
LEAD = 0.1
"""Seconds for which the word is waited for: who comes first makes the room, and it saves twice
as much."""


async def announced(ticket: Ticket, tasks: Tasks) -> None:
    """Says it, once, and goes on soon; where it is not heard an agent comes all the same."""
    secure = ticket.announce.startswith("https:")
    if secure or (ticket.announce and not ticket.url.startswith(("wss:", "https:"))):
        # Otherwise the token would travel less safely than it does into the room.
        saying = tasks.start(_say(ticket))
        await asyncio.wait([saying], timeout=LEAD)


async def _say(ticket: Ticket) -> None:
    import httpx  # 60 ms that `import duologue` shall not cost

    headers = {"authorization": f"Bearer {ticket.token}"}
    secure = ticket.announce.startswith("https:")
    with contextlib.suppress(httpx.HTTPError, httpx.InvalidURL):
        # Certificates that nobody needs take long to load.
        async with httpx.AsyncClient(timeout=PATIENCE, verify=secure) as http:
            await http.post(ticket.announce, headers=headers)

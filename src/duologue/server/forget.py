"""How a conversation is forgotten that may be live."""

from __future__ import annotations

from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.store import conversations


async def conversation(host: Host, org_id: str, id: str) -> None:  # noqa: A002
    """Ends a conversation if it is live, and forgets every word of it."""
    if await host.db.read(conversations.get, org_id, id) is None:
        raise DuologueError("conversation_not_found", conversation=id)
    await host.finish(org_id, id, "deleted")
    run = host.run_of(id)
    if run is not None:
        await run.closed()
    await host.db.write(conversations.delete, org_id, id)

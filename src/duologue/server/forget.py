"""How a conversation, or a visitor, is forgotten that may be live."""

from __future__ import annotations

import msgspec

from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.store import conversations, living, visitor_lists, visitors
from duologue.wire.live import Untrace
from duologue.wire.visits import Deleted


async def conversation(host: Host, org_id: str, id: str) -> None:  # noqa: A002
    """Ends a conversation if it is live, and forgets every word of it."""
    if await host.db.read(conversations.get, org_id, id) is None:
        raise DuologueError("conversation_not_found", conversation=id)
    await host.finish(org_id, id, "deleted", forgotten=True)
    await host.db.write(conversations.delete, org_id, id)


async def visitor(
    host: Host,
    org_id: str,
    id: str,  # noqa: A002
    *,
    words: bool = False,
) -> Deleted | None:
    """Forgets a visitor, and with `words` every word of their conversations.

    Without, who is talking talks on, and no more of it is traced.
    """
    said = await host.db.read(visitor_lists.conversations_of, org_id, id) if words else []
    for each in said:
        await conversation(host, org_id, each)
    known = await host.db.read(visitor_lists.conversations_of, org_id, id)
    for each in await host.db.read(living.among, known):
        run = host.run_of(each)
        if run is not None:
            host.tracing.forget(run.id)
        else:
            await host.others.surely(org_id, each, Untrace())
    gone = await host.db.write(visitors.forget, org_id, id)
    return gone and msgspec.structs.replace(gone, forgotten=len(said))

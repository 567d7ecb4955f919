"""Links that show one conversation to people who are not signed in: for a time, until taken back.

A link holds 256 random bits, of which the store keeps the hash: nobody can make one, or a longer
one, and it shows what it was made for and nothing else of its organization.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from duologue.access.secrets import digest, mint
from duologue.errors import DuologueError
from duologue.store import links
from duologue.store.links import Opened

LIVES: Final = {"hour": 3_600_000, "day": 86_400_000, "week": 7 * 86_400_000}
"""How long a link may show its conversation."""
MOST: Final = 20
"""Links of one conversation at a time: more than that nobody keeps apart."""


def share(conn: Connection, org_id: str, trace_id: str, life: str, now: int) -> str:
    """The secret of a new link; what opens nothing any more is forgotten at the occasion."""
    if life not in LIVES:
        known = ", ".join(LIVES)
        raise DuologueError("bad_request", reason=f"life is {life[:40]!r}; it may be {known}")
    links.forget_expired(conn, now)
    if len(links.of(conn, org_id, trace_id, now)) >= MOST:
        raise DuologueError("links_used_up", trace=trace_id, limit=MOST)
    text = mint("dk_share_")
    made = links.add(
        conn, org_id, trace_id, hash=digest(text), now=now, expires_at=now + LIVES[life]
    )
    if made is None:
        raise DuologueError("trace_not_found", trace=trace_id)
    return text


def opened(conn: Connection, token: str, now: int) -> Opened:
    """What a link shows; one that expired, was taken back or was never made is an error."""
    found = links.by_hash(conn, digest(token))
    if found is None or found.expires_at <= now:
        raise DuologueError("link_void")
    return found


def take_back(conn: Connection, org_id: str, trace_id: str, id: str) -> None:  # noqa: A002
    """Ends a link at once; one that is gone already is no error."""
    links.revoke(conn, org_id, trace_id, id)

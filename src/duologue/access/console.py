"""Signing in to the console: a link that works once, then a cookie.

A link is made where the server is, by whoever may run its commands; so nobody has a password.
"""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import Connection

from duologue.access.secrets import digest, mint
from duologue.errors import DuologueError
from duologue.store import console
from duologue.store.console import Role, SignIn

LINK_MS: Final = 10 * 60_000
"""How long a link waits to be used."""
IDLE_MS: Final = 12 * 3_600_000
"""How long somebody who does nothing stays signed in."""
LIFE_MS: Final = 30 * 86_400_000
"""How long anybody stays signed in."""
NOTED_MS: Final = 60_000
"""A busy reader is not noted at every page."""


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is signed in."""

    id: str
    org_id: str
    role: Role
    name: str
    noted_at: int
    """When it was last written down that they were here."""

    def require_owner(self) -> None:
        """Refuses those who may look and change nothing."""
        if self.role != "owner":
            raise DuologueError("console_viewer")


def invite(conn: Connection, org_id: str, role: Role, name: str, now: int) -> str:
    """The secret of a new link; what opens nothing any more is forgotten at the occasion."""
    console.forget_expired(conn, now, now - IDLE_MS)
    text = mint("dk_enter_")
    console.add(
        conn,
        org_id,
        kind="link",
        hash=digest(text),
        role=role,
        name=name,
        now=now,
        expires_at=now + LINK_MS,
    )
    return text


def enter(conn: Connection, token: str, now: int) -> str:
    """The secret of a new cookie, for a link that is used up by it."""
    link = console.take(conn, digest(token), "link")
    if link is None or link.expires_at <= now:
        raise DuologueError("console_link_void")
    text = mint("dk_console_")
    console.add(
        conn,
        link.org_id,
        kind="session",
        hash=digest(text),
        role=link.role,
        name=link.name,
        now=now,
        expires_at=now + LIFE_MS,
    )
    return text


def reader(conn: Connection, cookie: str, now: int) -> Reader:
    """Who shows this cookie; one that opens nothing, or none, is an error that says what to do."""
    found = console.by_hash(conn, digest(cookie), "session") if cookie else None
    if found is None or _is_over(found, now):
        raise DuologueError("console_signed_out")
    return Reader(
        id=found.id,
        org_id=found.org_id,
        role=found.role,
        name=found.name,
        noted_at=found.last_seen_at or 0,
    )


def note(conn: Connection, who: Reader, now: int) -> None:
    """Writes down that a reader is here: the time until they are signed out begins anew."""
    console.seen(conn, who.id, now, now - NOTED_MS)


def people(conn: Connection, org_id: str, now: int) -> list[SignIn]:
    """Who is signed in to an organization, and its links that wait to be used."""
    return console.all(conn, org_id, now, now - IDLE_MS)


def sign_out(conn: Connection, org_id: str, id: str) -> None:  # noqa: A002
    """Signs somebody out, or withdraws a link."""
    if not console.remove(conn, org_id, id):
        raise DuologueError("sign_in_not_found", id=id)


def leave(conn: Connection, cookie: str) -> None:
    """Signs out; a cookie that opens nothing is no error."""
    console.take(conn, digest(cookie), "session")


def _is_over(found: SignIn, now: int) -> bool:
    return found.expires_at <= now or (found.last_seen_at or 0) + IDLE_MS <= now

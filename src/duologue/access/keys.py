"""Keys of organizations: making them, and who stands behind one that is presented."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from sqlalchemy import Connection

from duologue.access import origins as origin_rules
from duologue.access import secrets
from duologue.access.secrets import digest
from duologue.errors import DuologueError
from duologue.store import agents
from duologue.store import keys as store
from duologue.store.records import Key, KeyKind

__all__ = ["DEFAULT_SCOPES", "SCOPES", "Principal", "authenticate", "create", "digest", "mint"]

SCOPES: Final = ("sessions", "read", "ingest", "admin")
DEFAULT_SCOPES: Final = ("sessions", "read")
"""What a secret key may do when nothing was said: open sessions, and read what was said."""
LONGEST_OVERLAP_MS: Final = 90 * 86_400_000
"""How long a key that was rotated may stay good beside the new one."""

State = Literal["valid", "expired", "revoked"]
_PREFIXES: Final[dict[KeyKind, str]] = {"secret": "dk_secret_", "public": "dk_public_"}
_HINT = 4


class Principal(msgspec.Struct, frozen=True):
    """Who asks, and what the key allows."""

    org_id: str
    key_id: str | None
    kind: Literal["secret", "public", "local"]
    """`local` is a page on this machine, without a key, in `dev`."""
    agent_id: str | None
    """The one agent of a public key."""
    origins: tuple[str, ...]
    scopes: tuple[str, ...]

    def require(self, scope: str) -> None:
        """Refuses unless the key has that scope."""
        if scope not in self.scopes:
            held = ", ".join(self.scopes) or "none"
            raise DuologueError("key_scope", scope=scope, scopes=held)

    def require_agent(self, agent_id: str, shown: str) -> None:
        """Refuses to open sessions of this agent unless the key may; `shown` is its slug."""
        if self.kind != "public":
            self.require("sessions")
        elif self.agent_id != agent_id:
            raise DuologueError("key_wrong_agent", agent=shown)


def mint(kind: KeyKind) -> str:
    """The whole text of a new key."""
    return secrets.mint(_PREFIXES[kind])


def local(org_id: str) -> Principal:
    """Who a page on this machine is in `dev`: somebody who may do everything."""
    return Principal(org_id, None, "local", None, (), SCOPES)


def create(
    conn: Connection,
    org_id: str,
    *,
    kind: KeyKind,
    name: str,
    agent: str | None,
    origins: Sequence[str],
    scopes: Sequence[str],
    expires_at: int | None,
    now: int,
) -> tuple[Key, str]:
    """A new key and its text, which is nowhere to be had again."""
    if kind not in _PREFIXES:
        raise _refusal(f"a key's kind is secret or public, not {kind!r}")
    if expires_at is not None and expires_at <= now:
        raise _refusal("the key's expiry lies in the past")
    agent_id = None
    listed: list[str] = []
    granted: list[str] = []
    if kind == "public":
        agent_id, listed = _public(conn, org_id, agent, origins, scopes)
    else:
        granted = _secret(agent, origins, scopes)
    text = mint(kind)
    key = store.insert(
        conn,
        org_id,
        kind=kind,
        hash=digest(text),
        hint=text[-_HINT:],
        name=name,
        agent_id=agent_id,
        origins=listed,
        scopes=granted,
        now=now,
        expires_at=expires_at,
    )
    return key, text


def allow(conn: Connection, org_id: str, key_id: str, origins: Sequence[str]) -> Key:
    """Lets pages of these origins use a public key, too."""
    key = store.get(conn, org_id, key_id)
    if key is None:
        raise DuologueError("key_not_found", key=key_id)
    if key.kind != "public":
        raise _refusal("a secret key acts for its organization: origins are for public ones")
    parsed = [str(origin_rules.parse(origin)) for origin in origins]
    listed = list(dict.fromkeys([*key.origins, *parsed]))
    store.set_origins(conn, org_id, key_id, listed)
    return msgspec.structs.replace(key, origins=listed)


def rotate(
    conn: Connection, org_id: str, key_id: str, *, overlap_ms: int, now: int
) -> tuple[Key, str, Key]:
    """A new key that opens the same, its text, and the old key, which ends after the overlap.

    Where the old one was made to last a while, the new one lasts as long. Without an overlap the
    old one is void at once, and sessions that it opened are closed.
    """
    old = store.get(conn, org_id, key_id)
    if old is None:
        raise DuologueError("key_not_found", key=key_id)
    check_alive(old.expires_at, old.revoked_at, now)
    if not 0 <= overlap_ms <= LONGEST_OVERLAP_MS:
        raise _refusal(f"two keys are good for {LONGEST_OVERLAP_MS // 86_400_000} days at most")
    text = mint(old.kind)
    lasts = None if old.expires_at is None else old.expires_at - old.created_at
    made = store.insert(
        conn,
        org_id,
        kind=old.kind,
        hash=digest(text),
        hint=text[-_HINT:],
        name=old.name,
        agent_id=old.agent_id,
        origins=old.origins,
        scopes=old.scopes,
        now=now,
        expires_at=None if lasts is None else now + lasts,
    )
    if overlap_ms:
        store.end_by(conn, org_id, key_id, now + overlap_ms)
    else:
        store.revoke(conn, org_id, key_id, now)
    return made, text, store.get(conn, org_id, key_id) or old


def authenticate(conn: Connection, presented: str | None, now: int) -> Principal:
    """Who presents the key; a missing, unknown, revoked or expired one is refused."""
    if not presented:
        raise DuologueError("key_missing")
    key = store.by_hash(conn, digest(presented))
    if key is None:
        raise DuologueError("key_unknown")
    return _principal(key, now)


def recalled(conn: Connection, org_id: str, key_id: str, now: int) -> Principal:
    """Who presented the key of that id before, if it is still good."""
    key = store.get(conn, org_id, key_id)
    if key is None:
        raise DuologueError("key_unknown")
    return _principal(key, now)


def state(key: Key, now: int) -> State:
    """Whether a key opens anything now."""
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= now else "valid"


def check_alive(expires_at: int | None, revoked_at: int | None, now: int) -> None:
    """Refuses a key that was revoked or has expired, and says which."""
    if revoked_at is not None:
        raise DuologueError("key_expired", how="revoked")
    if expires_at is not None and expires_at <= now:
        raise DuologueError("key_expired", how="expired")


def _principal(key: Key, now: int) -> Principal:
    check_alive(key.expires_at, key.revoked_at, now)
    return Principal(
        key.org_id, key.id, key.kind, key.agent_id, tuple(key.origins), tuple(key.scopes)
    )


def _public(
    conn: Connection, org_id: str, agent: str | None, origins: Sequence[str], scopes: Sequence[str]
) -> tuple[str, list[str]]:
    """The agent's id and the origins as they are compared."""
    if scopes:
        raise _refusal("a public key has no scopes: it opens sessions of its one agent")
    if agent is None:
        raise _refusal("a public key needs the agent that it opens (--agent)")
    if not origins:
        raise _refusal("a public key needs the origins of its pages (--origin https://…)")
    found = agents.get(conn, org_id, agent)
    if found is None:
        known = ", ".join(each.slug for each in agents.all(conn, org_id)) or "none"
        raise DuologueError("agent_not_found", agent=agent, known=known)
    listed = [str(origin_rules.parse(origin)) for origin in origins]
    return found.id, list(dict.fromkeys(listed))


def _secret(agent: str | None, origins: Sequence[str], scopes: Sequence[str]) -> list[str]:
    """The scopes, in the order of the table."""
    if agent is not None or origins:
        raise _refusal("a secret key acts for its organization: agent and origins are for public")
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown:
        raise _refusal(f"there is no scope {unknown[0]!r}; scopes are {', '.join(SCOPES)}")
    return [scope for scope in SCOPES if scope in (scopes or DEFAULT_SCOPES)]


def _refusal(reason: str) -> DuologueError:
    return DuologueError("bad_request", reason=reason)

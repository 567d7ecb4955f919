"""Session keys: each opens one session's socket, while everything behind it still holds."""

from __future__ import annotations

import msgspec

from duologue.access import balance, keys, origins, secrets
from duologue.access.secrets import digest
from duologue.errors import DuologueError
from duologue.store.records import Claim

__all__ = ["check", "digest", "mint"]


class _Definition(msgspec.Struct):
    """The part of an agent's definition that is asked here."""

    origins: tuple[str, ...] = ()


_definitions = msgspec.json.Decoder(_Definition)


def mint() -> str:
    """The text of a new session key."""
    return secrets.mint("dk_session_")


def check(claim: Claim | None, now: int, *, origin: str | None) -> Claim:
    """The claim, if its session may open now to a page of that origin."""
    if claim is None:
        raise DuologueError("session_key_unknown")
    session = claim.session
    if claim.conversation_ended_at is not None:
        raise DuologueError(
            "conversation_ended",
            conversation=session.conversation_id,
            reason=claim.conversation_end_reason,
        )
    if session.state == "ended":
        raise DuologueError("session_key_expired", how=f"used up ({session.end_reason})")
    if session.key_expires_at <= now:
        raise DuologueError("session_key_expired", how="expired")
    keys.check_alive(claim.key_expires_at, claim.key_revoked_at, now)
    if claim.agent_published_at is None:
        raise DuologueError("agent_has_no_org", agent=claim.agent_slug)
    balance.check(claim.balance_micros, claim.organization_slug)
    listed = _definitions.decode(claim.agent_definition).origins
    kind = claim.key_kind or "local"
    origins.check(kind, origin, claim.key_origins, listed, key_id=session.key_id)
    return claim

"""Resume tokens that are promised with rooms: until their holder is let in, what it had counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from duologue.store import sessions
from duologue.store.records import Conversation
from duologue.wire.rooms import Claim

MOST: Final = 4096
"""Promises that are remembered, some minutes of them even where many are made."""

Redeem = Callable[..., Conversation | None]
"""`resume_tokens.redeem`, or `check`, which writes nothing; none is a new conversation."""


class Promise(NamedTuple):
    """A session that begins at the join, and the token that its client showed for it, if any."""

    org_id: str
    session_id: str
    shown: str | None


class Promises:
    """What was shown for each promised token, for whoever leaves before the agent let it in.

    A room's token is written down at the join. Who is gone before that, and comes back, holds a
    token that nobody knows, and its client keeps no other.
    """

    def __init__(self) -> None:
        self._made: dict[str, Promise] = {}

    def make(self, token: str, claim: Claim, shown: str | None) -> None:
        """A token was handed out with a room to who showed another one, or none."""
        while len(self._made) >= MOST:
            del self._made[next(iter(self._made))]
        self._made[token] = Promise(claim.org, claim.session, shown)

    def through(self, redeem: Redeem) -> Redeem:
        """The same, for what stands behind a promise that was not kept yet."""

        def redeem_what_stands(conn: Connection, token: str, **given: Any) -> Conversation | None:
            stands = self._behind(conn, token)
            return None if stands is None else redeem(conn, stands, **given)

        return redeem_what_stands

    def _behind(self, conn: Connection, token: str) -> str | None:
        stands: str | None = token
        while stands is not None and (promise := self._made.get(stands)) is not None:
            if sessions.get(conn, promise.org_id, promise.session_id) is not None:
                break  # its holder was let in, and from then on it counts by itself
            stands = promise.shown
        return stands

"""Conversations as the console lists them: with what was said first in each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, func, select

from duologue.store.tables import messages

_EARLY: Final = 12
"""Who has said nothing by this entry is not waited for."""
_MOST: Final = 200
"""Characters of it that are read."""


def first_words(conn: Connection, org_id: str, ids: Sequence[str]) -> dict[str, str]:
    """What was said first in each conversation, by its user, or else by its agent."""
    of = messages.c
    query = (
        select(of.conversation_id, of.role, func.substr(of.text, 1, _MOST))
        .where(
            of.org_id == org_id,
            of.conversation_id.in_(ids),
            of.seq <= _EARLY,
            of.kind == "message",
            of.text != "",
        )
        .order_by(of.seq.desc())
    )
    said: dict[str, str] = {}
    answered: dict[str, str] = {}
    for id_, role, text in conn.execute(query).fetchall():
        (said if role == "user" else answered)[id_] = text
    return answered | said

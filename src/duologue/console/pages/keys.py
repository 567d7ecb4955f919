"""The keys of an organization: which there are, what they open, and when they did last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

import msgspec
from sqlalchemy import Connection

from duologue.access.keys import DEFAULT_SCOPES, State, state
from duologue.console.pages.forms import Form
from duologue.errors import DuologueError
from duologue.store import agents, keys
from duologue.store.records import Key

OVERLAPS: Final = {"none": 0, "hour": 3_600_000, "day": 86_400_000, "week": 7 * 86_400_000}
OVERLAP_WORDS: Final = {
    "none": "at once",
    "hour": "in an hour",
    "day": "in a day",
    "week": "in a week",
}
MEANING: Final = {
    "sessions": "open sessions",
    "read": "read what was said and traced",
    "ingest": "tell of other agents' runs",
    "admin": "manage keys, forget conversations",
}
"""What each scope lets a secret key do."""


class KeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """A key in a list."""

    key: Key
    state: State
    agent: str
    """The slug of the one agent that a public key opens."""


class KeysView(msgspec.Struct, frozen=True, kw_only=True):
    """All keys, and the two forms that make one."""

    rows: list[KeyRow]
    void: list[KeyRow]
    agents: list[str]
    public: Form
    secret: Form
    now: int
    scopes: ClassVar = MEANING
    usual: ClassVar = DEFAULT_SCOPES


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """One key."""

    row: KeyRow
    text: str
    """Its text, this once; empty ever after."""
    origins: Form
    rotation: Form
    now: int
    overlaps: ClassVar = OVERLAP_WORDS
    scopes: ClassVar = MEANING


def load(
    conn: Connection,
    org_id: str,
    *,
    public: Form | None = None,
    secret: Form | None = None,
    now: int,
) -> KeysView:
    """The keys, the newest first; those that open nothing any more apart."""
    slugs = {each.id: each.slug for each in agents.all(conn, org_id)}
    rows = [key_row(each, slugs, now) for each in reversed(keys.all(conn, org_id))]
    return KeysView(
        rows=[row for row in rows if row.state == "valid"],
        void=[row for row in rows if row.state != "valid"],
        agents=sorted(slugs.values()),
        public=public or Form(),
        secret=secret or Form(values={"scope": list(DEFAULT_SCOPES)}),
        now=now,
    )


def load_one(
    conn: Connection,
    org_id: str,
    key_id: str,
    *,
    text: str = "",
    origins: Form | None = None,
    rotation: Form | None = None,
    now: int,
) -> KeyView:
    """A key by its id."""
    key = keys.get(conn, org_id, key_id)
    if key is None:
        raise DuologueError("key_not_found", key=key_id)
    slugs = {each.id: each.slug for each in agents.all(conn, org_id)}
    return KeyView(
        row=key_row(key, slugs, now),
        text=text,
        origins=origins or Form(),
        rotation=rotation or Form(values={"overlap": ["day"]}),
        now=now,
    )


def key_row(key: Key, slugs: Mapping[str, str], now: int) -> KeyRow:
    """A key with what it opens in words."""
    return KeyRow(key=key, state=state(key, now), agent=slugs.get(key.agent_id or "", ""))

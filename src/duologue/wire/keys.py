"""The owners' words for keys: what is asked of a new one, and what may be shown of any."""

from __future__ import annotations

from typing import Annotated

import msgspec

from duologue.wire.bodies import CLEAN


class PublicKeyRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A key for pages: it opens one agent, from the pages of these origins."""

    agent: Annotated[str, msgspec.Meta(pattern=CLEAN)]
    """The agent's id or slug."""
    origins: Annotated[list[str], msgspec.Meta(max_length=100)]
    """Web origins such as `https://shop.example`."""
    name: Annotated[str, msgspec.Meta(max_length=200, pattern=CLEAN)] = ""
    """What it is for."""


class KeyView(msgspec.Struct, kw_only=True):
    """A key without its text, which nobody can show again."""

    id: str
    kind: str
    hint: str
    """The end of its text, to know it by."""
    name: str
    agent_id: str | None
    origins: list[str]
    scopes: list[str]
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    last_used_at: int | None


class NewKey(msgspec.Struct, kw_only=True):
    """A key that was just made; `key` is its text, shown this once."""

    key: str
    made: KeyView


class KeyList(msgspec.Struct, kw_only=True):
    """Keys, void ones included."""

    items: list[KeyView]

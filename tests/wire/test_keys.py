"""The owners' words for keys, as JSON."""

from __future__ import annotations

import msgspec
import pytest

from duologue.wire.keys import KeyList, KeyView, NewKey, PublicKeyRequest

KEY = KeyView(
    id="key_1",
    kind="public",
    hint="abcd",
    name="",
    agent_id="agt_1",
    origins=["https://shop.example"],
    scopes=[],
    created_at=1,
    expires_at=None,
    revoked_at=None,
    last_used_at=None,
)


def test_a_request_names_an_agent_and_its_pages() -> None:
    """A name for the key may be left out."""
    asked = msgspec.json.decode(
        b'{"agent":"desk","origins":["https://shop.example"]}', type=PublicKeyRequest
    )
    assert (asked.agent, asked.origins, asked.name) == ("desk", ["https://shop.example"], "")


@pytest.mark.parametrize("body", [b'{"agent":"desk"}', b'{"agent":"a","origins":[],"scope":"x"}'])
def test_what_is_missing_or_unknown_is_refused(body: bytes) -> None:
    """By name."""
    with pytest.raises(msgspec.ValidationError, match=r"origins|scope"):
        msgspec.json.decode(body, type=PublicKeyRequest)


def test_keys_come_back_as_they_went() -> None:
    """A new one with its text, a list without any."""
    new = msgspec.json.encode(NewKey(key="dk_public_x", made=KEY))
    assert msgspec.json.decode(new, type=NewKey).made == KEY
    listed = msgspec.json.encode(KeyList(items=[KEY]))
    assert b"dk_public" not in listed
    assert msgspec.json.decode(listed, type=KeyList).items == [KEY]

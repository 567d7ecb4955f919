"""The owners' API, as structs."""

from __future__ import annotations

import msgspec
import pytest

from duologue.wire import rest


@pytest.mark.parametrize(
    "body",
    [b'{"text": ""}', b"{}", b'{"text": "a", "loud": true}', b'{"text": 5}'],
)
def test_what_cannot_be_said_is_refused(body: bytes) -> None:
    """Our own API refuses fields that it does not know."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=rest.SayRequest)


def test_a_reason_may_be_left_out() -> None:
    """Ending needs no explanation."""
    assert msgspec.json.decode(b"{}", type=rest.EndRequest).reason == "owner_ended"
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"reason": ""}', type=rest.EndRequest)


def test_a_list_has_its_cursor_even_at_the_end() -> None:
    """A missing `next` would look like an older server's answer."""
    encoded = msgspec.json.encode(rest.SessionList(items=[], next=None))
    assert encoded == b'{"items":[],"next":null}'
    assert msgspec.json.encode(rest.Done()) == b'{"ok":true}'

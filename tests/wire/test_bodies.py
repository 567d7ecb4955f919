"""Bodies of requests: every JSON object, nothing else, and none too deep."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.errors import DuologueError
from duologue.wire import bodies

ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def nested(levels: int) -> Any:
    """That many lists, one in the other."""
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@given(st.dictionaries(st.text(), ANY))
def test_an_object_is_read_as_it_is(asked: dict[str, Any]) -> None:
    """Whatever is not too deep comes back."""
    assert bodies.read_object(json.dumps(asked).encode()) == asked


@pytest.mark.parametrize("body", [b"", b"null", b"{}"])
def test_nothing_is_an_empty_object(body: bytes) -> None:
    """Some clients have nothing to say."""
    assert bodies.read_object(body) == {}


@pytest.mark.parametrize(
    "body",
    [b"[]", b"5", b"not json", b"\xff\xfe", b'{"a": "\xff"}', b"[" * 100_000, b'{"a":"\\ud800"}'],
)
def test_anything_else_is_refused(body: bytes) -> None:
    """With the reason."""
    with pytest.raises(DuologueError) as caught:
        bodies.read_object(body)
    assert caught.value.code == "bad_request"


@given(st.binary())
def test_no_bytes_break_the_reader(body: bytes) -> None:
    """They are an object, or refused in words."""
    try:
        found: object = bodies.read_object(body)
    except DuologueError as error:
        found = error.code
    assert isinstance(found, dict) or found == "bad_request"


def test_sixty_four_levels_are_the_end() -> None:
    """What is deeper could not be written again; brackets within text are no levels."""
    for deep in ({"a": nested(64), "b": "[" * 100}, {"a": {"b": nested(63)}}):
        assert bodies.read_object(json.dumps(deep).encode()) == deep
    for too_deep in (nested(65), {"b": nested(64)}):
        with pytest.raises(DuologueError, match="64 levels"):
            bodies.read_object(json.dumps({"a": too_deep}).encode())


def test_fields_have_the_name_that_they_mean() -> None:
    """Null is as good as missing, and of two spellings the later in the table counts."""
    names = {"roomName": "room", "room_name": "room", "kind": "kind"}
    assert bodies.named({"roomName": "a", "kind": None, "other": 1}, names) == {"room": "a"}
    assert bodies.named({"room_name": "b", "roomName": "a"}, names) == {"room": "b"}
    assert bodies.named({"room_name": None, "roomName": "a"}, names) == {"room": "a"}
    into = {"room": "before", "more": 1}
    assert bodies.named({"room_name": "b"}, names, into) == {"room": "b", "more": 1}

"""What a tracker may tell: read whole, or refused by the name of what is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.errors import DuologueError
from duologue.wire import visits as wire

HEX = "019a0000000070008000000000000000"
EVENT = {"type": "click", "id": f"evt_{HEX}", "at": 5, "name": "book"}
BATCH: dict[str, Any] = {
    "visitor": f"vis_{HEX}",
    "visit": f"vst_{HEX}",
    "sent_at": 7,
    "events": [EVENT],
}


def read(**changes: Any) -> wire.Batch:
    """The batch that an object is as JSON."""
    return wire.read_batch(json.dumps(BATCH | changes).encode())


def refusal(**changes: Any) -> str:
    """Why a batch is refused."""
    with pytest.raises(DuologueError) as caught:
        read(**changes)
    assert caught.value.code == "bad_request"
    return caught.value.message


def test_every_kind_of_event_is_read() -> None:
    """With everything that it may say, and by the names of the wire."""
    common: Any = {"id": f"evt_{HEX}", "at": 5}
    page: Any = {"url": "https://x.example/a", "path": "/a", "title": "A", "referrer": ""}
    values: Any = {"text": "é", "whole": 1, "part": 0.5, "yes": True, "none": None}
    events = [
        {"type": "page", **common, **page},
        {"type": "time", **common, "page": f"evt_{HEX}", "visible_ms": 900},
        {"type": "click", **common, "page": f"evt_{HEX}", "name": "book"},
        {"type": "event", **common, "name": "searched", "properties": values},
        {"type": "identify", **common, "user_id": "u1", "traits": values},
    ]
    found = read(events=events, key="dk_public_x", agent="desk")
    assert found.events == [
        wire.PageSeen(**common, **page),
        wire.TimeSpent(**common, page=f"evt_{HEX}", visible_ms=900),
        wire.Clicked(**common, page=f"evt_{HEX}", name="book"),
        wire.Happened(**common, name="searched", properties=values),
        wire.Identified(**common, user_id="u1", traits=values),
    ]
    assert (found.key, found.agent, found.sent_at) == ("dk_public_x", "desk", 7)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"cookies": 1}, "cookies"),
        ({"events": [EVENT | {"x": 1}]}, "$.events[0]"),
        ({"events": [EVENT | {"type": "scroll"}]}, "scroll"),
        ({"events": []}, "$.events"),
        ({"events": [EVENT] * (wire.MOST + 1)}, "$.events"),
        ({"agent": "desk\x00"}, "$.agent"),
        ({"visitor": "vis_1"}, "$.visitor"),
        ({"visitor": f"vis_{HEX}\n"}, "$.visitor"),
        ({"visitor": f"vis_{HEX.replace('7000', '4000')}"}, "$.visitor"),
        ({"visit": f"vis_{HEX}"}, "$.visit"),
        ({"sent_at": -1}, "$.sent_at"),
        ({"events": [EVENT | {"at": 1 << 50}]}, "$.events[0].at"),
        ({"events": [EVENT | {"name": ""}]}, "$.events[0].name"),
        ({"events": [EVENT | {"name": "a\x00"}]}, "$.events[0].name"),
        ({"events": [EVENT | {"type": "event", "properties": {"a": {}}}]}, "properties"),
        ({"events": [EVENT | {"type": "event", "properties": {"a": "x" * 501}}]}, "properties"),
        ({"events": [EVENT | {"type": "event", "properties": {str(n): n for n in range(33)}}]},
         "properties"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(changes: dict[str, Any], named: str) -> None:
    """Unknown names, ids that browsers do not make, too many, too long, nested."""
    assert named in refusal(**changes)


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b'"\xff"', b"[" * 20_000, b'{"events":[{"x":' + b"[" * 60_000,
])  # fmt: skip
def test_what_is_no_batch_is_refused(body: bytes) -> None:
    """In words, however broken it is."""
    with pytest.raises(DuologueError) as caught:
        wire.read_batch(body)
    assert caught.value.code == "bad_request"


def test_a_batch_has_its_size() -> None:
    """What browsers would not let a leaving page send is not read."""
    with pytest.raises(DuologueError) as caught:
        wire.read_batch(b" " * (wire.LARGEST + 1))
    assert caught.value.code == "too_large"


def test_ids_of_visitors_are_known_by_their_form() -> None:
    """UUIDv7 behind the prefix, and nothing else."""
    assert wire.known(f"vis_{HEX}")
    for text in ("", HEX, f"vis_{HEX.upper()}", f"vis_{HEX}0", "vis_" + "0" * 32):
        assert not wire.known(text)


@given(st.binary())
def test_no_bytes_break_the_reader(body: bytes) -> None:
    """They are a batch, or refused in words."""
    try:
        found: object = wire.read_batch(body)
    except DuologueError as error:
        found = error.code
    assert isinstance(found, wire.Batch) or found == "bad_request"

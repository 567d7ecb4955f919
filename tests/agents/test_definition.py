"""Definitions as they are stored, by this duologue and by others."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from duologue.agents.definition import AgentDefinition, TurnTaking, stored
from duologue.agents.widget import Widget
from duologue.errors import DuologueError

WRITTEN = AgentDefinition(
    slug="desk", greeting="Hello.", turns=TurnTaking(silence=0.7), widget=Widget(title="Ask us")
)


def test_what_was_stored_is_read_again() -> None:
    """Nothing is lost on the way."""
    assert stored(msgspec.json.encode(WRITTEN).decode()) == WRITTEN


def test_what_a_newer_one_wrote_is_left_out() -> None:
    """A field that we do not know is nothing to us, wherever it stands; the others count."""
    newer: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(WRITTEN))
    newer["telepathy"] = {"range": 3}
    newer["turns"]["telepathy"] = True
    newer["widget"]["telepathy"] = "blue"
    assert stored(msgspec.json.encode(newer).decode()) == WRITTEN


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"slug": "No Slug"}', "$.slug"),
        ('{"slug": "desk", "turns": {"silence": -1}}', "$.turns.silence"),
        ('{"slug": "desk", "turns": "polite"}', "$.turns"),
        ('{"slug": "desk", "tabs": "telepathy"}', "$.tabs"),
    ],
)
def test_what_cannot_be_is_an_error(text: str, where: str) -> None:
    """A value that we do not know is not left out: it is said whose it is, and what to do."""
    with pytest.raises(DuologueError, match="Renew this process") as refused:
        stored(text)
    assert (refused.value.code, refused.value.status) == ("agent_newer", 503)
    assert msgspec.json.decode(text)["slug"] in refused.value.message
    assert where in refused.value.message

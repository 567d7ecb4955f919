"""What happens in a conversation."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from duologue.core.happenings import AgentAudio, Happening, UserSaid


@pytest.mark.parametrize("kind", get_args(Happening))
def test_each_happening_is_frozen_and_documented(kind: type[msgspec.Struct]) -> None:
    """Listeners share them, so nobody may change one; each says what it means."""
    assert kind.__struct_config__.frozen
    assert kind.__doc__


def test_happenings_are_equal_by_what_they_tell() -> None:
    """Two tellings of the same are the same."""
    assert UserSaid("u", "hi") == UserSaid("u", "hi")
    assert AgentAudio("t", b"a") != AgentAudio("t", b"b")

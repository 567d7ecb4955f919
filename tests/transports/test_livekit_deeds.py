"""What a user of a room does, before and after it is seated."""

from __future__ import annotations

import pytest

from duologue.transports.livekit.deeds import Deeds


@pytest.mark.parametrize(
    ("packet", "left"),
    [
        (b'{"type":"client.end"}', True),
        (b'{"type":"client.interrupt"}', False),
        (b'{"type":"client.en', False),
    ],
)
def test_who_goes_before_it_is_seated_has_left(packet: bytes, left: bool) -> None:
    """It is known at once, for a user who is gone is not seated any more; all else waits."""
    heard: list[str] = []
    deeds = Deeds(
        complain=lambda code, message: heard.append(code),
        typed=lambda text, name, new: heard.append(text),
        leave=lambda: heard.append("left"),
        sign_of_life=lambda: None,
    )
    deeds.packet(packet)
    assert heard == ["left"] * left

"""Which of a user's pictures is watched."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from livekit import rtc

from duologue.transports.livekit.camera import CAMERA, SCREEN, Camera, chosen

MICROPHONE = rtc.TrackSource.SOURCE_MICROPHONE


class Offer(SimpleNamespace):
    """A publication that writes down whether it is asked for."""

    sid: str
    asked: list[bool]

    def set_subscribed(self, wanted: bool) -> None:
        """Writes it down."""
        self.asked.append(wanted)


def offer(sid: str, source: int = CAMERA, *, muted: bool = False) -> Any:
    """What a user publishes."""
    return Offer(sid=sid, source=source, muted=muted, track=None, asked=[])


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        ([], None),
        ([offer("mic", MICROPHONE)], None),
        ([offer("old"), offer("new")], "new"),
        ([offer("screen", SCREEN), offer("camera")], "screen"),
        ([offer("first", SCREEN), offer("second", SCREEN), offer("camera")], "second"),
        ([offer("screen", SCREEN, muted=True), offer("camera")], "camera"),
        ([offer("screen", SCREEN, muted=True), offer("camera", muted=True)], None),
    ],
)
def test_the_newest_screen_else_the_newest_camera(offered: list[Any], expected: str | None) -> None:
    """What is muted shows nothing, and a microphone is no picture."""
    found = chosen(offered)
    assert (found.sid if found else None) == expected


async def test_nothing_is_asked_for_before_somebody_wants_to_see() -> None:
    """Then the one picture that is best is, and the one before it is let go."""
    camera = Camera(takes=lambda publication: True)
    first, screen = offer("first"), offer("screen", SCREEN)
    camera.published(first)
    assert first.asked == []
    seen: list[Any] = []
    camera.open(seen.append)
    assert first.asked == [True]
    camera.published(screen)
    assert (first.asked, screen.asked) == ([True, False], [True])
    camera.gone("screen")
    assert first.asked == [True, False, True]
    assert screen.asked == [True]  # it is not there any more to be let go
    first.muted = True
    camera.changed()
    assert first.asked == [True, False, True, False]
    assert seen == [None] * 3
    await camera.close()


async def test_what_may_not_be_taken_is_not_asked_for() -> None:
    """Such as a picture in clear, where everything must be encrypted."""
    camera = Camera(takes=lambda publication: publication.sid != "plain")
    plain, other = offer("plain"), offer("other")
    camera.open(lambda frame: None)
    camera.published(plain)
    assert plain.asked == []
    camera.published(other)
    assert other.asked == [True]
    await camera.close()
    assert other.asked == [True, False]
    camera.published(offer("late"))
    assert other.asked == [True, False]

"""The states of a call on the talk page: each one is shown, looks right to axe-core, and goes on."""

from __future__ import annotations

import pytest
from tests.pages.conftest import Opener
from tests.serving import House

pytestmark = pytest.mark.browser

COUNT = "Please count slowly from one to twenty."


def test_idle_invites(opener: Opener, house: House) -> None:
    """Before the call the page says who answers and how to begin, and no line is open."""
    tab = opener(house)
    tab.reaches("Ready when you are")
    assert tab.buttons == ["talk-button", "type-button"]
    assert tab.text("#name") == "Demo"
    assert "Corner Table" in tab.text("#greeting")
    assert tab.shows("#suggestions button")
    assert tab.frames == []
    assert tab.violations() == []


def test_a_call_from_talk_to_end(opener: Opener, house: House) -> None:
    """Talk connects, the agent greets and then listens; End leaves, and the call can be resumed."""
    tab = opener(house)
    tab.click("talk-button")
    tab.reaches("Speaking")
    assert tab.buttons == ["mute", "interrupt", "end"]
    assert tab.violations() == []
    tab.reaches("Listening")
    tab.hears("Corner Table")
    assert tab.violations() == []
    tab.click("end")
    tab.reaches("You left")
    assert tab.buttons == ["resume", "anew"]
    assert tab.violations() == []
    assert [frame.type for frame in tab.frames if frame.way == "sent"][-1] == "client.end"

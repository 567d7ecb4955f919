"""What goes wrong in a call through the widget is said, with what to do about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conformance.browser import Browser
from tests.pages.cable import Cable
from tests.pages.tab import NETWORK
from tests.pages.widget import WidgetTab
from tests.serving import House

pytestmark = pytest.mark.browser

FOREIGN = (
    "error: Access to fetch at .* has been blocked by CORS policy.*",
    "error: duologue: no session for .*",
)
"""What is said of a server of another origin that is not there."""
BLOCKED = "warning: The AudioContext was not allowed to start.*"
HELLO = "Hello, can you hear me?"
Visit = Callable[..., WidgetTab]


def test_a_broken_line(visit: Visit, house: House, cable: Cable) -> None:
    """The widget counts the seconds of a line that broke, and goes on when it is back as if it had
    not: nothing was away that had to be picked up.
    """
    tab = visit(cable, "plain", agent="demo", default_open="")
    tab.expected += [*NETWORK, *FOREIGN]
    tab.click("Talk")
    tab.reaches("Listening")
    cable.unplug()
    tab.reaches("Reconnecting…")
    tab.until(lambda: "keeps your place" in tab.inside(".detail"), "the place that is kept")
    assert tab.violations() == []
    cable.plug()
    tab.reaches("Listening")
    assert tab.notices == []


def test_connecting_can_be_cancelled(visit: Visit, cable: Cable) -> None:
    """While the server does not answer, the widget says so and lets go when it is told to."""
    tab = visit(cable, "plain", agent="demo", default_open="")
    tab.wait("document.querySelector('duologue-widget').session !== null")
    cable.freeze()
    tab.click("Talk")
    tab.reaches("Connecting…")
    assert tab.buttons == ["Cancel"]
    assert tab.violations() == []
    tab.click(".end")
    tab.until(lambda: "Talk" in tab.buttons or "New conversation" in tab.buttons, "another try")
    cable.thaw()


def test_offline(visit: Visit, house: House) -> None:
    """Without a network the widget says that, and not that the server is gone."""
    tab = visit(house, "plain", agent="demo", default_open="")
    tab.expected += [*NETWORK, *FOREIGN]
    tab.wait("document.querySelector('duologue-widget').session !== null")
    tab.offline(is_so=True)
    tab.click("Talk")
    tab.reaches("You are offline")
    assert tab.violations() == []
    tab.offline(is_so=False)


def test_the_client_is_loaded_at_the_second_press(visit: Visit, house: House) -> None:
    """A client that could not be had when the panel opened is asked for again, and then talks."""
    tab = visit(house, "plain", agent="demo", greeting="false")
    tab.expected += [*NETWORK, *FOREIGN]
    tab.until(lambda: tab.sees(".launcher"), "the button")
    tab.offline(is_so=True)
    tab.launch()
    tab.click("Talk")
    tab.reaches("You are offline")
    assert tab.run("document.querySelector('duologue-widget').session") is None
    tab.offline(is_so=False)
    tab.click("Try again")
    tab.reaches("Listening")


def test_a_refused_microphone(visit: Visit, house: House, strict: Browser) -> None:
    """Refused, the widget says how to mend it, and typing goes on."""
    tab = visit(house, "plain", use=strict, agent="demo", default_open="", permissions=[])
    tab.click("Talk")
    tab.until(lambda: tab.inside(".mend strong") == "This page may not hear you", "what is wrong")
    tab.hears("Corner Table")
    assert tab.violations() == []
    assert [one["code"] for one in tab.events("error")] == ["MIC_PERMISSION_DENIED"]
    tab.type(HELLO)
    tab.hears("loud and clear")


def test_no_microphone(visit: Visit, house: House, bare: Browser) -> None:
    """Where there is none, the widget says so."""
    tab = visit(house, "plain", use=bare, agent="demo", default_open="")
    tab.click("Talk")
    tab.until(lambda: tab.inside(".mend strong") == "There is no microphone", "what is wrong")
    assert tab.events("error")[0]["code"] == "MIC_NOT_FOUND"
    assert tab.violations() == []


def test_no_microphone_where_nobody_can_type(visit: Visit, house: House, bare: Browser) -> None:
    """A widget for the voice alone says what is left: to listen."""
    tab = visit(house, "plain", use=bare, agent="demo", default_open="", mode="voice")
    tab.click("Talk")
    words = "Plug one in, then try again. Until then you can only listen."
    tab.until(lambda: words in tab.inside(".mend"), "what can be done")
    assert not tab.sees(".box")
    assert tab.violations() == []


def test_held_back_sound(visit: Visit, house: House, strict: Browser) -> None:
    """A tab that was duplicated goes on untouched: it offers a tap, and then it is heard."""
    first = visit(house, "plain", use=strict, agent="demo", default_open="", mode="text")
    first.type(HELLO)
    first.hears("loud and clear")
    marks = first.run("JSON.stringify({...sessionStorage})")
    copied = f"Object.assign(sessionStorage, {json.dumps(json.loads(marks))})"
    second = visit(house, "plain", beside=first, before=copied, agent="demo", default_open="")
    second.expected.append(BLOCKED)
    second.reaches("Sound is held back")
    assert second.buttons == ["Tap to hear", "End"]
    assert second.violations() == []
    first.reaches("It goes on elsewhere")
    second.click("Tap to hear")
    second.reaches("Your turn")


def test_out_of_credit(visit: Visit, built: None, tmp_path: Path) -> None:
    """When the balance is used up the widget says so in words that a visitor understands."""
    with House(tmp_path / "data", mode="dev", price_per_minute=60.0) as poor:
        poor.command("orgs", "credit", "default", "8")
        tab = visit(poor, "plain", agent="demo", default_open="", mode="text")
        tab.expected += [*NETWORK, *FOREIGN]
        tab.type("Hello.")
        tab.reaches("Out of service for now")
        assert "owner of this site" in tab.inside(".detail")
        told = [tab.inside(".detail"), *tab.notices]
        assert "orgs credit" not in str(told), "commands are the owner's business"
        assert tab.violations() == []
        tab.close()


def test_a_full_house_is_tried_again(visit: Visit, built: None, tmp_path: Path) -> None:
    """Refused by 503 the widget says when it tries again; what was typed is said once it is in."""
    with House(tmp_path / "data", mode="dev", max_sessions=1) as small:
        first = visit(small, "plain", agent="demo", default_open="", mode="text")
        second = visit(small, "plain", agent="demo", default_open="", mode="text")
        second.expected += [*NETWORK, *FOREIGN]
        first.type("Hello.")
        first.until(lambda: len(first.transcript) > 1, "a conversation")
        second.type("What time is it?")
        second.reaches("Every line is busy")
        second.until(lambda: "Trying again" in second.inside(".detail"), "when it tries again")
        assert second.violations() == []
        first.click(".end")
        second.hears("What time", "user")
        for tab in (first, second):
            tab.close()


def test_a_call_that_may_not_last_longer(visit: Visit, stage: House) -> None:
    """Whose time ends is told so before, in the page's language, and then that it was that."""
    tab = visit(stage, "plain", agent="brief", default_open="", mode="text", language="de")
    tab.type("Hallo.")
    tab.until(lambda: "Das Gespräch endet in wenigen Sekunden." in tab.notices, "the warning")
    tab.reaches("Das Gespräch ist zu Ende")
    assert tab.inside(".detail") == "The session reached its limit of 0.15 minutes."
    assert tab.violations() == []


def test_another_tab_takes_over(visit: Visit, stage: House) -> None:
    """The first of two tabs says where the conversation goes on, and can take it back."""
    first = visit(stage, "plain", agent="ruler-takeover", default_open="", mode="text")
    first.type("One.")
    first.until(lambda: len(first.transcript) > 1, "a conversation")
    second = visit(
        stage, "plain", beside=first, agent="ruler-takeover", default_open="", mode="text"
    )
    second.click("Resume")
    first.reaches("It goes on elsewhere")
    assert first.buttons == ["Take it back here", "New conversation"]
    assert first.violations() == []

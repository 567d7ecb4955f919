"""Two tabs of one conversation, under each policy that an agent can have."""

from __future__ import annotations

import pytest
from tests.groups import say
from tests.pages.conftest import Opener
from tests.pages.react_tab import Ledger
from tests.pages.stage import LONG
from tests.pages.tab import NETWORK, WIDGET, Tab
from tests.serving import House

from duologue.testing.models import CHARACTER, place, ruler

pytestmark = pytest.mark.browser

WHOLE = ruler(20 * 16000)


def two(opener: Opener, stage: House, policy: str) -> tuple[Tab, Tab]:
    """A tab that hears a sentence, and another one in which the same call is resumed.

    Both pages are there before the sentence begins, which would be over while one is loaded.
    """
    first = opener(stage, agent=f"Ruler {policy}")
    second = opener(stage, beside=first)
    second.expected += NETWORK
    first.tap("start")
    first.until(lambda: any(one.ms > 1000 for one in first.played), "a second of sound")
    second.ask("click", selector=f"#agents label:has-text('Ruler {policy}')")
    second.until(lambda: second.buttons == ["resume", "anew"], "the choice")
    assert "can still go on" in second.inside(".detail")
    return first, second


def test_the_second_tab_takes_over(opener: Opener, stage: House) -> None:
    """The first tab falls silent and says so; the second goes on; the first takes it back."""
    first, second = two(opener, stage, "Takeover")
    told = first.heard_of(first.turns[-1])[-1]
    second.tap("resume")
    first.reaches("It goes on elsewhere")
    assert first.inside("[data-button=resume]") == "Take it back here"
    assert first.violations() == []
    second.until(lambda: bool(second.turns), "the rest")
    left = [first.heard_of(turn)[-1] for turn in first.turns if first.heard_of(turn)][-1]
    begin = place(second.sound(second.turns[-1]), WHOLE) / 16
    say(f"takeover: left at {left:.0f} ms, went on at {begin:.0f} ms\n")
    assert told - 300 <= begin <= left
    first.tap("resume")
    second.reaches("It goes on elsewhere")
    first.sees_in_time("mute")


def test_the_second_tab_is_refused(opener: Opener, stage: House) -> None:
    """The second tab says where the call is; the first hears its sentence to the end."""
    ledger = Ledger(stage)
    first, second = two(opener, stage, "Reject")
    second.tap("resume")
    second.reaches("It is open in another place")
    assert second.violations() == []
    first.hears_out()
    whole = round(len(LONG) * CHARACTER * 1000)
    heard = first.heard_of(first.turns[-1])[-1]
    assert whole <= heard <= whole + 20, "the last block is filled up"
    assert second.frames == []
    first.tap("end")
    first.until(lambda: ledger.sessions[0]["state"] == "ended", "the end of the session")
    second.tap("start")
    second.sees_in_time("mute")
    second.until(lambda: len(second.transcript) == 1, "what was said before")
    assert second.transcript[0].text.startswith("A sentence of two hundred")


def test_both_tabs_share_it(opener: Opener, stage: House) -> None:
    """Both tabs hear and show the same; what one types, the other one sees."""
    first, second = two(opener, stage, "Share")
    second.tap("resume")
    second.until(lambda: bool(second.turns), "sound")
    assert second.turns[-1] == first.turns[-1], "the same turn"
    second.hears_out()
    second.type("Again, please.")
    assert first.hears("Again", "user")
    first.until(lambda: len(first.turns) == 2 == len(second.turns), "the answer in both")
    assert first.turns[-1] == second.turns[-1]
    for tab in (first, second):
        tab.reaches("Speaking")
    for tab in (first, second):
        tab.wait(f"{WIDGET}.querySelectorAll('.said').length === 3")
        assert [one.role for one in tab.transcript] == ["agent", "user", "agent"]

"""Lines that break: the page says so, comes back by itself, and nothing unheard is lost."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from tests.groups import say
from tests.pages.cable import Cable
from tests.pages.conftest import STAGE, Opener
from tests.pages.stage import LONG
from tests.pages.tab import NETWORK, Said, Tab
from tests.serving import House

from duologue.testing.models import CHARACTER, place, ruler, sounding

pytestmark = pytest.mark.browser

COUNT = "Please count slowly from one to twenty."
WHOLE = ruler(20 * 16000)
TWICE = 300
"""Milliseconds that a return may let somebody hear again."""
GRACE = 4.0
"""Stands for the default thirty seconds, so that a test need not wait for them."""


def pieces(tab: Tab, turn: str, rest: str) -> tuple[float, float, float]:
    """In ms of the sentence: where the first turn was left, where the rest began and ended."""
    sound = tab.sound(rest)
    begin = place(sound, WHOLE) / 16
    return tab.heard_of(turn)[-1], begin, begin + sounding(sound) / 16


def goes_on(tab: Tab, first: str, how: str) -> None:
    """Waits for the rest of a ruler's sentence, and counts: nothing is missing, little is twice."""
    tab.until(lambda: tab.turns[-1] != first, "the rest")
    rest = tab.turns[-1]
    done = "trigger.response.audio.replay_finished"
    tab.until(lambda: any(f.turn == rest and f.type == done for f in tab.frames), "its end")
    left, begin, end = pieces(tab, first, rest)
    say(f"{how}: left at {left:.0f} ms, went on at {begin:.0f} ms, ended at {end:.0f} ms\n")
    assert place(tab.sound(first), WHOLE) == 0
    assert 0 <= left - begin <= TWICE
    assert abs(end - len(LONG) * CHARACTER * 1000) < 1, "the end is missing"
    assert tab.heard_of(rest)[-1] >= end - begin - 1, "the end was not heard"
    assert [one.role for one in tab.transcript] == ["agent"]
    assert not tab.transcript[0].interrupted


@pytest.fixture
def ruled(stage: House) -> Iterator[Cable]:
    """A cable to the agents that speak rulers."""
    with Cable(stage.url) as plugged:
        yield plugged


def sentence(opener: Opener, at: Cable | House) -> tuple[Tab, str]:
    """A tab in which a ruler's sentence has been heard for more than two seconds."""
    tab = opener(at, agent="Ruler Takeover")
    tab.tap("start")
    tab.until(lambda: any(one.ms > 2000 for one in tab.played), "two seconds of sound")
    return tab, tab.turns[-1]


def test_a_reload_in_mid_sentence(opener: Opener, stage: House) -> None:
    """The page that was loaded anew goes on unasked, within 300 ms of what was heard last."""
    tab, first = sentence(opener, stage)
    tab.reload()
    goes_on(tab, first, "reload")
    assert tab.notices == [], "the sentence itself goes on"


def test_a_line_that_is_cut_for_five_seconds(opener: Opener, ruled: Cable) -> None:
    """The page says that it reconnects, does so by itself, and the agent ends its sentence."""
    tab, first = sentence(opener, ruled)
    tab.expected += NETWORK
    ruled.unplug()
    tab.reaches("Reconnecting…")
    assert tab.buttons == ["end"]
    assert "keeps your place" in tab.inside(".detail")
    assert tab.violations() == []
    broke = r"broke ([5-9]|\d\d+) s ago"
    tab.until(lambda: bool(re.search(broke, tab.inside(".detail"))), "five seconds")
    ruled.plug()
    goes_on(tab, first, "cut for 5 s")
    assert tab.notices == [], "whoever never left has nothing to pick up"
    assert tab.violations() == []


def test_offline_is_noticed_at_once(opener: Opener, stage: House) -> None:
    """Without a network the page says so; what is typed meanwhile is sent once it is back."""
    tab = opener(stage, agent="Tale")
    tab.expected += NETWORK
    tab.tap("start")
    tab.hears("tale")
    tab.offline(is_so=True)
    tab.reaches("You are offline")
    assert tab.violations() == []
    tab.type("Tell me one.")
    assert tab.transcript[-1].text == "Tell me one."
    tab.offline(is_so=False)
    tab.reaches("Speaking")
    tab.until(lambda: tab.transcript[-1].role == "agent", "an answer")
    assert [one.role for one in tab.transcript] == ["agent", "user", "agent"]


def test_offline_before_the_call(opener: Opener, stage: House) -> None:
    """A call that cannot begin says why, and begins when it is tried with a network."""
    tab = opener(stage, agent="Tale")
    tab.expected += NETWORK
    tab.offline(is_so=True)
    tab.tap("start")
    tab.reaches("You are offline")
    assert tab.inside("[data-button=start]") == "Try again"
    assert tab.violations() == []
    tab.offline(is_so=False)
    tab.tap("start")
    tab.hears("tale")


class Strangers(NamedTuple):
    """A server whose page strangers may open, at its own address and through a cable."""

    house: House
    cable: Cable


@pytest.fixture(scope="module")
def strangers(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Strangers]:
    """`duologue serve` with a key for its page and a short grace time; it may be killed."""
    data = tmp_path_factory.mktemp("strangers") / "data"
    with House(data, STAGE) as first:
        first.publish("parrot")
    with Cable(first.url) as cable:
        origins = ("--origin", first.url, "--origin", cable.url)
        key = first.command("keys", "create", "--kind", "public", "--agent", "parrot", *origins)
        port = int(first.url.rpartition(":")[2])
        with House(data, STAGE, port=port, talk_key=key["key"], grace_seconds=GRACE) as running:
            yield Strangers(running, cable)


def talked(tab: Tab) -> list[Said]:
    """What was said so far: a greeting, a question and its answer, each heard to its end."""
    tab.expected += NETWORK
    tab.tap("start")
    tab.hears_out()
    tab.asks("Hello, can you hear me?")
    tab.hears_out()
    return tab.transcript


def goes_on_from(tab: Tab, before: list[Said]) -> None:
    """Waits until the page is back by itself, with every word, and the agent knows the first."""
    tab.until(lambda: "Picked up where you left off." in tab.notices, "the notice")
    tab.reaches("Listening")
    assert tab.transcript == before
    tab.type("What did I say first?")
    tab.hears("can you hear me")
    assert [one.role for one in tab.transcript] == ["agent", "user"] * 2 + ["agent"]


def cut_for(tab: Tab, cable: Cable, seconds: float) -> None:
    """Cuts the line in a conversation for so long, and lets the page come back."""
    before = talked(tab)
    cable.unplug()
    tab.reaches("Reconnecting…")
    wait(tab, seconds)
    cable.plug()
    goes_on_from(tab, before)


def test_a_line_that_is_cut_for_longer_than_the_grace(opener: Opener, strangers: Strangers) -> None:
    """The agent was rebuilt meanwhile: it knows what was said, and says nothing of it again."""
    cut_for(opener(strangers.cable), strangers.cable, GRACE + 3)


@pytest.mark.soak
def test_a_line_that_is_cut_for_two_minutes(opener: Opener, ruled: Cable) -> None:
    """The same with the grace time as it comes, and a real cut of two minutes."""
    cut_for(opener(ruled), ruled, 120.0)


def test_a_server_that_is_killed_and_started_again(opener: Opener, strangers: Strangers) -> None:
    """After `kill -9` a stranger's page comes back by itself to every word of its conversation."""
    tab = opener(strangers.house)
    before = talked(tab)
    strangers.house.kill()
    tab.reaches("Reconnecting…")
    strangers.house.start()
    goes_on_from(tab, before)


def wait(tab: Tab, seconds: float) -> None:
    """Waits until the line has been broken for so long, as the page counts it."""
    end = time.monotonic() + seconds

    def over() -> bool:
        assert tab.state == "Reconnecting…"
        return time.monotonic() > end

    tab.until(over, "the time of the cut", seconds + 60)

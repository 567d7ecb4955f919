"""A conversation in the console as a person meets it: seen, heard, enlarged, and passed on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.pages.conftest import Opener
from tests.pages.console_tabs import copy
from tests.pages.conversations import HOSTILE, LONG, SOUND_FROM, past
from tests.pages.tab import Tab
from tests.pages.test_console_pages import SIZES, go
from tests.serving import House

from duologue.store.database import unit
from duologue.store.tables import links

pytestmark = pytest.mark.browser
DESKTOP, PHONE = SIZES
STEP = f"{2:08x}{2:08x}"
"""The model's request in the third turn."""
BOX = """(one => { const box = document.querySelector(one).getBoundingClientRect();
    return [box.left, box.top, box.width, box.height]; })"""
HEARD = "document.querySelector('audio').currentTime"
HEAD = "document.querySelector('.head').getBoundingClientRect()"


@pytest.fixture(scope="session")
def run(house: House) -> str:
    """A conversation of ten turns with its sound."""
    return past(house, 1)


@pytest.fixture
def enter(opener: Opener, house: House) -> Callable[..., Tab]:
    """Signs in, and opens a conversation where one is named."""

    def at(run: str, size: dict[str, int] = DESKTOP) -> Tab:
        tab = opener(house, viewport=size)
        go(tab, house.command("console", "login", "--url", house.url)["url"])
        tab.ask("click", selector="main button")
        tab.wait(
            "document.querySelector('main h1') !== null && !location.pathname.endsWith('/enter')"
        )
        if run:
            open_at(tab, f"/console/traces/{run}")
        return tab

    return at


def open_at(tab: Tab, path: str) -> None:
    """Leads a tab to a conversation, and waits until it moves and its sound is known."""
    go(tab, path)
    tab.wait("document.querySelector('[data-moves]') !== null")
    tab.wait("[...document.querySelectorAll('audio')].every(one => one.readyState > 0)")


def box(tab: Tab, selector: str) -> tuple[float, float, float, float]:
    """Where an element is: left, top, width, height."""
    left, top, width, height = tab.run(f"{BOX}({selector!r})")
    return left, top, width, height


def overflows(tab: Tab) -> bool:
    """Whether the page is wider than its window."""
    page = "document.documentElement"
    return bool(tab.run(f"{page}.scrollWidth > {page}.clientWidth"))


def head(tab: Tab) -> float:
    """Where the playhead is, in pixels from the left of the window."""
    return float(tab.run(f"{HEAD}.left + {HEAD}.width / 2"))


def sounds_at(tab: Tab, x: float) -> float:
    """What time of the recording is drawn at a place of the window, in seconds."""
    left, _, width, _ = box(tab, ".track")
    return (x - left) / width * LONG - SOUND_FROM


def heard(tab: Tab) -> str:
    """The turn that is marked as heard."""
    return str(tab.run("document.querySelector('.moments [aria-current]')?.id ?? ''"))


def test_a_click_seeks_to_the_pixel(enter: Callable[..., Tab], run: str) -> None:
    """On a lane, on the ruler, enlarged or not; playhead and turn follow."""
    tab = enter(run)
    for zoom in (1, 4):
        if zoom > 1:
            tab.ask("click", selector="[aria-label='Zoom in']")
            tab.ask("click", selector="[aria-label='Zoom in']")
        left, top, width, height = box(tab, ".view")
        for share, lane in ((0.21, ".lane.error"), (0.62, ".ruler"), (0.87, ".lane.error")):
            _, y, _, high = box(tab, lane)
            x = round(left + width * share)
            tab.ask("tap", x=x, y=y + high / 2)
            pixel = LONG / box(tab, ".track")[2]
            assert abs(tab.run(HEARD) - sounds_at(tab, x)) < pixel / 2
            assert abs(head(tab) - x) < 1
            at = sounds_at(tab, x) + SOUND_FROM
            assert heard(tab) == f"turn-{int(at // 4)}"
        assert top + height <= DESKTOP["height"]


def test_a_click_on_a_mark_seeks_and_tells_of_it(enter: Callable[..., Tab], run: str) -> None:
    """To where it was clicked, not to where it begins; what is told stands beside the timeline."""
    tab = enter(run)
    left, top, width, height = box(tab, ".lane.agent a:nth-of-type(5)")
    x = round(left + width * 0.7)
    expected = sounds_at(tab, x)
    tab.ask("tap", x=x, y=top + height / 2)
    assert tab.run(HEARD) == pytest.approx(expected, abs=0.01)
    tab.wait("document.querySelector('.drawer h2') !== null")
    assert tab.text(".drawer h2") == "agent_speaking"
    assert tab.run(f"{BOX}('.view')[0] + {BOX}('.view')[2] < {BOX}('.drawer')[0]")
    assert heard(tab) == "turn-4"


def test_each_turn_and_line_leads_to_its_moment(enter: Callable[..., Tab], run: str) -> None:
    """By a click on it, and by the link of its time."""
    tab = enter(run)
    tab.ask("click", selector="#turn-3 .agent bdi")
    assert tab.run(HEARD) == pytest.approx(12 - SOUND_FROM)
    assert heard(tab) == "turn-3"
    tab.ask("click", selector=f"#log-{'e' * 16} p")
    assert tab.run(HEARD) == pytest.approx(13 - SOUND_FROM)
    tab.run("document.querySelector('#turn-7 a.at').focus()")
    tab.press("Enter")
    tab.wait(f"Math.abs({HEARD} - {28 - SOUND_FROM}) < 0.001")
    assert heard(tab) == "turn-7"
    assert tab.run("location.hash") == "#turn-7"


def test_the_playhead_goes_with_the_sound(enter: Callable[..., Tab], run: str) -> None:
    """By button and by keys; what is enlarged scrolls along; the mark goes on to the next turn."""
    tab = enter(run)
    tab.ask("click", selector="#turn-1 .user bdi")
    tab.press(" ")
    tab.wait(f"!document.querySelector('audio').paused && {HEARD} > {5 - SOUND_FROM}")
    assert tab.run("document.querySelector('.play').getAttribute('aria-label')") == "Pause"
    where = tab.run(
        f"""new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {{
        const track = document.querySelector('.track').getBoundingClientRect();
        done([{HEARD}, {HEAD}.left - track.left, track.width]); }})))"""
    )
    assert abs(where[1] / where[2] * LONG - SOUND_FROM - where[0]) < 0.1
    tab.wait("document.querySelector('#turn-2').hasAttribute('aria-current')")
    for _ in range(5):
        tab.ask("click", selector="[aria-label='Zoom in']")
    left = tab.run("document.querySelector('.view').scrollLeft")
    tab.wait(f"document.querySelector('.view').scrollLeft > {left}")
    tab.ask("click", selector=".play")
    tab.wait("document.querySelector('audio').paused")
    before = tab.run(HEARD)
    tab.run("document.querySelector('.ruler').focus()")
    for key, expected in (
        ("ArrowRight", before + 1),
        ("ArrowLeft", before),
        ("Shift+ArrowRight", before + 5),
        ("Home", 0),
        ("End", LONG - SOUND_FROM),
    ):
        tab.press(key)
        assert tab.run(HEARD) == pytest.approx(max(0, expected), abs=0.02), key


def test_a_long_conversation_is_heard_from_each_of_its_pieces(
    enter: Callable[..., Tab], house: House
) -> None:
    """Play begins with what is shown; what is heard on another page is marked on none of this."""
    tab = enter(past(house, 4, turns=30))
    assert tab.text(".pages span") == "Turns 1 to 20 of 30"
    tab.run("document.querySelector('.ruler').focus()")
    tab.press("End")
    assert heard(tab) == "turn-19"
    open_at(tab, f"{tab.run('location.pathname')}?after=20")
    assert tab.text(".now") == "0:26.6"
    tab.ask("click", selector=".play")
    tab.wait(f"!document.querySelector('audio').paused && {HEARD} > 26")
    assert heard(tab).startswith("turn-2")
    tab.ask("click", selector=".play")


def test_the_wheel_enlarges_what_is_pointed_at(enter: Callable[..., Tab], run: str) -> None:
    """With the control key; without it the page scrolls; one button shows all again."""
    tab = enter(run)
    left, top, width, height = box(tab, ".view")
    x, y = round(left + width * 0.4), top + height / 2
    before = sounds_at(tab, x)
    tab.ask("point", x=x, y=y)
    tab.ask("down", key="Control")
    for _ in range(4):
        tab.ask("wheel", by=-120)
    tab.ask("up", key="Control")
    tab.wait(f"document.querySelector('.track').offsetWidth > {width * 7}")
    tab.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert sounds_at(tab, x) == pytest.approx(before, abs=LONG / box(tab, ".track")[2])
    assert tab.run("window.visualViewport.scale") == 1
    names = tab.run("[...document.querySelectorAll('.ticks text')].map(one => one.textContent)")
    assert len(names) > 5
    tab.ask("click", selector="[aria-label='Fit all of it']")
    assert tab.run("document.querySelector('.track').offsetWidth") == round(width)


def test_a_mark_tells_what_it_is(enter: Callable[..., Tab], run: str) -> None:
    """To the mouse and to keys; Escape takes the words away."""
    tab = enter(run)
    mark = f".lane a[href$='{STEP}']"
    tab.run(f"document.querySelector({mark!r}).focus()")
    assert tab.text(".tip") == "llm_request, 500 ms"
    tab.press("Escape")
    assert not tab.shows(".tip")
    left, top, width, height = box(tab, ".lane.agent a")
    tab.ask("point", x=left + width / 2, y=top + height / 2)
    tab.wait("document.querySelector('.tip').innerText === 'agent_speaking, 1.60 s'")


def test_the_drawer_is_opened_and_closed_by_keys(enter: Callable[..., Tab], run: str) -> None:
    """It takes the focus and gives it back; its address opens it again; Back closes it."""
    tab = enter(run)
    mark = f".lane a[href$='{STEP}']"
    tab.run(f"document.querySelector({mark!r}).focus()")
    tab.press("Enter")
    tab.wait("document.querySelector('.drawer h2') !== null")
    assert tab.text(".drawer h2") == "llm_request"
    assert "gen_ai.request.model" in tab.text(".drawer")
    assert tab.run("location.hash") == f"#span-{STEP}"
    assert tab.run("document.activeElement.className") == "content"
    assert tab.violations() == []
    tab.press("Escape")
    assert not tab.shows(".drawer")
    assert tab.run("location.hash") == ""
    assert tab.run(f"document.activeElement === document.querySelector({mark!r})")
    open_at(tab, f"/console/traces/{run}?#span-{STEP}")
    tab.wait("document.querySelector('.drawer h2') !== null")
    tab.run("history.back()")
    tab.wait("document.querySelector('.drawer') === null || !location.hash")


def test_a_sound_that_is_gone_is_told_of(enter: Callable[..., Tab], house: House) -> None:
    """Beside the button that would play it; all else is there."""
    run = past(house, 3)
    (house.data / "recordings" / "past-3.ogg").unlink()
    tab = enter("", DESKTOP)
    tab.expected.append("error: Failed to load resource: .*404.*")
    go(tab, f"/console/traces/{run}")
    tab.wait("document.querySelector('.trouble')?.innerText === 'This recording cannot be played.'")
    tab.ask("click", selector="#turn-3 .agent bdi")
    assert heard(tab) == "turn-3"
    assert tab.violations() == []


def test_without_a_script_it_is_read_and_heard(
    opener: Opener, enter: Callable[..., Tab], run: str
) -> None:
    """The browser's own player, links to steps, times that lead to themselves."""
    tab = enter(run)
    html = tab.run("fetch(location.pathname).then(answer => answer.text())")
    assert "<audio controls" in html
    assert f'href="/console/traces/{run}/spans/{STEP}"' in html
    assert 'href="#turn-4"' in html


@pytest.mark.parametrize("size", SIZES, ids=("desktop", "phone"))
def test_what_was_said_does_no_harm(
    enter: Callable[..., Tab], house: House, size: dict[str, int]
) -> None:
    """Scripts are text, long words break, other directions stay in their lines."""
    tab = enter(past(house, 2, sound=False, hostile=True), size)
    assert tab.run("document.title").startswith("Conversation with demo")
    assert HOSTILE[:39] in tab.text("#turn-0 .user")
    assert not tab.run("document.querySelector('main script, main img') !== null")
    assert not overflows(tab)
    assert tab.violations() == []
    tab.run("document.querySelector('.lane.llm a').focus()")
    tab.press("Enter")
    tab.wait("document.querySelector('.drawer h2') !== null")
    assert "<script>alert(1)</script>" in tab.text(".drawer")
    assert not overflows(tab)
    assert not tab.shows(".play")


@pytest.mark.parametrize("size", SIZES, ids=("desktop", "phone"))
def test_it_fits_and_is_clean(enter: Callable[..., Tab], run: str, size: dict[str, int]) -> None:
    """In light and in dark, with the drawer open and the sound under way."""
    tab = enter(run, size)
    assert not overflows(tab)
    assert tab.violations() == []
    tab.run("document.querySelector('.share').open = true")
    tab.ask("click", selector=".play")
    tab.wait("!document.querySelector('audio').paused")
    tab.ask("click", selector=".play")
    assert tab.violations() == []


def test_a_link_shows_it_to_whoever_has_it(
    enter: Callable[..., Tab], opener: Opener, house: House, run: str
) -> None:
    """Copied where it is shown; in another browser without cookies; until it is taken back."""
    tab = enter(run)
    tab.run("document.querySelector('.share').open = true")
    tab.ask("permit", permissions=["clipboard-read", "clipboard-write"])
    tab.ask("click", selector=".share form button")
    tab.wait("document.querySelector('#shared-link') !== null")
    tab.wait("!document.querySelector('#copy-link').hidden")
    copy(tab, "#copy-link")
    link = str(tab.run("navigator.clipboard.readText()"))
    assert link == tab.run("document.querySelector('#shared-link').value")
    assert link.startswith(f"{house.url}/console/shared/dk_share_")
    assert tab.violations() == []

    other = opener(house, viewport=PHONE)
    assert other.run("document.cookie") == ""
    open_at(other, link.removeprefix(house.url))
    assert "question 3" in other.text(".moments")
    other.ask("click", selector="#turn-2 .user bdi")
    assert other.run(HEARD) == pytest.approx(8 - SOUND_FROM)
    other.run("document.querySelector('.lane.llm a').focus()")
    other.press("Enter")
    other.wait("document.querySelector('.drawer h2') !== null")
    assert other.run("document.querySelectorAll('main form, nav a').length") == 0
    assert not overflows(other)
    other.press("Escape")
    assert other.violations() == []

    tab.ask("click", selector=".share li button")
    tab.wait("document.querySelector('.share li') === null")
    other.expected.append("error: Failed to load resource: .*410.*")
    go(other, link.removeprefix(house.url))
    assert "shows nothing any more" in other.text("main")
    assert other.violations() == []


def test_an_expired_link_says_so(
    enter: Callable[..., Tab], opener: Opener, house: House, run: str
) -> None:
    """On a page of its own."""
    tab = enter(run)
    tab.run("document.querySelector('.share').open = true")
    tab.ask("click", selector=".share form button")
    tab.wait("document.querySelector('#shared-link') !== null")
    link = str(tab.run("document.querySelector('#shared-link').value"))
    with unit(f"sqlite:///{house.data}/duologue.db") as conn:
        conn.execute(links.update().values(expires_at=1))
    other: Any = opener(house)
    other.expected.append("error: Failed to load resource: .*410.*")
    go(other, link.removeprefix(house.url))
    assert "it expired or was taken back" in other.text("main")

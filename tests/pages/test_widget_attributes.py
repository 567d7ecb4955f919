"""The attributes of the tag: each does what the README says, and what is wrong is told."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from tests.pages.widget import ROOT, WidgetTab
from tests.serving import House

pytestmark = pytest.mark.browser

Visit = Callable[..., WidgetTab]
PHONE = {"width": 390, "height": 780}
LABELS = """globalThis.labels = new Set();
const look = () => { const one = document.querySelector('duologue-widget')?.shadowRoot
  ?.querySelector('.label'); if (one?.checkVisibility()) labels.add(one.textContent);
  requestAnimationFrame(look); };
requestAnimationFrame(look);"""
"""Keeps every name that the launcher was seen with."""


def root(tab: WidgetTab, name: str) -> str:
    """A mark of the widget's root."""
    return str(tab.run(f"{ROOT}.querySelector('.root').getAttribute({name!r})"))


def test_what_is_wrong_is_told_once(visit: Visit, house: House) -> None:
    """A value that means nothing is warned of by attribute, value and what is allowed."""
    tab = visit(
        house, "plain", agent="demo", mode="loud", size="9", theme="dark", position="top-left"
    )
    tab.until(lambda: len(tab.ask("console")) == 2, "two warnings")
    tab.run("document.querySelector('duologue-widget').setAttribute('theme', 'light')")
    tab.until(lambda: root(tab, "data-theme") == "light", "the other theme")
    assert [one.partition(">")[2] for one in tab.ask("console")] == [
        ' mode="loud" means nothing; allowed: hybrid, voice, text. What holds instead: hybrid.',
        ' size="9" means nothing; allowed: compact, regular, large. What holds instead: regular.',
    ]
    tab.expected += ["warning: .*means nothing.*"]
    assert root(tab, "data-position") == "top-left"


def test_no_agent_is_told(visit: Visit, house: House) -> None:
    """A tag that names nobody says so in the console, and asks no server."""
    tab = visit(house, "plain")
    tab.until(lambda: len(tab.ask("console")) == 1, "a warning")
    assert 'agent="" means nothing' in tab.ask("console")[0]
    tab.expected += ["warning: .*"]


def test_positions_and_sizes(visit: Visit, house: House) -> None:
    """Each corner and each size is where and what it says; `inline` stands in the text."""
    tab = visit(house, "plain", agent="demo", greeting="false")
    rect = f"{ROOT}.querySelector('.launcher').getBoundingClientRect()"
    where = f"(r => [r.left, r.top, r.width])({rect})"
    wide, high = tab.run("[innerWidth, innerHeight]")
    tag = "document.querySelector('duologue-widget')"
    for corner in ("bottom-right", "bottom-left", "top-right", "top-left"):
        tab.run(f"{tag}.setAttribute('position', '{corner}')")
        tab.wait(f"{ROOT}.querySelector('.root').dataset.position === '{corner}'")
        left, top, _ = tab.run(where)
        assert (left > wide / 2) == corner.endswith("right")
        assert (top > high / 2) == corner.startswith("bottom")
    tab.run(f"{tag}.setAttribute('size', 'compact')")
    tab.until(lambda: tab.run(where)[2] == 56, "a small button")
    tab.run(
        f"document.querySelector('main').append({tag}); {tag}.setAttribute('position', 'inline')"
    )
    tab.until(lambda: root(tab, "data-shape") == "inline", "the shape")
    left, top, _ = tab.run(where)
    assert left == tab.run("document.querySelector('p').getBoundingClientRect().left")
    assert tab.violations() == []


def test_the_page_remembers_open_panels_by_their_key(visit: Visit, house: House) -> None:
    """`persist-key` keeps open and closed over a reload, for each key by itself."""
    tab = visit(house, "plain", agent="demo", persist_key="corner")
    assert not tab.is_open
    tab.launch()
    tab.reload()
    tab.until(lambda: tab.is_open, "the panel again")
    tab.run("document.querySelector('duologue-widget').close()")
    tab.reload()
    tab.wait(f"{ROOT} !== null")
    tab.until(lambda: tab.sees(".launcher"), "the button")
    assert not tab.is_open


def test_a_panel_that_stays(visit: Visit, house: House) -> None:
    """With `dismissible="false"` it is open from the start, and nothing closes it."""
    tab = visit(house, "plain", agent="demo", dismissible="false")
    tab.until(lambda: tab.is_open, "the panel")
    assert not tab.sees(".shut")
    tab.press("Escape")
    assert tab.is_open


def test_words_and_languages(visit: Visit, house: House) -> None:
    """The language is the tag's or the page's; every word can be replaced, also by a file."""
    tab = visit(
        house, "plain", agent="demo", default_open="", language="fr", texts_url="/words.json"
    )
    tab.until(lambda: tab.buttons == ["Parla"], "the word of the file")
    assert tab.run(f"{ROOT}.querySelector('.box').placeholder") == "Écrire un message"
    tab.expected += ["warning: .*texts-url.*nonsense.*"]
    tag = "document.querySelector('duologue-widget')"
    tab.run(f"{tag}.setAttribute('texts', '{json.dumps({'start': 'Go'})}')")
    tab.until(lambda: tab.buttons == ["Go"], "the word of the tag")
    tab.run(f"{tag}.texts = {{start: 'Now'}}")
    tab.until(lambda: tab.buttons == ["Now"], "the word of the property")
    tab.run(f"{tag}.setAttribute('start-text', 'Start')")
    tab.until(lambda: tab.buttons == ["Start"], "the tag's own")


def test_a_language_is_there_before_anything_is_shown(visit: Visit, house: House) -> None:
    """Under a strict policy too the launcher never shows itself in English first, and English
    costs no file.
    """
    tab = visit(house, "strict", before=LABELS, agent="demo", language="de-AT")
    tab.wait("globalThis.labels.size > 0")
    tab.wait(f"{ROOT}.querySelector('.label').textContent === 'Mit Demo sprechen'")
    assert tab.run("[...labels]") == ["Mit Demo sprechen"]
    assert [root(tab, "lang"), root(tab, "dir")] == ["de-AT", "ltr"]
    english = visit(house, "plain", agent="demo")
    english.until(lambda: english.sees(".launcher"), "the button")
    files = "performance.getEntriesByType('resource').map(one => one.name).join()"
    assert "widget-de.js" in tab.run(files)
    assert "widget-" not in english.run(files)


def test_a_language_that_cannot_be_had(visit: Visit, house: House) -> None:
    """Then the widget is English in all respects, and the console says why."""
    nowhere = f"{house.url}/assets/nowhere/duologue.js"
    tab = visit(house, "plain", agent="demo", language="ar", client_url=nowhere)
    tab.wait(f"{ROOT}.querySelector('.label').textContent === 'Talk with Demo'")
    tab.until(lambda: tab.sees(".launcher"), "the button")
    assert [root(tab, "lang"), root(tab, "dir")] == ["en", "ltr"]
    tab.until(lambda: any(one.startswith("warning: <") for one in tab.ask("console")), "a warning")
    (words,) = [one for one in tab.ask("console") if one.startswith("warning: <")]
    assert f'language="ar": its words could not be loaded from beside {nowhere}' in words
    tab.expected += [
        "warning: <.*English holds instead.*",
        "error: (Failed to load resource|Access to script).*",
    ]


def test_from_right_to_left(visit: Visit, house: House) -> None:
    """In Arabic the panel is mirrored, and looks right to axe-core."""
    tab = visit(house, "plain", agent="demo", default_open="", language="ar")
    tab.until(lambda: tab.buttons == ["تحدّث"], "Arabic")
    assert root(tab, "dir") == "rtl"
    left = f"{ROOT}.querySelector('.shut').getBoundingClientRect().left"
    assert tab.run(left) < tab.run(f"{ROOT}.querySelector('.big').getBoundingClientRect().left")
    assert tab.violations() == []


def test_a_title_is_no_hint(visit: Visit, house: House) -> None:
    """The heading of the tag is the widget's, and no hint over all of it."""
    tab = visit(house, "plain", agent="demo", default_open="", title="Ask Ann", accent="#ffd700")
    tab.until(lambda: tab.inside(".name") == "Ask Ann", "the name")
    assert root(tab, "title") == ""
    assert tab.violations() == []


def test_a_voice_widget_with_captions(visit: Visit, stage: House) -> None:
    """In `voice` nothing is typed; without a transcript the words of the moment stand large."""
    tab = visit(
        stage, "plain", agent="tale", default_open="", mode="voice", captions="", transcript="false"
    )
    assert not tab.sees(".composer")
    tab.click("Talk")
    tab.until(lambda: "tale" in tab.inside(".caption"), "the caption")
    assert not tab.sees(".log")
    assert tab.violations() == []


def test_an_avatar(visit: Visit, house: House) -> None:
    """A picture stands for the agent; one that does not load leaves the two circles."""
    tab = visit(house, "strict", agent="demo", default_open="", avatar="/face.svg")
    tab.until(lambda: root(tab, "data-looks") == "round", "the picture")
    tab.wait(f"{ROOT}.querySelector('.portrait img').naturalWidth > 0")
    tab.run("document.querySelector('duologue-widget').setAttribute('avatar', '/nothing.png')")
    tab.until(lambda: root(tab, "data-looks") == "orb", "the circles")


def test_the_bubble(visit: Visit, house: House) -> None:
    """The greeting shows beside the button after a while, and once dismissed does not return."""
    tab = visit(house, "plain", agent="demo")
    tab.until(lambda: "Corner Table" in tab.inside(".bubble .words"), "the bubble")
    assert tab.violations() == []
    tab.click(".away")
    assert not tab.sees(".bubble")
    tab.reload()
    tab.run("new Promise(done => setTimeout(done, 2500))")
    assert not tab.sees(".bubble")


def test_a_sheet_on_a_phone(visit: Visit, house: House) -> None:
    """On a phone it covers the page, keeps the focus, and Escape closes it."""
    tab = visit(house, "plain", agent="demo", viewport=PHONE, isMobile=True, hasTouch=True)
    tab.launch()
    panel = f"{ROOT}.querySelector('.panel')"
    assert tab.run(f"{panel}.getAttribute('aria-modal')") == "true"
    assert tab.run(f"{panel}.getBoundingClientRect().width") == PHONE["width"]
    assert tab.focused == "Talk"
    assert tab.violations() == []
    seen = []
    for _ in range(12):
        tab.press("Tab")
        seen.append(tab.focused)
    assert "" not in seen, "the focus left the panel"
    assert len(set(seen)) > 3
    small = f"""[...{ROOT}.querySelectorAll('button, input')].filter(one => one.checkVisibility())
        .map(one => one.getBoundingClientRect()).filter(r => r.width && r.height < 43.9).length"""
    assert tab.run(small) == 0, "a target below 44 px"
    tab.press("Escape")
    tab.until(lambda: not tab.is_open, "the closed sheet")


def test_embedded(visit: Visit, house: House) -> None:
    """EMBEDDED fills its place: voice beside words when it is wide, above them when it is not."""
    tab = visit(house, "hall", agent="demo", experience_mode="EMBEDDED")
    tab.until(lambda: tab.buttons == ["Talk"], "the button")
    assert not tab.sees(".launcher")
    assert tab.violations() == []
    hall = "document.querySelector('main').getBoundingClientRect()"
    panel = f"{ROOT}.querySelector('.panel').getBoundingClientRect()"
    assert tab.run(f"{panel}.height") == tab.run(f"{hall}.height")
    tab.click("Talk")
    tab.reaches("Listening")
    stage, side = (
        f"{ROOT}.querySelector('.{one}').getBoundingClientRect()" for one in ("stage", "side")
    )
    assert tab.run(f"{stage}.right") <= tab.run(f"{side}.left")
    assert tab.violations() == []
    tab.run("document.querySelector('main').setAttribute('class', 'narrow')")
    tab.run("document.querySelector('main').style.setProperty('width', '420px')")
    tab.until(lambda: tab.run(f"{stage}.bottom") <= tab.run(f"{side}.top") + 1, "one column")


def test_keys_alone(visit: Visit, house: House) -> None:
    """By keys one opens the panel, talks, mutes, types and closes; the focus is never lost."""
    tab = visit(house, "plain", agent="demo", greeting="false")
    tab.until(lambda: tab.sees(".launcher"), "the button")
    tab.press("Tab")
    assert "Talk with" in tab.focused
    tab.press("Enter")
    tab.until(lambda: tab.focused == "Talk", "the focus on Talk")
    tab.press("Enter")
    tab.reaches("Listening")
    tab.hears("Corner Table")
    tab.until(lambda: tab.focused == "Mute", "the focus on Mute")
    tab.press("Space")
    tab.reaches("Muted")
    assert tab.focused == "Unmute"
    for _ in range(3):  # the button that sends goes while there is something to interrupt
        if tab.focused != "box":
            tab.press("Shift+Tab")
    assert tab.focused == "box"
    tab.press("Escape")
    tab.until(lambda: not tab.is_open, "the closed panel")
    assert tab.focused == tab.inside(".label")

"""'On your own site': what is chosen there makes a tag, a key and settings that really hold."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.pages.conftest import STAGE, Opener
from tests.pages.tab import Tab
from tests.serving import House

pytestmark = pytest.mark.browser

SHOP = "https://shop.example"
PREVIEW = "document.querySelector('#preview-widget').shadowRoot"
PHONE = {"viewport": {"width": 390, "height": 780}, "isMobile": True, "hasTouch": True}


def panel(tab: Tab) -> Tab:
    """The tab, once the panel knows its agent."""
    tab.wait("document.querySelector('#site-tag').textContent !== ''")
    return tab


def tag(tab: Tab) -> dict[str, str]:
    """The attributes of the tag that the panel made."""
    script, element = tab.text("#site-tag").splitlines()
    assert re.fullmatch(r'<script async src="http://127[^"]*/duologue.js"></script>', script)
    made = re.fullmatch(r"<duologue-widget(.*)></duologue-widget>", element)
    assert made is not None, element
    return dict(re.findall(r' ([a-z-]+)="([^"]*)"', made[1]))


def choose(tab: Tab, name: str, value: str) -> None:
    """Takes one of several choices, by its label."""
    tab.ask("click", selector=f"#site-form label:has(input[name={name}][value={value}])")


def tick(tab: Tab, name: str) -> None:
    """Ticks a box, or takes the tick away."""
    tab.ask("click", selector=f"#site-form label:has(input[name={name}])")


def fill(tab: Tab, name: str, text: str) -> None:
    """Writes into a field."""
    tab.ask("fill", selector=f"#{name}", text=text)


def worn(tab: Tab) -> dict[str, str]:
    """The attributes of the widget in the preview."""
    return dict(
        tab.run(
            "Object.fromEntries([...document.querySelector('#preview-widget').attributes]"
            ".map(one => [one.name, one.value]))"
        )
    )


def opens(house: House, key: str, origin: str, agent: str = "parrot") -> httpx.Response:
    """What the server answers a page of that origin with that key."""
    headers = {"x-api-key": key, "origin": origin}
    asked = {"agentId": agent, "transports": ["websocket"]}
    url = f"{house.url}/api/widget/session"
    return httpx.post(url, json=asked, headers=headers, timeout=30)


def test_what_is_chosen_makes_the_tag_and_dresses_the_preview(opener: Opener, stage: House) -> None:
    """Only what differs from what holds anyway stands in the tag; what is taken back is gone."""
    tab = panel(opener(stage))
    assert tag(tab) == {"agent": "parrot"}
    assert f'src="{stage.url}/duologue.js"' in tab.text("#site-tag")
    choose(tab, "place", "bottom-left")
    choose(tab, "theme", "dark")
    fill(tab, "site-title", 'Ask "us"')
    fill(tab, "accent", "#1a7f5a")
    tick(tab, "feedback")
    want = {"position": "bottom-left", "theme": "dark", "accent": "#1a7f5a", "feedback": "text"}
    assert tag(tab) == {"agent": "parrot", **want, "title": "Ask &quot;us&quot;"}
    assert want.items() | {("title", 'Ask "us"')} <= worn(tab).items()
    tab.wait(f"{PREVIEW}.querySelector('.heading').textContent === 'Ask \"us\"'")
    assert tab.run(f"{PREVIEW}.querySelector('.root').dataset.theme") == "dark"
    assert tab.run(f"{PREVIEW}.querySelector('.root').dataset.position") == "bottom-left"
    assert tab.run(f"{PREVIEW}.querySelector('.root').style.getPropertyValue('--agent')") != ""
    choose(tab, "place", "page")
    assert "position" not in worn(tab)
    assert tag(tab)["experience-mode"] == worn(tab)["experience-mode"] == "EMBEDDED"
    tab.click("accent-none")
    choose(tab, "theme", "auto")
    assert {"accent", "theme"}.isdisjoint(tag(tab).keys() | worn(tab).keys())


def test_a_key_made_here_opens_the_agent_from_there(opener: Opener, stage: House) -> None:
    """From that site, and from no other, and no other agent; the tag holds it."""
    tab = panel(opener(stage))
    assert tab.run("document.querySelector('#site-make').disabled")
    fill(tab, "site-origin", "shop.example/menu?x=1")
    tab.click("site-make")
    tab.wait("document.querySelector('#site-tag').textContent.includes('dk_public_')")
    assert SHOP in tab.text("#site-said")
    key = tag(tab)["key"]
    assert opens(stage, key, SHOP).status_code == 200
    assert opens(stage, key, "https://elsewhere.example").json()["code"] == "origin_refused"
    assert opens(stage, key, SHOP, "tale").json()["code"] == "key_wrong_agent"
    # A key opens one agent alone: the tag of another one does not show it.
    tab.ask("click", selector="#agents label:has-text('Tale')")
    tab.wait("document.querySelector('#site-tag').textContent.includes('tale')")
    assert tag(tab) == {"agent": "tale"}


@pytest.mark.parametrize("wrong", ["ftp://shop.example", "https://", "a shop"])
def test_a_wrong_address_is_told(opener: Opener, stage: House, wrong: str) -> None:
    """No key is made for it, and the field says what is meant; the next address mends it."""
    tab = panel(opener(stage))
    fill(tab, "site-origin", wrong)
    assert "https://your.site" in tab.text("#site-said")
    invalid = "document.querySelector('#site-origin').getAttribute('aria-invalid')"
    assert tab.run(invalid) == "true"
    assert tab.run("document.querySelector('#site-make').disabled")
    assert tab.violations() == []
    fill(tab, "site-origin", SHOP)
    assert tab.run(invalid) == "false"
    assert not tab.run("document.querySelector('#site-make').disabled")


def test_a_secret_key_never_gets_into_the_tag(opener: Opener, stage: House) -> None:
    """A public one that is put in does."""
    tab = panel(opener(stage))
    tab.ask("click", selector="#site summary")
    fill(tab, "site-key", "dk_secret_x")
    assert "must never stand in a page" in tab.text("#site-said")
    assert "key" not in tag(tab)
    fill(tab, "site-key", "dk_public_x")
    assert tag(tab)["key"] == "dk_public_x"


def test_lines_for_the_settings_say_the_look_for_every_page(
    opener: Opener, stage: House, tmp_path: Path
) -> None:
    """A server that is started with them shows it in its face; the tag says where, and no look."""
    tab = panel(opener(stage))
    fill(tab, "site-title", 'Ask "us"')
    fill(tab, "site-startText", "Ask")
    fill(tab, "accent", "#1a7f5a")
    choose(tab, "theme", "dark")
    choose(tab, "place", "bottom-left")
    tick(tab, "bubble")
    tick(tab, "feedback")
    tick(tab, "recordNotice")
    assert not tab.shows("#site-toml")
    choose(tab, "keeper", "toml")
    lines = tab.text("#site-toml-code")
    assert tag(tab) == {"agent": "parrot", "position": "bottom-left"}
    assert worn(tab)["title"] == 'Ask "us"', "the preview shows it all the same"
    (tmp_path / "duologue.toml").write_text(lines)
    file = Path(shutil.copy(STAGE, tmp_path))
    with House(tmp_path / "data", file, mode="dev") as house:
        asked = httpx.get(f"{house.url}/api/widget/agent", params={"agent": "parrot"}, timeout=30)
    look: dict[str, Any] = asked.json()["look"]
    chosen = {"title": 'Ask "us"', "startText": "Ask", "accent": "#1a7f5a", "theme": "dark"}
    before = tab.run("fetch('/api/widget/agent?agent=parrot').then(one => one.json())")["look"]
    ticked = {name: not before[name] for name in ("bubble", "feedback", "recordNotice")}
    assert look == before | chosen | ticked


def test_one_call_on_both_surfaces(opener: Opener, stage: House) -> None:
    """Begun in the preview it is the page's own call: both show it, and the server has one."""
    tab = panel(opener(stage))
    before = sessions(stage)
    tab.ask("click", selector="#preview-widget .launcher")
    tab.ask("click", selector="#preview-widget [data-button=start]")
    tab.hears("Hi.")
    tab.reaches("Listening")
    tab.wait(f"{PREVIEW}.querySelector('.state').textContent === 'Listening'")
    tab.ask("fill", selector="#preview-widget .box", text="Can you hear me?")
    tab.press("Enter")
    tab.hears("loud and clear")
    said = "[...root.querySelectorAll('.said .words')].map(one => one.textContent)"
    tab.wait(f"(root => {said})({PREVIEW}).length === 3")
    assert tab.run(f"(root => {said})({PREVIEW})") == [one.text for one in tab.transcript]
    assert sessions(stage) == before + 1
    assert len({frame.socket for frame in tab.frames}) == 1
    assert tab.violations() == []
    tab.tap("end")
    tab.reaches("You left")
    tab.wait(f"{PREVIEW}.querySelector('.state').textContent === 'You left'")


def sessions(house: House) -> int:
    """How many sessions the server has had."""
    return len(
        httpx.get(f"{house.url}/v1/sessions", params={"limit": 200}, timeout=30).json()["items"]
    )


def test_the_lines_are_copied(opener: Opener, stage: House) -> None:
    """The button says so, and the clipboard has what is shown, to the letter."""
    tab = panel(opener(stage, permissions=["clipboard-read", "clipboard-write"]))
    tab.ask("click", selector="#site .code:has(#site-tag) .copy")
    tab.wait("document.querySelector('.code:has(#site-tag) .copy').textContent === 'Copied'")
    assert tab.run("navigator.clipboard.readText()") == tab.run(
        "document.querySelector('#site-tag').textContent"
    )


@pytest.mark.parametrize("place", ["bottom-right", "page"])
def test_it_fits_a_phone(opener: Opener, stage: House, place: str) -> None:
    """Nothing is cut off at the side, and axe-core finds nothing wrong, wherever it is placed."""
    tab = panel(opener(stage, **PHONE))
    choose(tab, "place", place)
    choose(tab, "keeper", "toml")
    fill(tab, "site-title", "A title")
    tab.ask("click", selector="#site summary")
    wide = tab.run("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]
    assert tab.violations() == []


def test_an_embedded_widget_fits_its_place(opener: Opener, stage: House) -> None:
    """In the preview everything of a call stays within its frame; what is said scrolls."""
    tab = panel(opener(stage))
    choose(tab, "place", "page")
    tab.tap("start")
    tab.hears("Hi.")
    for _ in range(3):
        tab.asks("Can you hear me?")
    for height in (360, 480):
        tab.run(f"document.querySelector('#preview-widget').style.cssText = 'height:{height}px'")
        for surface in ("#widget", "#preview-widget"):
            assert tab.run(OUTSIDE.replace("SURFACE", json.dumps(surface))) == []


OUTSIDE = """(host => { const place = host.getBoundingClientRect();
  return [...host.shadowRoot.querySelectorAll('.stage, .side, .composer, .box, .round, .foot')]
    .filter(one => one.checkVisibility())
    .map(one => [one.className, one.getBoundingClientRect()])
    .filter(([, { top, bottom }]) => top < place.top - 1 || bottom > place.bottom + 1)
    .map(([name, { top, bottom }]) => [name, top - place.top, bottom - place.top, place.height]);
})(document.querySelector(SURFACE))"""
"""What of a widget stands out of its place, above or below."""


@pytest.fixture(scope="module")
def public(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """`duologue serve`, with a key by which strangers talk on its page."""
    data = tmp_path_factory.mktemp("public") / "data"
    with House(data, STAGE) as first:
        first.publish("parrot")
        options = ("--kind", "public", "--agent", "parrot", "--origin", first.url)
        key = first.command("keys", "create", *options)["key"]
        port = int(first.url.rpartition(":")[2])
    with House(data, STAGE, port=port, talk_key=key) as running:
        yield running


def test_strangers_are_offered_the_command_and_make_no_key(opener: Opener, public: House) -> None:
    """The tag has the page's key; another one is made where the server is, and here by nobody."""
    tab = panel(opener(public))
    assert not tab.shows("#site-make")
    assert tag(tab)["key"].startswith("dk_public_")
    fill(tab, "site-origin", f"{SHOP}/menu")
    tab.ask("click", selector="#site summary")
    command = f"duologue keys create --kind public --agent parrot --origin {SHOP}"
    assert tab.text("#site-command") == command
    _, *arguments = command.split()
    key = public.command(*arguments)["key"]
    fill(tab, "site-key", key)
    assert tag(tab)["key"] == key
    assert opens(public, key, SHOP).status_code == 200
    asked = {"agent": "parrot", "origins": [SHOP]}
    refused = httpx.post(f"{public.url}/v1/keys", json=asked, timeout=30)
    assert (refused.status_code, refused.json()["code"]) == (401, "key_missing")
    assert tab.violations() == []

"""The talk page: nothing in it can do harm, and each way of being silent says how to end it."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.console import files, talk
from duologue.console.view import UNNAMED, TalkAgent, TalkView

AGENT = TalkAgent(slug="desk", name="Desk")


class Reading(HTMLParser):
    """What a browser would make of the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.data = ""
        self._within: str | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes the tag, its attributes, and whether it holds the data."""
        self.tags.append(tag)
        self.attributes += attrs
        self._within = dict(attrs).get("id") if tag == "script" else None

    def handle_data(self, data: str) -> None:
        """Notes the text, and the data of the script apart."""
        if self._within == "page-data":
            self.data += data
            self._within = None
        else:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All that can be read."""
        return " ".join(self.texts)


def view(**changes: Any) -> TalkView:
    """A page of one agent at this machine unless told."""
    plain = TalkView(
        url="http://127.0.0.1:8787",
        mode="dev",
        agents=[AGENT],
        public_key=None,
        closed=False,
        built=True,
        version="0.1.0",
    )
    return msgspec.structs.replace(plain, **changes)


@given(text=st.text())
def test_no_value_becomes_markup(text: str) -> None:
    """Whatever an agent is called, the page has the same tags, and its data."""
    named = msgspec.structs.replace(AGENT, slug=text, name=f"{text}</script><b>")
    two = [named, AGENT]
    after = Reading(talk.page(view(agents=two, public_key=f"k{text}")))
    before = Reading(talk.page(view(agents=[AGENT, AGENT], public_key="k")))
    assert after.tags == before.tags
    data = json.loads(after.data)
    assert data["publicKey"] == f"k{text}"
    assert data["agents"] == [
        {"slug": text, "name": f"{text}</script><b>"},
        json.loads(before.data)["agents"][1],
    ]


@pytest.mark.parametrize(
    "shown", [view(), view(built=False), view(agents=[]), view(agents=[], closed=True)]
)
def test_the_page_keeps_its_own_policy(shown: TalkView) -> None:
    """No inline script or style, no handler, no address of anywhere else."""
    read = Reading(talk.page(shown))
    assert "style" not in read.tags
    assert not [name for name, _ in read.attributes if name == "style" or name.startswith("on")]
    links = [value or "" for name, value in read.attributes if name in ("src", "href")]
    assert all(link.startswith(("/", "#", "data:")) for link in links)
    assert "'unsafe" not in talk.policy("wss://rooms.example")


def test_everything_the_script_looks_for_is_in_the_page() -> None:
    """Each id that the script needs is drawn, so that it never fails on its own page."""
    root = Path(__file__).parents[2] / "web" / "packages" / "talk" / "src"
    wanted = {
        line.partition('need("')[2].partition('"')[0]
        for file in root.rglob("*.ts")
        for line in file.read_text(encoding="utf-8").splitlines()
        if 'need("' in line
    }
    ids = [value for name, value in Reading(talk.page(view())).attributes if name == "id"]
    assert len(wanted) > 10
    assert wanted <= set(ids)
    assert len(ids) == len(set(ids))


def test_several_agents_can_be_chosen_from() -> None:
    """The first is chosen; one alone is no choice."""
    other = msgspec.structs.replace(AGENT, slug="till", name="Till")
    both = talk.page(view(agents=[AGENT, other]))
    assert both.count('name="agent"') == 2
    assert both.count('name="agent" value="desk" checked') == 1
    assert both.count('name="agent" value="till" checked') == 0
    assert 'name="agent"' not in talk.page(view())


def test_who_develops_finds_the_console() -> None:
    """Callers of `serve` are not led there, nor who may not talk."""
    led = ("href", "/console")
    assert led in Reading(talk.page(view())).attributes
    for other in (view(mode="serve"), view(agents=[], closed=True)):
        assert led not in Reading(talk.page(other)).attributes


def test_a_closed_page_says_how_it_is_opened() -> None:
    """Two commands for the agent that may be named, with this server's own address; no script."""
    closed = view(agents=[], closed=True, mode="serve", url="https://voice.example.com/")
    read = Reading(talk.page(msgspec.structs.replace(closed, named="till")))
    assert "duologue keys create --kind public --agent till" in read.text
    assert "publish" not in read.text
    assert "--origin https://voice.example.com" in read.text
    assert "DUOLOGUE_TALK_KEY=" in read.text
    assert "script" not in read.tags


def test_a_page_without_its_script_names_the_command() -> None:
    """Somebody who installed from a clone without Node is told what to do."""
    read = Reading(talk.page(view(built=False)))
    assert "make web" in read.text
    assert "Node.js 20" in read.text
    assert "script" not in read.tags


def test_a_page_without_agents_names_the_command() -> None:
    """Nobody is published yet; where no name is known, there is a place for one."""
    for name in ("till", UNNAMED):
        read = Reading(talk.page(view(agents=[], named=name)))
        assert f"duologue agents publish {name}" in read.text


def test_the_widget_holds_the_key_that_it_needs() -> None:
    """None on this machine; in public the page's own key. A page that is closed has no widget."""
    near = Reading(talk.page(view()))
    assert near.tags.count("duologue-widget") == 2, "the conversation, and the preview"
    assert "key" not in [name for name, _ in near.attributes]
    assert ("key", "dk_public_x") in Reading(talk.page(view(public_key="dk_public_x"))).attributes
    closed = Reading(talk.page(view(agents=[], closed=True)))
    assert "duologue-widget" not in closed.tags
    assert "site" not in [value for name, value in closed.attributes if name == "id"]


def test_a_policy_lets_the_page_reach_its_server_and_its_rooms() -> None:
    """Where there are rooms, by socket and over HTTP; where there are none, nowhere else."""
    assert "connect-src 'self';" in talk.policy("")
    reach = "connect-src 'self' wss://rooms.example https://rooms.example;"
    assert reach in talk.policy("wss://rooms.example")


def test_every_page_has_one_heading_of_the_first_rank() -> None:
    """It names the agent where there is one to talk to alone."""
    for shown in (view(), view(built=False), view(agents=[]), view(agents=[], closed=True)):
        assert Reading(talk.page(shown)).tags.count("h1") == 1
    assert "Talk with Desk" in Reading(talk.page(view())).text
    two = [AGENT, msgspec.structs.replace(AGENT, slug="till", name="Till")]
    assert "Talk with Desk" not in Reading(talk.page(view(agents=two))).text


def test_only_named_files_are_served_and_only_if_they_are_there() -> None:
    """Style is always there; scripts once they were built."""
    style = files.read("house.css")
    assert style is not None
    assert style == files.read("house.css")
    assert files.read("style.css") is None
    assert files.read("../style.css") is None
    assert (files.read("talk.js") is not None) or not files.built()


def test_a_script_that_was_not_built_is_not_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each of the scripts is needed."""
    monkeypatch.setattr(files, "_FOLDER", tmp_path)
    assert files.read("talk.js") is None
    for name in files.SCRIPTS:
        assert not files.built()
        (tmp_path / name).write_text("1")
    assert files.built()
    found = files.read("talk.js")
    assert found is not None
    (tmp_path / "talk.js").write_text("2")
    again = files.read("talk.js")
    assert again is not None
    assert again.etag != found.etag

"""Transcripts in the console: read, taken along, ended, forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.conftest import Desk
from tests.server.console import OWN, entered, page
from tests.server.manor import Guest, Manor, agent, manor, talked
from websockets.sync.client import connect

from duologue.server.serve import now_ms
from duologue.store import conversations, messages

# Litestar 2.25 warns of names that 2.20, which we also run on, has no others for.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
PAGE = "/console/transcripts"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Manor]:
    """A house with two agents."""
    with manor(tmp_path / "data", agent("desk"), agent("bar")) as made:
        yield made


@pytest.fixture
def owner(house: Manor) -> Guest:
    """An owner."""
    return house.enter()


def test_conversations_are_listed_and_read(house: Manor, owner: Guest) -> None:
    """With their first words; whatever was said in one is text."""
    assert "No conversation is kept" in owner.page(PAGE)
    at_desk, at_bar = (house.unit(talked, house.org_id, each) for each in ("desk", "bar"))
    shown = owner.page(PAGE)
    assert shown.index(at_bar) < shown.index(at_desk)
    assert "Who is bar?" in shown
    only = owner.page(f"{PAGE}?agent=desk")
    assert at_desk in only
    assert at_bar not in only
    whole = owner.page(f"{PAGE}/{at_desk}")
    for words in (
        "Who is desk?",
        "It is &lt;me&gt;.",
        "Too &lt;slow&gt;.",
        "1:30, live",
    ):
        assert words in whole
    assert "{&#34;shop&#34;:&#34;desk&#34;}" in whole


def test_a_long_one_comes_in_pieces(house: Manor, owner: Guest) -> None:
    """Each entry once; what is no place in it is refused."""
    id_ = house.unit(talked, house.org_id, "desk")
    (first, *_) = house.unit(messages.of, house.org_id, id_)
    for number in range(120):
        house.unit(
            messages.append,
            house.org_id,
            conversation_id=id_,
            run_id=first.run_id,
            session_id=None,
            turn_id="t",
            role="user",
            kind="message",
            text=f"word-{number};",
            now=now_ms(),
        )
    piece = owner.page(f"{PAGE}/{id_}")
    later = owner.page(f"{PAGE}/{id_}?after=100")
    assert f'href="{PAGE}/{id_}?after=100" rel="next"' in piece
    assert piece.count("word-") + later.count("word-") == 120
    assert "word-119;" in later
    assert "Behind entry 900 there is none" in owner.page(f"{PAGE}/{id_}?after=900")
    owner.page(f"{PAGE}/{id_}?after=-1", 400)
    owner.page(f"{PAGE}/{id_}?after={10**30}", 400)


def test_one_is_taken_along_without_the_hashes_of_secrets(house: Manor, owner: Guest) -> None:
    """As `duologue conversations export` writes it."""
    id_ = house.unit(talked, house.org_id, "desk")
    answer = owner.ask("GET", f"{PAGE}/{id_}/json")
    assert f'filename="{id_}.json"' in answer.headers["content-disposition"]
    whole = answer.json()
    assert [each["text"] for each in whole["messages"]] == ["Who is desk?", "It is <me>."]
    assert whole["feedback"][0]["text"] == "Too <slow>."
    assert "hash" not in answer.text


def test_one_is_ended_and_then_forgotten(house: Manor, owner: Guest) -> None:
    """Viewers are offered neither."""
    id_ = house.unit(talked, house.org_id, "desk")
    assert house.enter("viewer").page(f"{PAGE}/{id_}").count("<form") == 1
    shown = owner.follow(f"{PAGE}/{id_}/end")
    assert "ended by owner" in shown
    assert "End this conversation" not in shown
    assert owner.send(f"{PAGE}/{id_}/delete") == PAGE
    assert house.unit(conversations.get, house.org_id, id_) is None
    for deed in ("end", "delete"):
        assert "There is no conversation" in owner.refused(f"{PAGE}/{id_}/{deed}", 404)
    assert "No such conversation" in owner.page(f"{PAGE}/{id_}", 404)


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("agent=nobody", 404, "There is no agent &#39;nobody&#39;. Known: bar, desk"),
        ("colour=red", 400, "there is no filter &#39;colour&#39;; there are before, agent"),
    ],
)
def test_what_is_no_filter_is_named(owner: Guest, query: str, status: int, words: str) -> None:
    """By its name or its value."""
    assert words in owner.page(f"{PAGE}?{query}", status)


def test_a_live_one_is_ended_before_it_is_forgotten(desk: Desk) -> None:
    """Its client is told, and nothing of it is left."""
    asked = desk.authorize().json()
    with connect(desk.socket_url(asked["client_session_key"])) as socket:
        socket.send('{"type":"client.ready"}')
        socket.recv(timeout=30)
        with entered(desk) as who:
            path = f"{PAGE}/{asked['conversation_id']}"
            assert "live" in page(who, path)
            assert who.post(f"{path}/delete", headers=OWN).status_code == 303
            page(who, path, 404)

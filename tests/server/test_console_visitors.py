"""Visitors in the console: found, looked at, forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.console import tell
from tests.server.manor import Guest, Manor, agent, manor, talked
from tests.store.visiting import (
    OTHER,
    OTHER_VISIT,
    VISITOR,
    an_id,
    batch,
    click,
    happened,
    identified,
    page,
    spent,
)

from duologue.server.serve import now_ms
from duologue.store import conversations, visitors, visits

# Litestar 2.25 warns of names that 2.20, which we also run on, has no others for.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
PAGE = "/console/visitors"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Manor]:
    """A house with an agent that one visitor has talked to; another only looked."""
    with manor(tmp_path / "data", agent("desk")) as made:
        now = now_ms()
        menu = page("/menu", now - 5000, "The <menu>", referrer="https://search.example/")
        told = batch(
            page("/", now - 9000, "Home"),
            menu,
            spent(menu, 4000, now),
            click("book", menu, now - 100),
            happened("added", now - 50, price=12),
            identified("ada@example.com", now, plan="gold", name="<Ada>"),
            sent_at=now,
        )
        made.unit(visits.record, made.org_id, told, now)
        other = batch(page("/far", now - 1, "Far"), visitor=OTHER, visit=OTHER_VISIT, sent_at=now)
        made.unit(visits.record, made.org_id, other, now + 1)
        yield made


@pytest.fixture
def owner(house: Manor) -> Guest:
    """An owner."""
    return house.enter()


def test_visitors_are_listed_and_found(owner: Guest) -> None:
    """By user, id or trait; what a page told of them is text."""
    shown = owner.page(PAGE)
    assert VISITOR in shown
    assert OTHER in shown
    assert "name: &lt;Ada&gt;" in shown
    for word in ("ADA@", "gold", VISITOR):
        found = owner.page(f"{PAGE}?text={word}")
        assert VISITOR in found
        assert OTHER not in found
    assert "Nobody is like that" in owner.page(f"{PAGE}?text=%25")
    assert "there is no filter &#39;colour&#39;" in owner.page(f"{PAGE}?colour=red", 400)
    assert "yesterday" in owner.page(f"{PAGE}?before=yesterday", 400)


def test_a_long_list_comes_in_pieces(house: Manor, owner: Guest) -> None:
    """The search stays."""
    now = now_ms()
    for _ in range(51):
        seen = batch(page("/", now), visitor=an_id("vis_"), visit=an_id("vst_"), sent_at=now)
        house.unit(visits.record, house.org_id, seen, now)
    first = owner.page(f"{PAGE}?text=vis")
    older = first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    assert "text=vis" in older
    assert VISITOR in owner.page(older.replace("&amp;", "&"))


def test_one_is_told_whole(house: Manor, owner: Guest) -> None:
    """Who it is, the pages and events of each visit, and their conversations."""
    talk = house.unit(talked, house.org_id, "desk", visitor=VISITOR)
    run = house.unit(tell, house.org_id, 1, visitor_id=VISITOR)
    shown = owner.page(f"{PAGE}/{VISITOR}")
    assert "<h1>ada<wbr>@example.com</h1>" in shown  # a phone breaks it there
    for words in ("ada@example.com", "gold", "The &lt;menu&gt;", "0:04", "from https://search"):
        assert words in shown
    for words in ("book", "price: 12", talk, run, "number 1"):
        assert words in shown
    assert shown.index("added") < shown.index("The &lt;menu&gt;") < shown.index("Home")
    assert "They have not talked to an agent" in owner.page(f"{PAGE}/{OTHER}")


@pytest.mark.parametrize("words", [False, True])
def test_one_is_forgotten_with_or_without_words(house: Manor, owner: Guest, *, words: bool) -> None:
    """Traces go in any case; conversations as it was asked."""
    talk = house.unit(talked, house.org_id, "desk", visitor=VISITOR)
    run = house.unit(tell, house.org_id, 1, visitor_id=VISITOR)
    assert house.enter("viewer").page(f"{PAGE}/{VISITOR}").count("<form") == 1
    assert owner.send(f"{PAGE}/{VISITOR}/delete", **({"words": "1"} if words else {})) == PAGE
    assert house.unit(visitors.whole, house.org_id, VISITOR) is None
    owner.page(f"/console/traces/{run}", 404)
    found = house.unit(conversations.get, house.org_id, talk)
    assert (found is None) == words
    assert found is None or found.visitor_id is None
    assert OTHER in owner.page(PAGE)


def test_one_who_is_not_known_is_named(owner: Guest) -> None:
    """On a page."""
    assert "Nothing is known of a visitor &#39;vis_x&#39;" in owner.page(f"{PAGE}/vis_x", 404)
    assert "No such visitor" in owner.refused(f"{PAGE}/vis_x/delete", 404)


def test_where_nobody_was_the_page_says_where_they_come_from(tmp_path: Path) -> None:
    """From a tracker or a widget."""
    with manor(tmp_path / "empty") as empty:
        assert "Nobody was seen yet" in empty.enter().page(PAGE)

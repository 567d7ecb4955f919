"""The list's address: filters out of it, and into it."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection
from tests.store.tracing import told, turn
from tests.store.world import NOW, World

from duologue.console.pages import listing, words
from duologue.errors import DuologueError
from duologue.store import traces

Asked = listing.Asked


def test_filters_come_back_as_they_were_asked() -> None:
    """Through the address of the next piece."""
    asked = Asked.of([("text", "a & b"), ("error", "1"), ("cost", "0.5"), ("agent", " ")])
    query = asked.address("5.run_x").partition("?")[2]
    assert query == "text=a+%26+b&error=1&cost=0.5&before=5.run_x"
    assert asked.filtered
    assert asked.special
    assert Asked().address("") == "/console"


@pytest.mark.parametrize("name", ["since", "until", "cost", "slow"])
@pytest.mark.parametrize("value", ["-1", "9" * 19, "1" + "0" * 400, "nan", "inf", "1e400"])
def test_numbers_that_nothing_has_are_refused(name: str, value: str) -> None:
    """By name and value, before the store sees them."""
    with pytest.raises(DuologueError) as refused:
        Asked.of([(name, value)])
    assert refused.value.code == "bad_request"
    assert f"the filter '{name}' cannot be '{value}'; it may be a" in str(refused.value)


def test_the_last_moment_that_there_is_may_be_asked_for(conn: Connection, world: World) -> None:
    """And the largest sums."""
    asked = Asked.of([("until", str(listing.LAST)), ("cost", "1e12"), ("slow", "1e12")])
    assert listing.load(conn, world.id, asked, now=NOW).rows == []


def test_the_list_goes_on_where_it_stopped(conn: Connection, world: World) -> None:
    """Nothing is shown twice, and nothing left out."""
    for number in range(listing.ROWS + 2):
        name = f"{number:032x}"
        traces.put(
            conn, world.id, [told(name, status="complete", started_ns=(NOW + number) * 10**6)], NOW
        )
        traces.put(conn, world.id, [turn(0, name, user_text=f"word {number}")], NOW)
    first = listing.load(conn, world.id, Asked(), now=NOW)
    assert first.rows[0].words == f"word {listing.ROWS + 1}"
    assert first.older is not None
    cursor = first.older.partition("before=")[2]
    second = listing.load(conn, world.id, Asked(before=cursor), now=NOW)
    assert [row.words for row in second.rows] == ["word 1", "word 0"]
    assert (second.older, second.newer) == (None, "/console")


def test_the_filter_suggests_agents_wherever_they_are(conn: Connection, world: World) -> None:
    """Our own first, and none twice."""
    for name in ("elsewhere", world.agent.slug):
        entry = told(f"{len(name):032x}", agent=name, source="otlp", started_ns=NOW * 10**6)
        traces.put(conn, world.id, [entry], NOW)
    view = listing.load(conn, world.id, Asked(), now=NOW)
    assert view.agents == [world.agent.slug, "elsewhere"]


def test_figures_are_short() -> None:
    """With their unit, and a dash where nothing is known."""
    assert [words.delay(each) for each in (None, 0.4, 999.4, 1640.0, 12_345.0)] == [
        *("–", "0 ms", "999 ms", "1.64 s", "12.3 s"),
    ]
    assert [words.span(each) for each in (None, 18_999, 3_729_000)] == ["–", "0:18", "1:02:09"]
    assert [words.money(each) for each in (None, 0, 120, 1_234_000)] == [
        "–",
        "–",
        "0.00012",
        "1.23",
    ]
    assert words.clip("abc", 3) == "abc"
    assert words.clip("ab cd", 4) == "ab…"

"""Batches of trackers: taken in once, placed in time, and forgotten when they are old."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, func, select
from tests.store.visiting import (
    OTHER,
    OTHER_VISIT,
    VISIT,
    VISITOR,
    an_id,
    batch,
    click,
    happened,
    identified,
    page,
    spent,
)
from tests.store.world import NOW, World, build

from duologue.errors import DuologueError
from duologue.store import conversations, visitors, visits
from duologue.store.database import Database
from duologue.store.tables import metadata
from duologue.wire.visits import Event, VisitorView

DAY = 24 * 3_600_000
TABLES = ("visitors", "visits", "page_views", "visitor_events")


def whole(conn: Connection, world: World, visitor: str = VISITOR) -> VisitorView:
    """All that is kept of a visitor who is known."""
    found = visitors.whole(conn, world.id, visitor)
    assert found is not None
    return found


def rows(conn: Connection) -> list[int]:
    """How many rows each table of visitors has."""
    tables = [metadata.tables[name] for name in TABLES]
    return [conn.execute(select(func.count()).select_from(one)).scalar_one() for one in tables]


def test_a_batch_is_kept_as_it_was_told(conn: Connection, world: World) -> None:
    """Pages with their time, clicks, events and who it is."""
    first = page("/", NOW - 5000, "Home", referrer="https://search.example/")
    second = page("/rooms", NOW - 1000, "Rooms")
    events: list[Event] = [
        first,
        spent(first, 4000, NOW - 1000),
        second,
        click("book", second, NOW - 500),
        happened("search", NOW - 400, term="sea", nights=2, quiet=True, price=9.5, more=None),
        identified("u1", NOW - 300, plan="gold"),
    ]
    visits.record(conn, world.id, batch(*events), NOW)
    found = whole(conn, world)
    assert [(one.path, one.title, one.visible_ms, one.at) for one in found.pages] == [
        ("/rooms", "Rooms", 0, NOW - 1000),
        ("/", "Home", 4000, NOW - 5000),
    ]
    assert found.pages[1].referrer == "https://search.example/"
    assert [(one.kind, one.name, one.page) for one in found.events] == [
        ("event", "search", None),
        ("click", "book", second.id),
    ]
    assert found.events[0].properties == {
        "term": "sea",
        "nights": 2,
        "quiet": True,
        "price": 9.5,
        "more": None,
    }
    assert (found.user_id, found.traits) == ("u1", {"plan": "gold"})
    assert (found.visits, found.first_seen_at, found.last_seen_at) == (1, NOW - 5000, NOW - 300)


def test_a_batch_that_comes_again_counts_once(conn: Connection, world: World) -> None:
    """Whole, or with more behind it, as a tracker sends it that had no answer."""
    seen = page("/")
    events: list[Event] = [
        seen,
        spent(seen, 700),
        click("book"),
        happened("search"),
        identified("u1"),
    ]
    for sent in (events, events, [*events, page("/next", NOW + 1)]):
        visits.record(conn, world.id, batch(*sent), NOW + 10)
    assert rows(conn) == [1, 1, 2, 2]
    assert whole(conn, world).pages[1].visible_ms == 700


def test_times_on_a_page_never_shrink(conn: Connection, world: World) -> None:
    """They are told all in all, so the order in which they come is nothing."""
    seen = page("/")
    visits.record(conn, world.id, batch(seen, spent(seen, 9000), spent(seen, 4000)), NOW)
    visits.record(conn, world.id, batch(spent(seen, 2000)), NOW)
    assert whole(conn, world).pages[0].visible_ms == 9000


def test_nobody_stretches_the_page_of_another(conn: Connection, world: World) -> None:
    """A time counts on a page of the same visitor only."""
    seen = page("/")
    visits.record(conn, world.id, batch(seen), NOW)
    theirs: dict[str, Any] = {"visitor": OTHER, "visit": OTHER_VISIT}
    visits.record(conn, world.id, batch(spent(seen, 9000), **theirs), NOW)
    assert whole(conn, world).pages[0].visible_ms == 0


def test_a_visit_stays_its_visitors(conn: Connection, world: World) -> None:
    """A batch that puts pages into another's visit is refused."""
    visits.record(conn, world.id, batch(page("/")), NOW)
    with pytest.raises(DuologueError, match="another visitor's") as refused:
        visits.record(conn, world.id, batch(page("/x"), visitor=OTHER), NOW)
    assert refused.value.code == "bad_request"


def test_a_wrong_clock_is_put_right(conn: Connection, world: World) -> None:
    """By what the batch says of it: the page was seen three seconds before it was sent."""
    wrong = NOW - 400 * DAY
    visits.record(conn, world.id, batch(page("/", wrong - 3000), sent_at=wrong), NOW)
    assert whole(conn, world).pages[0].at == NOW - 3000


def test_traits_are_those_that_were_told_last(conn: Connection, world: World) -> None:
    """By the page's time: a batch that was held back changes nothing of it."""
    visits.record(conn, world.id, batch(identified("u2", NOW - 10, plan="gold")), NOW)
    visits.record(conn, world.id, batch(identified("u1", NOW - 20, plan="free")), NOW)
    found = whole(conn, world)
    assert (found.user_id, found.traits) == ("u2", {"plan": "gold"})
    visits.record(conn, world.id, batch(identified("u3", NOW - 5)), NOW)
    assert whole(conn, world).traits == {}


def test_a_visitor_comes_more_often(conn: Connection, world: World) -> None:
    """Each visit counts, and the first day stays the first."""
    visits.record(conn, world.id, batch(page("/", NOW - 3 * DAY)), NOW)
    visits.record(conn, world.id, batch(page("/"), visit=OTHER_VISIT), NOW)
    found = whole(conn, world)
    assert (found.visits, found.first_seen_at, found.last_seen_at) == (2, NOW - 3 * DAY, NOW)


def test_the_last_browser_of_a_conversation_is_kept(conn: Connection, world: World) -> None:
    """One that nothing is known of becomes a visitor by it."""
    for visitor in (VISITOR, OTHER, "vis_made_up", ""):
        visits.link(conn, world.id, world.conversation.id, visitor, NOW)
    found = conversations.get(conn, world.id, world.conversation.id)
    assert found is not None
    assert found.visitor_id == OTHER
    assert whole(conn, world).conversations == []
    theirs = whole(conn, world, OTHER)
    assert (theirs.conversations, theirs.visits, theirs.pages) == ([found.id], 1, [])


def test_what_is_old_is_forgotten(conn: Connection, world: World) -> None:
    """Row by row; a visitor goes with the last of them, and a conversation stays unlinked."""
    old, late = NOW - 3 * DAY, NOW - DAY
    visits.record(conn, world.id, batch(page("/old", old), click("x", at=old)), NOW)
    visits.record(conn, world.id, batch(page("/late", late), visit=OTHER_VISIT), NOW)
    visits.record(conn, world.id, batch(page("/", old), visitor=OTHER, visit=VISIT[:-1] + "f"), NOW)
    visits.link(conn, world.id, world.conversation.id, VISITOR, late)
    assert visits.prune(conn, old) == 0
    assert visits.prune(conn, NOW - 2 * DAY) == 6
    assert rows(conn) == [1, 1, 1, 0]
    assert [one.path for one in whole(conn, world).pages] == ["/late"]
    assert whole(conn, world).conversations == [world.conversation.id]
    assert visits.prune(conn, NOW) == 3
    assert rows(conn) == [0, 0, 0, 0]
    found = conversations.get(conn, world.id, world.conversation.id)
    assert found is not None
    assert found.visitor_id is None


def test_much_that_is_old_goes_in_pieces(
    conn: Connection, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no piece leaves a page without its visit."""
    monkeypatch.setattr(visits, "AT_ONCE", 2)
    visits.record(conn, world.id, batch(*(page(f"/{n}") for n in range(5))), NOW)
    assert [visits.prune(conn, NOW + 1) for _ in range(4)] == [2, 2, 3, 0]


async def test_batches_and_a_deletion_at_once_wait_for_each_other(url: str) -> None:
    """Whatever their order, none fails, and no page is left without its visitor."""
    db = await Database.open(url)
    world = await db.write(build, "ours")
    seen = page("/")
    work = [db.write(visits.record, world.id, batch(seen, spent(seen, 5)), NOW) for _ in range(8)]
    gone = [db.write(visitors.forget, world.id, VISITOR) for _ in range(4)]
    talk = [db.write(visits.link, world.id, world.conversation.id, VISITOR, NOW) for _ in range(4)]
    async with asyncio.timeout(60):
        await asyncio.gather(*work, *gone, *talk)
    await db.write(visitors.forget, world.id, VISITOR)
    assert await db.read(rows) == [0, 0, 0, 0]
    await db.close()


async def test_who_comes_back_while_the_old_is_forgotten_is_told_of(url: str) -> None:
    """A visit that goes on is not deleted under its new pages, nor is a batch refused for it."""
    db = await Database.open(url)
    world = await db.write(build, "ours")
    later = NOW + 100 * DAY
    for number in range(8):
        whose: list[dict[str, Any]] = [
            {"visitor": an_id("vis_"), "visit": an_id("vst_")} for _ in range(8)
        ]
        for each in whose:
            await db.write(visits.record, world.id, batch(page("/"), **each), NOW)
        come = [
            db.write(visits.record, world.id, batch(page("/", later), sent_at=later, **each), later)
            for each in whose
        ]
        gone = [db.write(visits.prune, later - DAY) for _ in range(4)]
        async with asyncio.timeout(60):
            await asyncio.gather(*come, *gone)
        await db.write(visits.prune, later - DAY)
        assert await db.read(rows) == [8 * (number + 1)] * 3 + [0]
    await db.close()

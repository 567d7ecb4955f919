"""Visitors as a list: who was here last first, found by what is known of them."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection
from tests.store.visiting import OTHER, OTHER_VISIT, VISITOR, an_id, batch, identified, page
from tests.store.world import NOW, World, build

from duologue.errors import DuologueError
from duologue.store import visitor_lists, visits


def test_who_was_here_last_stands_first(conn: Connection, world: World) -> None:
    """With visits, conversations and the last page; others' visitors are not there."""
    visits.record(conn, world.id, batch(page("/", NOW - 9), page("/menu", NOW - 5)), NOW)
    visits.record(
        conn, world.id, batch(page("/new", NOW - 1), visitor=OTHER, visit=OTHER_VISIT), NOW
    )
    visits.link(conn, world.id, world.conversation.id, VISITOR, NOW - 5)
    visits.record(conn, build(conn, "rivals").id, batch(page("/far")), NOW)
    found = visitor_lists.page(conn, world.id).items
    assert [(each.id, each.path, each.visits, each.conversations) for each in found] == [
        (OTHER, "/new", 1, 0),
        (VISITOR, "/menu", 1, 1),
    ]
    assert visitor_lists.conversations_of(conn, world.id, VISITOR) == [world.conversation.id]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ADA", True),
        ("gold", True),
        (VISITOR[4:12], True),
        ("%", False),
        ("_da", False),
        ("bob", False),
    ],
)
def test_a_word_finds_who_is_meant(
    conn: Connection, world: World, text: str, *, found: bool
) -> None:
    """In the id, the user id and the traits, in any case; signs of a pattern are letters."""
    who = identified("ada@example.com", plan="gold")
    visits.record(conn, world.id, batch(who), NOW)
    listed = visitor_lists.page(conn, world.id, text=text).items
    assert [each.user_id for each in listed] == (["ada@example.com"] if found else [])
    assert not found or listed[0].traits == {"plan": "gold"}


def test_a_list_goes_on_behind_its_cursor(conn: Connection, world: World) -> None:
    """Piece by piece, each visitor once; what is no cursor is named."""
    known = []
    for number in range(5):
        visitor = an_id("vis_")
        known.append(visitor)
        seen = batch(page("/", NOW - number // 2), visitor=visitor, visit=an_id("vst_"))
        visits.record(conn, world.id, seen, NOW)
    met: list[str] = []
    before: str | None = None
    while True:
        piece = visitor_lists.page(conn, world.id, before=before, limit=2)
        met += [each.id for each in piece.items]
        if (before := piece.next) is None:
            break
    assert (len(met), set(met)) == (5, set(known))
    with pytest.raises(DuologueError, match="'yesterday'"):
        visitor_lists.page(conn, world.id, before="yesterday")

"""What is known of a visitor, and that it can be forgotten to the last word."""

from __future__ import annotations

from sqlalchemy import Connection
from tests.store.visiting import (
    OTHER,
    OTHER_VISIT,
    VISITOR,
    batch,
    click,
    identified,
    page,
    spent,
)
from tests.store.world import NOW, World

from duologue.core.visitors import SeenPage, Visitor
from duologue.store import conversations, visitors, visits
from duologue.wire.visits import Deleted, Event


def test_an_agent_learns_of_the_last_pages(conn: Connection, world: World) -> None:
    """Five of them, the newest first, with who it is and how often they came."""
    seen = [page(f"/{n}", NOW - 100 + n, f"Page {n}") for n in range(7)]
    visits.record(
        conn, world.id, batch(*seen, spent(seen[6], 1500), identified("u1", vip=True)), NOW
    )
    visits.record(conn, world.id, batch(click("x"), visit=OTHER_VISIT), NOW)
    assert visitors.known(conn, world.id, VISITOR) == Visitor(
        id=VISITOR,
        user_id="u1",
        traits={"vip": True},
        first_seen=NOW - 100,
        visits=2,
        pages=[
            SeenPage(f"/{n}", f"Page {n}", NOW - 100 + n, 1500 if n == 6 else 0)
            for n in (6, 5, 4, 3, 2)
        ],
    )


def test_nobody_is_known_by_a_strange_id(conn: Connection, world: World) -> None:
    """There is nothing to show, and nothing to forget."""
    assert visitors.known(conn, world.id, OTHER) is None
    assert visitors.whole(conn, world.id, OTHER) is None
    assert visitors.forget(conn, world.id, OTHER) is None


def test_one_who_only_talked_came_once(conn: Connection, world: World) -> None:
    """No page of theirs was ever told."""
    visits.link(conn, world.id, world.conversation.id, VISITOR, NOW)
    found = visitors.known(conn, world.id, VISITOR)
    assert found is not None
    assert (found.visits, found.pages, found.user_id, found.traits) == (1, [], None, {})


def test_a_forgotten_visitor_leaves_nothing(conn: Connection, world: World) -> None:
    """What is deleted is counted; conversations lose the link and keep their words."""
    events: list[Event] = [page("/"), page("/rooms"), click("book"), identified("u1", plan="gold")]
    visits.record(conn, world.id, batch(*events), NOW)
    visits.record(conn, world.id, batch(page("/"), visit=OTHER_VISIT), NOW)
    visits.link(conn, world.id, world.conversation.id, VISITOR, NOW)
    gone = visitors.forget(conn, world.id, VISITOR)
    assert gone == Deleted(id=VISITOR, visits=2, pages=3, events=1, conversations=1, traces=0)
    assert visitors.whole(conn, world.id, VISITOR) is None
    found = conversations.get(conn, world.id, world.conversation.id)
    assert found is not None
    assert (found.visitor_id, found.next_seq) == (None, 2)
    visits.record(conn, world.id, batch(page("/back")), NOW)
    again = visitors.known(conn, world.id, VISITOR)
    assert again is not None
    assert ([one.path for one in again.pages], again.traits) == (["/back"], {})

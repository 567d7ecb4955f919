"""Links to one conversation: who makes them, how long they open it, and what they never open."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, select
from tests.store.tracing import RUN, TRACE, told, turn
from tests.store.world import NOW, World, build

from duologue.access import links
from duologue.errors import DuologueError
from duologue.store import links as kept
from duologue.store import trace_deletion, traces
from duologue.store.tables import links as table


@pytest.fixture(autouse=True)
def _trace(conn: Connection, world: World) -> None:
    """A conversation that may be shown."""
    traces.put(conn, world.id, [told(), turn(0)], NOW)


def void(conn: Connection, token: str, now: int) -> bool:
    """Whether a link says that it opens nothing."""
    with pytest.raises(DuologueError) as caught:
        links.opened(conn, token, now)
    return caught.value.code == "link_void"


@pytest.mark.parametrize("life", links.LIVES)
def test_a_link_shows_its_conversation_for_its_time(
    conn: Connection, world: World, life: str
) -> None:
    """To the millisecond; of its secret only the hash is kept."""
    token = links.share(conn, world.id, RUN, life, NOW)
    until = NOW + links.LIVES[life]
    found = links.opened(conn, token, until - 1)
    assert (found.org_id, found.trace, found.expires_at) == (world.id, RUN, until)
    assert void(conn, token, until)
    assert token not in str(conn.execute(select(table)).fetchall())


def test_what_nobody_made_opens_nothing(conn: Connection) -> None:
    """Nor does an empty one."""
    assert void(conn, "dk_share_guessed", NOW)
    assert void(conn, "", NOW)


def test_a_link_that_is_taken_back_is_void_at_once(conn: Connection, world: World) -> None:
    """Others stay; a second time changes nothing, and strangers take nothing back."""
    first, second = (links.share(conn, world.id, RUN, "day", NOW + n) for n in range(2))
    newest, oldest = kept.of(conn, world.id, RUN, NOW)
    others = build(conn, "others")
    links.take_back(conn, others.id, RUN, oldest.id)
    assert links.opened(conn, first, NOW).trace == RUN
    links.take_back(conn, world.id, RUN, oldest.id)
    links.take_back(conn, world.id, RUN, oldest.id)
    assert void(conn, first, NOW)
    assert links.opened(conn, second, NOW).trace == RUN
    assert kept.of(conn, world.id, RUN, NOW) == [newest]


def test_links_go_with_their_conversation(conn: Connection, world: World) -> None:
    """What is deleted is shown to nobody."""
    token = links.share(conn, world.id, RUN, "week", NOW)
    trace_deletion.delete_one(conn, world.id, RUN)
    assert void(conn, token, NOW)
    assert conn.execute(select(table)).fetchall() == []


def test_expired_ones_are_forgotten_when_the_next_is_made(conn: Connection, world: World) -> None:
    """And are listed no more before that."""
    links.share(conn, world.id, RUN, "hour", NOW)
    later = NOW + links.LIVES["hour"]
    assert kept.of(conn, world.id, RUN, later) == []
    links.share(conn, world.id, RUN, "hour", later)
    assert len(conn.execute(select(table)).fetchall()) == 1


def test_a_conversation_has_so_many_links(conn: Connection, world: World) -> None:
    """One more is refused with what to do; room is made by taking one back."""
    for _ in range(links.MOST):
        links.share(conn, world.id, RUN, "day", NOW)
    with pytest.raises(DuologueError, match=f"{links.MOST} links") as caught:
        links.share(conn, world.id, RUN, "day", NOW)
    assert caught.value.code == "links_used_up"
    links.take_back(conn, world.id, RUN, kept.of(conn, world.id, RUN, NOW)[0].id)
    links.share(conn, world.id, RUN, "day", NOW)


@pytest.mark.parametrize("life", ["", "year", "Hour"])
def test_only_known_times_are_given(conn: Connection, world: World, life: str) -> None:
    """The refusal names them."""
    with pytest.raises(DuologueError, match="hour, day, week"):
        links.share(conn, world.id, RUN, life, NOW)


def test_only_what_is_there_is_shared(conn: Connection, world: World) -> None:
    """Another organization's conversation is not."""
    others = build(conn, "others")
    for org, run in ((others.id, RUN), (world.id, f"run_{TRACE[:-1]}2")):
        with pytest.raises(DuologueError) as caught:
            links.share(conn, org, run, "hour", NOW)
        assert caught.value.code == "trace_not_found"

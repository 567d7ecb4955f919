"""Signing in to the console: a link that works once, a cookie that ends."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, select
from tests.store.world import NOW, World

from duologue.access import console
from duologue.errors import DuologueError
from duologue.store.console import Role
from duologue.store.tables import console_sessions


def cookie(conn: Connection, world: World, role: Role = "owner") -> str:
    """Somebody who has just signed in."""
    return console.enter(conn, console.invite(conn, world.id, role, "Ada", NOW), NOW)


def refusal(conn: Connection, token: str, now: int) -> str:
    """Why a cookie opens nothing."""
    with pytest.raises(DuologueError) as caught:
        console.reader(conn, token, now)
    return caught.value.code


def test_a_link_lets_in_once(conn: Connection, world: World) -> None:
    """Whoever comes second is told how to get another one; of secrets only hashes are kept."""
    link = console.invite(conn, world.id, "viewer", "Ada", NOW)
    text = console.enter(conn, link, NOW + console.LINK_MS - 1)
    who = console.reader(conn, text, NOW + console.LINK_MS)
    assert (who.org_id, who.role, who.name) == (world.id, "viewer", "Ada")
    with pytest.raises(DuologueError, match="duologue console login"):
        console.enter(conn, link, NOW)
    kept = str(conn.execute(select(console_sessions)).fetchall())
    assert link not in kept
    assert text not in kept


def test_a_link_waits_ten_minutes(conn: Connection, world: World) -> None:
    """After that it is void, as is one that nobody made."""
    link = console.invite(conn, world.id, "owner", "", NOW)
    for token in (link, "dk_enter_guessed", ""):
        with pytest.raises(DuologueError) as caught:
            console.enter(conn, token, NOW + console.LINK_MS)
        assert caught.value.code == "console_link_void"


def test_a_link_is_no_cookie_and_a_cookie_no_link(conn: Connection, world: World) -> None:
    """Each opens what it is for."""
    link = console.invite(conn, world.id, "owner", "", NOW)
    assert refusal(conn, link, NOW) == "console_signed_out"
    with pytest.raises(DuologueError):
        console.enter(conn, cookie(conn, world), NOW)


def test_who_is_away_is_signed_out(conn: Connection, world: World) -> None:
    """After twelve hours of nothing; being here begins the time anew, to the minute."""
    text = cookie(conn, world)
    later = NOW + console.IDLE_MS - 1
    who = console.reader(conn, text, later)
    console.note(conn, who, NOW + console.NOTED_MS - 1)
    assert console.reader(conn, text, later).noted_at == NOW
    console.note(conn, who, later)
    assert console.reader(conn, text, later + console.IDLE_MS - 1).noted_at == later
    assert refusal(conn, text, later + console.IDLE_MS) == "console_signed_out"


def test_nobody_stays_for_ever(conn: Connection, world: World) -> None:
    """Thirty days after signing in it is over, however busy."""
    text = cookie(conn, world)
    end = NOW + console.LIFE_MS
    console.note(conn, console.reader(conn, text, NOW), end - 1)
    assert console.reader(conn, text, end - 1).name == "Ada"
    assert refusal(conn, text, end) == "console_signed_out"


def test_leaving_ends_one_cookie(conn: Connection, world: World) -> None:
    """Others stay; leaving twice is no error."""
    mine, other = cookie(conn, world), cookie(conn, world)
    console.leave(conn, mine)
    console.leave(conn, mine)
    assert refusal(conn, mine, NOW) == "console_signed_out"
    assert refusal(conn, "", NOW) == "console_signed_out"
    assert console.reader(conn, other, NOW).name == "Ada"


def test_what_opens_nothing_is_forgotten(conn: Connection, world: World) -> None:
    """When the next link is made."""
    cookie(conn, world)
    console.invite(conn, world.id, "owner", "", NOW)
    console.invite(conn, world.id, "owner", "", NOW + console.LIFE_MS)
    assert len(conn.execute(select(console_sessions)).fetchall()) == 1


def test_viewers_change_nothing(conn: Connection, world: World) -> None:
    """Owners may."""
    console.reader(conn, cookie(conn, world), NOW).require_owner()
    with pytest.raises(DuologueError) as caught:
        console.reader(conn, cookie(conn, world, "viewer"), NOW).require_owner()
    assert caught.value.code == "console_viewer"


def test_people_are_signed_in_or_invited(conn: Connection, world: World) -> None:
    """Whoever was idle for too long is neither; an owner may sign anybody out."""
    first = cookie(conn, world)
    console.invite(conn, world.id, "viewer", "Bob", NOW)
    found = console.people(conn, world.id, NOW)
    assert {(each.kind, each.role, each.name) for each in found} == {
        ("session", "owner", "Ada"),
        ("link", "viewer", "Bob"),
    }
    assert console.people(conn, world.id, NOW + console.IDLE_MS) == []
    for each in found:
        console.sign_out(conn, world.id, each.id)
    assert refusal(conn, first, NOW) == "console_signed_out"
    assert console.people(conn, world.id, NOW) == []


def test_who_is_not_there_cannot_be_signed_out(conn: Connection, world: World) -> None:
    """Twice is an error that names the id, and so are people of others."""
    cookie(conn, world)
    (who,) = console.people(conn, world.id, NOW)
    for org, id_ in (("org_other", who.id), (world.id, "con_nobody")):
        with pytest.raises(DuologueError, match=id_):
            console.sign_out(conn, org, id_)
    assert console.people(conn, world.id, NOW) == [who]

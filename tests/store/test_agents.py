"""Agents in the store."""

from __future__ import annotations

from sqlalchemy import Connection
from tests.store.world import NOW, World

from duologue.store import agents
from duologue.store.records import Agent


def put(conn: Connection, world: World, slug: str, *, now: int, publish: bool) -> Agent:
    """Writes an agent whose definition tells the time."""
    return agents.put(
        conn,
        world.id,
        slug=slug,
        name=slug,
        definition=f'{{"now":{now}}}'.encode(),
        source="file.py",
        now=now,
        publish=publish,
    )


def test_the_same_slug_is_brought_up_to_date(conn: Connection, world: World) -> None:
    """The id, the making and the publication stay; the rest follows the newest."""
    first = put(conn, world, "a", now=NOW, publish=True)
    second = put(conn, world, "a", now=NOW + 5, publish=False)
    assert (second.id, second.created_at, second.published_at) == (first.id, NOW, NOW)
    assert (second.definition, second.updated_at) == (f'{{"now":{NOW + 5}}}', NOW + 5)


def test_a_draft_is_published_and_withdrawn(conn: Connection, world: World) -> None:
    """Publishing keeps its first time until the agent is withdrawn, by id or by slug."""
    draft = put(conn, world, "a", now=NOW, publish=False)
    assert draft.published_at is None
    for now, by in ((NOW + 1, "a"), (NOW + 2, draft.id)):
        published = agents.publish(conn, world.id, by, now)
        assert published is not None
        assert published.published_at == NOW + 1
    withdrawn = agents.unpublish(conn, world.id, "a", NOW + 3)
    assert withdrawn is not None
    assert withdrawn.published_at is None
    again = put(conn, world, "a", now=NOW + 4, publish=True)
    assert again.published_at == NOW + 4


def test_agents_are_listed_by_slug_and_found_by_either_name(conn: Connection, world: World) -> None:
    """The list is in order of slugs; nothing answers to a strange name."""
    made = put(conn, world, "a", now=NOW, publish=True)
    assert [each.slug for each in agents.all(conn, world.id)] == ["a", "front-desk"]
    assert agents.get(conn, world.id, "a") == agents.get(conn, world.id, made.id) == made
    assert agents.get(conn, world.id, "b") is None
    assert agents.publish(conn, world.id, "b", NOW) is None
    assert agents.unpublish(conn, world.id, "b", NOW) is None


def test_an_agent_exists_whoever_owns_it(conn: Connection, world: World) -> None:
    """By id or slug; what nobody has does not."""
    made = put(conn, world, "a", now=NOW, publish=False)
    assert agents.exists(conn, made.id)
    assert agents.exists(conn, "a")
    assert not agents.exists(conn, "b")

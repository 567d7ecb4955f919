"""Agents: a draft or published definition under a slug."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from duologue.store.ids import fresh
from duologue.store.records import Agent, build
from duologue.store.statements import Statement
from duologue.store.tables import agents

_columns = agents.c
_mine = _columns.org_id == bindparam("org")
_wanted = or_(_columns.id == bindparam("wanted"), _columns.slug == bindparam("wanted"))


def _upsert(insert: Any) -> Any:
    made = insert(agents)
    return made.on_conflict_do_update(
        index_elements=["org_id", "slug"],
        set_={
            "name": made.excluded.name,
            "definition": made.excluded.definition,
            "source": made.excluded.source,
            "published_at": func.coalesce(_columns.published_at, made.excluded.published_at),
            "updated_at": made.excluded.updated_at,
        },
    ).returning(*_columns)


_put = Statement(_upsert(sqlite.insert), _upsert(postgresql.insert))
_get = Statement(select(agents).where(_mine, _wanted))
_exists = Statement(select(_columns.id).where(_wanted).limit(1))
_all = Statement(select(agents).where(_mine).order_by(_columns.slug))
_publish = Statement(
    update(agents)
    .where(_mine, _wanted)
    .values(
        published_at=func.coalesce(_columns.published_at, bindparam("at")),
        updated_at=bindparam("at"),
    )
    .returning(*_columns)
)
_unpublish = Statement(
    update(agents)
    .where(_mine, _wanted)
    .values(published_at=None, updated_at=bindparam("at"))
    .returning(*_columns)
)


def put(
    conn: Connection,
    org_id: str,
    *,
    slug: str,
    name: str,
    definition: bytes | str,
    source: str,
    now: int,
    publish: bool,
) -> Agent:
    """The agent of that slug, made or brought up to date; a published one stays published."""
    text = definition.decode() if isinstance(definition, bytes) else definition
    row = _put(
        conn,
        id=fresh("agt_", now),
        org_id=org_id,
        slug=slug,
        name=name,
        definition=text,
        source=source,
        published_at=now if publish else None,
        created_at=now,
        updated_at=now,
    ).fetchone()
    return build(Agent, row)


def publish(conn: Connection, org_id: str, id_or_slug: str, now: int) -> Agent | None:
    """The agent, open to sessions from now on."""
    return _one(_publish(conn, org=org_id, wanted=id_or_slug, at=now).fetchone())


def unpublish(conn: Connection, org_id: str, id_or_slug: str, now: int) -> Agent | None:
    """The agent, a draft again."""
    return _one(_unpublish(conn, org=org_id, wanted=id_or_slug, at=now).fetchone())


def get(conn: Connection, org_id: str, id_or_slug: str) -> Agent | None:
    """The organization's agent of that id or slug."""
    return _one(_get(conn, org=org_id, wanted=id_or_slug).fetchone())


def exists(conn: Connection, id_or_slug: str) -> bool:
    """Whether any organization has an agent of that id or slug."""
    return _exists(conn, wanted=id_or_slug).fetchone() is not None


def all(conn: Connection, org_id: str) -> list[Agent]:  # noqa: A001
    """Every agent of the organization, by slug."""
    return [build(Agent, row) for row in _all(conn, org=org_id).fetchall()]


def _one(row: Any) -> Agent | None:
    return None if row is None else build(Agent, row)

"""How long single agents' traces and words are kept, where that is said apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, select

from duologue.store.statements import Statement
from duologue.store.tables import agents, organizations

Owned = tuple[str, str]
"""An organization's id, and what its traces call an agent."""
_all: Final = select(agents.c.org_id, agents.c.slug, agents.c.definition)
_defined: Final = Statement(_all)
_defined_by: Final = Statement(_all.where(agents.c.org_id == bindparam("owner")))
_owners: Final = Statement(select(organizations.c.id))


class Rule(msgspec.Struct, frozen=True):
    """What is said of one agent; none leaves it to the server's setting."""

    trace_days: int | None = None
    trace_megabytes: int | None = None
    conversation_days: int | None = None


def own(
    conn: Connection, tables: Mapping[str, Mapping[str, Any]], only: str | None = None
) -> dict[Owned, Rule]:
    """The agents with a rule of their own, by their definition or by an `[agents.NAME]` table.

    `only` is the organization whose they are; without it, all agents are. A table counts in every
    organization, also for an agent that runs elsewhere; what it says wins over the definition,
    which may be that of an agent that is not loaded any more.
    """
    rows = _defined(conn) if only is None else _defined_by(conn, owner=only)
    found = {
        (org_id, slug): msgspec.json.decode(definition, type=Rule)
        for org_id, slug, definition in rows.fetchall()
    }
    owners = [row[0] for row in _owners(conn).fetchall()] if only is None else [only]
    for name, table in tables.items():
        said = msgspec.structs.asdict(msgspec.convert(dict(table), Rule))
        told = {field: value for field, value in said.items() if value is not None}
        for owner in owners:
            before = found.get((owner, name), Rule())
            found[owner, name] = msgspec.structs.replace(before, **told)
    return {agent: rule for agent, rule in found.items() if rule != Rule()}

"""What the console reads of traces besides their figures: first words, and spans to draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Integer, bindparam, func, or_, select

from duologue.store.records import build, holds
from duologue.store.statements import Statement
from duologue.store.trace_tables import spans, traces, turns
from duologue.wire.traces import Span

_EARLY: Final = 3
"""Who has said nothing by this turn is not waited for: the greeting may stand in the first."""
_MOST: Final = 200
"""Characters of it that are read."""
_org: Any = bindparam("org")
_first = select(func.min(traces.c.agent).label("name")).where(traces.c.org_id == _org)
_named = _first.cte("named", recursive=True)
_next = (
    select(func.min(traces.c.agent))
    .where(traces.c.org_id == _org, traces.c.agent > _named.c.name)
    .scalar_subquery()
)
_each = _named.union_all(select(_next).where(_named.c.name.is_not(None)))
# From name to name along the index: reading all runs for their few names would take too long.
_agents = Statement(
    select(_each.c.name).where(_each.c.name > "").limit(bindparam("most", type_=Integer))
)


def agents_told(conn: Connection, org_id: str, most: int) -> list[str]:
    """What runs call their agents, wherever these are, by the alphabet."""
    return [row[0] for row in _agents(conn, org=org_id, most=most).fetchall()]


def first_words(conn: Connection, org_id: str, ids: Sequence[str]) -> dict[str, str]:
    """What was said first in each trace, by its user, or else by its agent."""
    user, agent = (
        func.substr(each, 1, _MOST).label(name)
        for each, name in ((turns.c.user_text, "said"), (turns.c.agent_text, "answered"))
    )
    query = (
        select(traces.c.id, user, agent)
        .join_from(traces, turns, turns.c.trace_seq == traces.c.seq)
        .where(traces.c.org_id == org_id, traces.c.id.in_(ids), turns.c.number < _EARLY)
        .order_by(turns.c.number)
    )
    said: dict[str, str] = {}
    answered: dict[str, str] = {}
    for id_, by_user, by_agent in conn.execute(query).fetchall():
        if by_user:
            said.setdefault(id_, by_user)
        if by_agent:
            answered.setdefault(id_, by_agent)
    return answered | said


class Mark(msgspec.Struct, frozen=True):
    """A span without what it says: enough to be drawn."""

    id: str
    name: str
    kind: str
    start_ns: int
    end_ns: int
    status: str
    error: str


holds(Mark, json=())


def marks(
    conn: Connection,
    org_id: str,
    id: str,  # noqa: A002
    *,
    since_ns: int,
    until_ns: int,
    kinds: Sequence[str],
    names: Sequence[str],
    limit: int,
) -> tuple[list[Mark], int]:
    """The longest spans of those kinds or names in a piece of a trace, by their beginning.

    Beside them, how many are left out.
    """
    still = spans.c.end_ns == 0
    query = (
        select(
            spans.c.span_id,
            *(spans.c[name] for name in Mark.__struct_fields__[1:]),
            func.count().over().label("all"),
        )
        .join_from(spans, traces, traces.c.seq == spans.c.trace_seq)
        .where(
            traces.c.org_id == org_id,
            traces.c.id == id,
            spans.c.start_ns < until_ns,
            or_(still, spans.c.end_ns >= since_ns),
            or_(spans.c.kind.in_(kinds), spans.c.name.in_(names)),
        )
        .order_by(spans.c.kind != "error", still.desc(), (spans.c.start_ns - spans.c.end_ns))
        .limit(limit)
    )
    rows = conn.execute(query).fetchall()
    found = sorted(
        (build(Mark, row[:-1]) for row in rows), key=lambda each: (each.start_ns, each.id)
    )
    return found, (rows[0][-1] - len(found)) if rows else 0


def span_of(conn: Connection, org_id: str, id: str, span_id: str) -> Span | None:  # noqa: A002
    """A span of a trace, with all that it says."""
    named = {"id": spans.c.span_id, "parent": spans.c.parent_id}
    shown = [named[name] if name in named else spans.c[name] for name in Span.__struct_fields__]
    query = (
        select(*shown)
        .join_from(spans, traces, traces.c.seq == spans.c.trace_seq)
        .where(traces.c.org_id == org_id, traces.c.id == id, spans.c.span_id == span_id)
    )
    row = conn.execute(query).fetchone()
    return None if row is None else build(Span, row)

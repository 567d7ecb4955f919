"""Single steps of a run, for the door where each of them is told in a request of its own."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, bindparam, or_, select

from duologue.store.records import build
from duologue.store.statements import Statement
from duologue.store.trace_tables import spans, traces
from duologue.wire.traces import Span

_NAMED: Final = {"id": "span_id", "parent": "parent_id"}
_of = traces.c
_shown: list[Any] = [spans.c[_NAMED.get(name, name)] for name in Span.__struct_fields__]
_run = (
    select(*_shown)
    .join_from(spans, traces, _of.seq == spans.c.trace_seq)
    .where(_of.org_id == bindparam("org"), _of.id == bindparam("wanted"))
)
_one = Statement(_run.where(spans.c.span_id == bindparam("step")))
_turn = Statement(
    _run.where(
        or_(spans.c.kind == "user_turn", spans.c.kind == "assistant_turn"),
        spans.c.start_ns <= bindparam("before"),
        spans.c.span_id != bindparam("step"),
    )
    .order_by(spans.c.start_ns.desc(), spans.c.kind)
    .limit(1)
)


def step(conn: Connection, org_id: str, run: str, id: str) -> Span | None:  # noqa: A002
    """The step of that id in a run of the organization."""
    row = _one(conn, org=org_id, wanted=run, step=id).fetchone()
    return None if row is None else build(Span, row)


def turn_before(conn: Connection, org_id: str, run: str, id: str, at_ns: int) -> Span | None:  # noqa: A002
    """The half of a turn, the user's or the agent's, that began last before that one."""
    row = _turn(conn, org=org_id, wanted=run, step=id, before=at_ns).fetchone()
    return None if row is None else build(Span, row)

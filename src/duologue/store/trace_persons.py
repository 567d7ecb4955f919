"""Whose answers a trace has: where a person gave them, its step `takeover` says so."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, select

from duologue.store import trace_lists
from duologue.store.trace_tables import spans, traces
from duologue.wire.traces import AnsweredTurn, Turn


class _Said(msgspec.Struct, frozen=True):
    """What the step tells of a person; all else in it is nobody's business here."""

    who: str = ""
    name: str = ""
    said: list[str] = msgspec.field(name="lk.pii.said", default_factory=list)


class StoodIn(msgspec.Struct, frozen=True):
    """A person in the agent's place, from then until then; 0 while they are there."""

    name: str
    since_ns: int
    until_ns: int
    said: list[str]

    def answered(self, turn: Turn) -> bool:
        """Whether what was answered in a turn is theirs."""
        late = self.until_ns and turn.started_ns > self.until_ns
        early = turn.ended_ns and turn.ended_ns < self.since_ns
        return not late and not early and any(each in turn.agent_text for each in self.said if each)


def persons(conn: Connection, org_id: str, trace_id: str) -> list[StoodIn]:
    """Those who stood in during a trace."""
    query = (
        select(spans.c.start_ns, spans.c.end_ns, spans.c.attributes)
        .join_from(spans, traces, traces.c.seq == spans.c.trace_seq)
        .where(traces.c.org_id == org_id, traces.c.id == trace_id)
        .where(spans.c.kind == "state", spans.c.name == "takeover")
        .order_by(spans.c.start_ns)
    )
    found = []
    for since, until, told in conn.execute(query):
        try:
            said = msgspec.json.decode(told, type=_Said)
        except (msgspec.ValidationError, msgspec.DecodeError):  # somebody else's step of that name
            continue
        if said.who == "person":
            found.append(StoodIn(said.name, since, until, said.said))
    return found


def turns_of(conn: Connection, org_id: str, trace_id: str) -> list[AnsweredTurn]:
    """The turns of a trace, each with the name of the person who answered, if one did."""
    found = persons(conn, org_id, trace_id)
    return [
        AnsweredTurn(**msgspec.structs.asdict(turn), person=_who(found, turn))
        for turn in trace_lists.turns_of(conn, org_id, trace_id)
    ]


def _who(found: Sequence[StoodIn], turn: Turn) -> str:
    return next((each.name or "A person" for each in found if each.answered(turn)), "")

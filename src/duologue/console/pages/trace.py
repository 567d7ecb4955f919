"""A conversation's page: piece by piece, drawn to scale, with every word and every delay."""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec
from sqlalchemy import Connection

from duologue.access.links import LIVES
from duologue.console.pages import words
from duologue.console.pages.delays import PARTS, Bar, bars
from duologue.console.pages.lanes import KINDS, NAMES, Lane, Tick, lanes, ticks
from duologue.console.pages.listing import STATUSES, lasted
from duologue.console.pages.step import address, trace_of
from duologue.store import console_lists, links, recordings, trace_lists, trace_persons
from duologue.store.links import Link
from duologue.store.trace_records import Trace
from duologue.wire.traces import AnsweredTurn, Log

AT_ONCE: Final = 20
"""Turns of one piece: a page stays small however long people talk."""
MARKS: Final = 160
"""Steps that are drawn of one piece."""
LOGS: Final = 30
TEXT: Final = 500
"""Characters of a text that the page shows; all of it is in the JSON."""
ENDED_FROM_HERE: Final = "prefactor"
"""The source whose runs ask whether they are to end; those of our own are ended where they run."""
_MS: Final = 1_000_000


class Sound(msgspec.Struct, frozen=True, kw_only=True):
    """A recording, and where it lies in the conversation, in milliseconds."""

    address: str
    at: str
    since: float
    long: int
    """0 while it is still written."""


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the transcript at a time: a turn with its bar, or a logged line."""

    at: str
    """Since the conversation began."""
    since: float
    """The same in milliseconds."""
    turn: AnsweredTurn | None = None
    bar: Bar | None = None
    log: Log | None = None


class TraceView(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation."""

    trace: Trace
    base: str
    """Its own address."""
    now: int
    milliseconds: int
    since: float
    """When the piece began and ended, in milliseconds since the conversation did."""
    until: float
    sounds: list[Sound]
    lanes: list[Lane]
    undrawn: int
    """Steps that are too many to be drawn."""
    ticks: list[Tick]
    moments: list[Moment]
    hidden: int
    """Lines of the log that are left out."""
    first: int
    last: int
    earlier: str | None
    later: str | None
    models: list[str]
    facts: list[tuple[str, str]]
    links: list[Link]
    made: str = ""
    """A link that was just made: it is shown this once."""
    shown_until: int | None = None
    """Until when whoever is not signed in may see it."""
    statuses: ClassVar = STATUSES
    parts: ClassVar = PARTS
    text: ClassVar = TEXT
    lives: ClassVar = tuple(LIVES)

    @property
    def shared(self) -> bool:
        """Whether it is shown to somebody who holds a link, and knows nothing else of us."""
        return self.shown_until is not None

    @property
    def live(self) -> str | None:
        """Where it is watched while it goes on, if that is here."""
        going = self.trace.status == "active" and self.trace.source == "duologue"
        found = self.trace.conversation_id
        return f"/console/live/{found}" if going and found else None

    @property
    def endable(self) -> bool:
        """Whether its program hears from here that it is to end."""
        return self.trace.status == "active" and self.trace.source == ENDED_FROM_HERE


def load(
    conn: Connection,
    org_id: str,
    run: str,
    *,
    after: int,
    now: int,
    base: str = "",
    shown_until: int | None = None,
) -> TraceView:
    """The piece of a conversation that begins with the turn of that place.

    `base` and `shown_until` are those of a link; without them the reader is signed in.
    """
    base = base or address(run)
    trace = trace_of(conn, org_id, run)
    turns = trace_persons.turns_of(conn, org_id, run)
    first = min(max(0, after), max(0, (len(turns) - 1) // AT_ONCE * AT_ONCE))
    shown = turns[first : first + AT_ONCE]
    rest = turns[first + AT_ONCE :]
    origin = trace.started_at * _MS
    since = shown[0].started_ns if first and shown else origin
    until = rest[0].started_ns if rest else _end(trace, now)
    until = max(until, since + 1, *(turn.ended_ns for turn in shown[-1:]))
    steps, undrawn = console_lists.marks(
        *(conn, org_id, run),
        since_ns=since,
        until_ns=until,
        kinds=KINDS,
        names=NAMES,
        limit=MARKS,
    )
    # What is logged before the first turn, or after the last, belongs to the piece beside it.
    logs = [
        log
        for log in trace_lists.lines_of(conn, org_id, run)
        if (not first or log.at_ns >= since) and (not rest or log.at_ns < until)
    ]
    lines = _weightiest(logs)
    return TraceView(
        trace=trace,
        base=base,
        now=now,
        milliseconds=lasted(trace, now),
        since=(since - origin) / _MS,
        until=(until - origin) / _MS,
        sounds=_sounds(conn, trace, base),
        lanes=lanes(steps, shown, lines, since_ns=since, until_ns=until, base=base),
        undrawn=undrawn,
        ticks=ticks(since, until, origin),
        moments=_moments(shown, lines, origin),
        hidden=len(logs) - len(lines),
        first=first,
        last=first + len(shown),
        earlier=f"{base}?after={first - AT_ONCE}" if first else None,
        later=f"{base}?after={first + AT_ONCE}" if rest else None,
        models=[f"{each['provider']}/{each['model']}" for each in trace.usage if "model" in each],
        facts=_facts(trace, inside=shown_until is None),
        links=links.of(conn, org_id, run, now) if shown_until is None else [],
        shown_until=shown_until,
    )


# ---------------------------------------------------------------- within


def _end(trace: Trace, now: int) -> int:
    return (trace.started_at + max(1, lasted(trace, now))) * _MS


def _weightiest(logs: list[Log]) -> list[Log]:
    """The lines that are shown: errors and warnings before the rest, each at its time."""
    order = {"error": 0, "warning": 1, "info": 2}
    kept = sorted(logs, key=lambda log: (order.get(log.level, 3), log.at_ns))[:LOGS]
    return sorted(kept, key=lambda log: (log.at_ns, log.id))


def _moments(turns: list[AnsweredTurn], logs: list[Log], origin: int) -> list[Moment]:
    made = [
        Moment(at=at, since=since, turn=turn, bar=bar)
        for turn, bar in zip(turns, bars(turns), strict=True)
        for at, since in [_place(turn.started_ns, origin)]
    ]
    made += [
        Moment(at=at, since=since, log=log)
        for log in logs
        for at, since in [_place(log.at_ns, origin)]
    ]
    return sorted(made, key=lambda moment: moment.since)


def _sounds(conn: Connection, trace: Trace, base: str) -> list[Sound]:
    if not trace.has_recording:
        return []
    return [
        Sound(
            address=f"{base}/recordings/{each.id}.{each.format}",
            at=at,
            since=since,
            long=each.duration_ms,
        )
        for each in recordings.of(conn, trace.org_id, trace.id)
        for at, since in [_place(each.started_ns, trace.started_at * _MS)]
    ]


def _place(at_ns: int, origin: int) -> tuple[str, float]:
    return _since(at_ns, origin), (at_ns - origin) / _MS


def _since(at_ns: int, origin: int) -> str:
    return words.span((at_ns - origin) / 1e6)


def _facts(trace: Trace, *, inside: bool) -> list[tuple[str, str]]:
    """What is known of a conversation; its place in the organization is told to that alone."""
    told = {
        "Agent": " ".join(filter(None, (trace.agent, trace.agent_version))),
        "Came by": trace.transport,
        "Told by": trace.source,
        "Ended": trace.reason.replace("_", " "),
        "Outcome": trace.outcome,
    }
    if inside:
        told |= {
            "Tags": ", ".join(trace.tags),
            "Room": trace.room,
            "Conversation": trace.conversation_id or "",
            "Session": trace.session_id or "",
            "Visitor": trace.visitor_id or "",
            "Run": trace.id,
        }
    return [(name, value) for name, value in told.items() if value]

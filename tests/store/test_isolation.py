"""No unit of work reaches into another organization."""

from __future__ import annotations

import inspect
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError
from tests.store.tracing import RUN, line, span, told, turn
from tests.store.visiting import VISITOR, batch, page
from tests.store.world import NOW, World, authorize, build

from duologue.errors import DuologueError
from duologue.store import (
    agent_lists,
    agents,
    alert_measures,
    alerts,
    allowances,
    conversation_lists,
    conversations,
    feedback,
    forgetting,
    kept,
    keys,
    links,
    live_lists,
    messages,
    recordings,
    runs,
    sessions,
    trace_deletion,
    trace_export,
    trace_lists,
    trace_overview,
    trace_persons,
    traces,
    usage,
    visitor_lists,
    visitors,
    visits,
)
from duologue.store.records import Message, Page, Run
from duologue.store.tables import metadata
from duologue.store.trace_records import TraceEntry, TraceFilter

Call = Callable[[Connection, str, World], Any]


def say(conn: Connection, org_id: str, conversation_id: str, run_id: str) -> Message:
    """A line of the user's."""
    return messages.append(
        conn,
        org_id,
        conversation_id=conversation_id,
        run_id=run_id,
        session_id=None,
        turn_id="t",
        role="user",
        kind="message",
        text="stolen",
        now=NOW,
    )


# Every unit that takes an organization, called with the ids of somebody else's things.
CALLS: dict[tuple[ModuleType, str], Call] = {
    (keys, "all"): lambda c, o, w: keys.all(c, o),
    (keys, "get"): lambda c, o, w: keys.get(c, o, w.key.id),
    (keys, "revoke"): lambda c, o, w: keys.revoke(c, o, w.key.id, NOW),
    (keys, "set_origins"): lambda c, o, w: keys.set_origins(c, o, w.key.id, ["https://x.example"]),
    (keys, "end_by"): lambda c, o, w: keys.end_by(c, o, w.key.id, NOW),
    (keys, "used"): lambda c, o, w: keys.used(c, o, w.key.id, NOW),
    (agents, "all"): lambda c, o, w: agents.all(c, o),
    (agents, "get"): lambda c, o, w: agents.get(c, o, w.agent.id),
    (agents, "publish"): lambda c, o, w: agents.publish(c, o, w.agent.id, NOW + 1),
    (agents, "unpublish"): lambda c, o, w: agents.unpublish(c, o, w.agent.id, NOW + 1),
    (conversations, "get"): lambda c, o, w: conversations.get(c, o, w.conversation.id),
    (conversations, "held"): lambda c, o, w: conversations.held(c, o, [w.conversation.id]),
    (conversations, "page"): lambda c, o, w: conversations.page(c, o, agent_id=w.agent.id),
    (conversations, "end"): lambda c, o, w: conversations.end(c, o, w.conversation.id, "x", NOW),
    (conversations, "delete"): lambda c, o, w: conversations.delete(c, o, w.conversation.id),
    (conversations, "set_state"): lambda c, o, w: conversations.set_state(
        c, o, w.conversation.id, "{}"
    ),
    (conversations, "set_resume"): lambda c, o, w: conversations.set_resume(
        c, o, w.conversation.id, "x"
    ),
    (conversations, "keep_resume"): lambda c, o, w: conversations.keep_resume(
        c, o, w.conversation.id, "x"
    ),
    (sessions, "last_opened"): lambda c, o, w: sessions.last_opened(c, o, w.conversation.id),
    (sessions, "create"): lambda c, o, w: authorize(
        c, o, w.conversation.id, w.agent.id, w.key.id, "stolen"
    ),
    (sessions, "get"): lambda c, o, w: sessions.get(c, o, w.session.id),
    (sessions, "open"): lambda c, o, w: sessions.open(c, o, w.session.id, "run_x", NOW),
    (sessions, "detach"): lambda c, o, w: sessions.detach(c, o, w.session.id, NOW),
    (sessions, "end"): lambda c, o, w: sessions.end(c, o, w.session.id, "x", NOW, void=True),
    (sessions, "page"): lambda c, o, w: sessions.page(c, o, conversation_id=w.conversation.id),
    (allowances, "nth_of_agent"): lambda c, o, w: allowances.nth_of_agent(
        c, o, w.agent.id, 1, NOW - 1
    ),
    (allowances, "nth_of_conversation"): lambda c, o, w: allowances.nth_of_conversation(
        c, o, w.conversation.id, 1, NOW - 1
    ),
    (allowances, "live"): lambda c, o, w: allowances.live(c, o, w.agent.id, "", 0),
    (allowances, "used"): lambda c, o, w: allowances.used(c, o, w.agent.id, 0),
    (allowances, "in_line"): lambda c, o, w: allowances.in_line(c, o),
    (runs, "get"): lambda c, o, w: runs.get(c, o, w.run.id),
    (runs, "going_on"): lambda c, o, w: runs.going_on(c, o, w.conversation.id),
    (runs, "last"): lambda c, o, w: runs.last(c, o, w.conversation.id),
    (runs, "end"): lambda c, o, w: runs.end(c, o, w.run.id, "x", None, NOW),
    (messages, "append"): lambda c, o, w: say(c, o, w.conversation.id, w.run.id),
    (messages, "revise"): lambda c, o, w: messages.revise(c, o, w.message.id, text="x", now=NOW),
    (messages, "remove"): lambda c, o, w: messages.remove(c, o, w.message.id),
    (feedback, "of_agent"): lambda c, o, w: feedback.of_agent(c, o, w.agent.id, limit=9),
    (feedback, "ratings"): lambda c, o, w: feedback.ratings(c, o, w.agent.id),
    (agent_lists, "live"): lambda c, o, w: agent_lists.live(c, o),
    (conversation_lists, "first_words"): lambda c, o, w: conversation_lists.first_words(
        c, o, [w.conversation.id]
    ),
    (kept, "of"): lambda c, o, w: kept.of(c, o).agents,
    (live_lists, "going_on"): lambda c, o, w: [
        each.session_id for each in live_lists.going_on(c, o, 9) if each.session_id == w.session.id
    ],
    (live_lists, "elsewhere"): lambda c, o, w: [
        each.id for each in live_lists.elsewhere(c, o, 9) if each.id == RUN
    ],
    (live_lists, "last_words"): lambda c, o, w: live_lists.last_words(c, o, [w.conversation.id], 9),
    (visitor_lists, "page"): lambda c, o, w: visitor_lists.page(c, o),
    (visitor_lists, "conversations_of"): lambda c, o, w: visitor_lists.conversations_of(
        c, o, VISITOR
    ),
    (feedback, "of"): lambda c, o, w: feedback.of(c, o, w.conversation.id),
    (messages, "of"): lambda c, o, w: messages.of(c, o, w.conversation.id),
    (visits, "record"): lambda c, o, w: visits.record(c, o, batch(page("/b")), NOW),
    (visits, "meet"): lambda c, o, w: visits.meet(c, o, VISITOR, first=0, last=NOW + 1),
    (visits, "link"): lambda c, o, w: visits.link(c, o, w.conversation.id, VISITOR, NOW),
    (visitors, "of"): lambda c, o, w: visitors.of(c, o, w.conversation.id),
    (visitors, "known"): lambda c, o, w: visitors.known(c, o, VISITOR),
    (visitors, "whole"): lambda c, o, w: visitors.whole(c, o, VISITOR),
    (visitors, "forget"): lambda c, o, w: visitors.forget(c, o, VISITOR),
    (forgetting, "forget_session"): lambda c, o, w: forgetting.forget_session(c, o, w.session.id),
    (recordings, "finish"): lambda c, o, w: recordings.finish(
        c, o, recordings.of(c, w.id, RUN)[0].id, duration_ms=1, size=1
    ),
    (links, "add"): lambda c, o, w: links.add(
        c, o, RUN, hash="stolen", now=NOW, expires_at=NOW + 9
    ),
    (links, "of"): lambda c, o, w: links.of(c, o, RUN, NOW),
    (links, "revoke"): lambda c, o, w: links.revoke(c, o, RUN, links.of(c, w.id, RUN, NOW)[0].id),
    (recordings, "of"): lambda c, o, w: recordings.of(c, o, RUN),
    (recordings, "get"): lambda c, o, w: recordings.get(
        c, o, RUN, recordings.of(c, w.id, RUN)[0].id
    ),
    (recordings, "discard"): lambda c, o, w: recordings.discard(
        c, o, recordings.of(c, w.id, RUN)[0].id
    ),
    (trace_deletion, "delete_one"): lambda c, o, w: trace_deletion.delete_one(c, o, RUN),
    (trace_deletion, "delete_linked"): lambda c, o, w: trace_deletion.delete_linked(
        c, o, conversation_id=w.conversation.id, session_id=w.session.id
    ),
    (trace_deletion, "delete_of_visitor"): lambda c, o, w: trace_deletion.delete_of_visitor(
        c, o, VISITOR
    ),
    (trace_deletion, "prune_older"): lambda c, o, w: trace_deletion.prune_older(c, 2 * NOW, o),
    (trace_deletion, "prune_larger"): lambda c, o, w: trace_deletion.prune_larger(c, 0, o),
    (trace_lists, "get"): lambda c, o, w: trace_lists.get(c, o, RUN),
    (trace_export, "name"): lambda c, o, w: (
        trace_export.name(c, o, w.agent.id) != w.agent.id  # it finds no slug
    ),
    (trace_export, "page"): lambda c, o, w: trace_export.page(c, o, TraceFilter()),
    (trace_export, "whole"): lambda c, o, w: trace_export.whole(c, o, RUN),
    (trace_export, "export"): lambda c, o, w: trace_export.export(c, o, TraceFilter()).items,
    (alerts, "all"): lambda c, o, w: alerts.all(c, o),
    (alerts, "get"): lambda c, o, w: alerts.get(c, o, alerts.all(c, w.id)[0].id),
    (alerts, "remove"): lambda c, o, w: alerts.remove(c, o, alerts.all(c, w.id)[0].id),
    (alerts, "events"): lambda c, o, w: alerts.events(c, o),
    (alerts, "note"): lambda c, o, w: alerts.note(
        c, o, alerts.all(c, w.id)[0].id, alerts.Measured(9.0, 1), NOW
    ),
    (alerts, "rehearse"): lambda c, o, w: alerts.rehearse(c, o, alerts.all(c, w.id)[0].id, NOW),
    (alerts, "settle"): lambda c, o, w: alerts.settle(
        c, o, alerts.events(c, w.id)[0].id, delivery="failed", answer="stolen", next_at=None
    ),
    (alert_measures, "measure"): lambda c, o, w: (
        alert_measures.measure(c, o, "interruption_rate", "", since=0, until=2 * NOW).samples
    ),
    (trace_overview, "overview"): lambda c, o, w: (
        trace_overview.overview(c, o, since=0, until=2 * NOW).counts.traces
    ),
    (trace_lists, "page"): lambda c, o, w: trace_lists.page(c, o),
    (trace_lists, "spans_of"): lambda c, o, w: trace_lists.spans_of(c, o, RUN),
    (trace_lists, "turns_of"): lambda c, o, w: trace_lists.turns_of(c, o, RUN),
    (trace_persons, "persons"): lambda c, o, w: trace_persons.persons(c, o, RUN),
    (trace_persons, "turns_of"): lambda c, o, w: trace_persons.turns_of(c, o, RUN),
    (trace_lists, "logs_of"): lambda c, o, w: trace_lists.logs_of(c, o, RUN),
    (trace_lists, "lines_of"): lambda c, o, w: trace_lists.lines_of(c, o, RUN),
    (traces, "put"): lambda c, o, w: traces.put(c, o, [span(1), turn(0), line(1)], NOW),
    (traces, "keep_turns"): lambda c, o, w: traces.keep_turns(c, o, RUN, 0, NOW),
    (traces, "seq_of"): lambda c, o, w: traces.seq_of(c, o, RUN, NOW) and None,
}


def alert(conn: Connection, org_id: str) -> alerts.Alert:
    """A rule of that organization."""
    return alerts.add(
        conn,
        org_id,
        measure="lost",
        agent="",
        threshold=1.0,
        window_ms=60_000,
        webhook="https://example.com/",
        now=NOW,
    )


def start(conn: Connection, org_id: str, conversation_id: str, agent_id: str) -> Run:
    """A run of that conversation, which has none."""
    open_ = runs.going_on(conn, org_id, conversation_id)
    if open_ is not None:
        runs.end(conn, org_id, open_.id, "left", None, NOW)
    return runs.start(
        conn,
        org_id,
        id="run_x",
        conversation_id=conversation_id,
        agent_id=agent_id,
        process="x",
        now=NOW,
    )


Reach = Callable[[Connection, World, World], Any]

# New rows of an organization (the first world) that would refer to another's (the second).
REACHES: dict[str, Reach] = {
    "a key to an agent": lambda c, a, b: keys.insert(
        c,
        a.id,
        kind="public",
        hash="f",
        hint="",
        name="",
        agent_id=b.agent.id,
        origins=[],
        scopes=[],
        now=NOW,
        expires_at=None,
    ),
    "a conversation to an agent": lambda c, a, b: conversations.create(
        c, a.id, agent_id=b.agent.id, key_id=None, metadata={}, now=NOW
    ),
    "a conversation to a key": lambda c, a, b: conversations.create(
        c, a.id, agent_id=a.agent.id, key_id=b.key.id, metadata={}, now=NOW
    ),
    "a session to an agent": lambda c, a, b: authorize(
        c, a.id, a.conversation.id, b.agent.id, a.key.id, "x"
    ),
    "a session to a key": lambda c, a, b: authorize(
        c, a.id, a.conversation.id, a.agent.id, b.key.id, "x"
    ),
    "a run to a conversation": lambda c, a, b: start(c, a.id, b.conversation.id, a.agent.id),
    "a run to an agent": lambda c, a, b: start(c, a.id, a.conversation.id, b.agent.id),
    "a message to a run": lambda c, a, b: say(c, a.id, a.conversation.id, b.run.id),
    "usage to an agent": lambda c, a, b: usage.meter(
        c, [(a.id, a.session.id, a.run.id, b.agent.id, 1, 1)], NOW
    ),
}
MAKERS = {
    (keys, "insert"),
    (agents, "put"),
    (alerts, "add"),
    (conversations, "create"),
    (runs, "start"),
    (recordings, "start"),
}
MODULES = (
    *(alerts, alert_measures, allowances),
    *(keys, agents, conversations, sessions, runs, feedback, messages, visits, visitors),
    *(agent_lists, conversation_lists, kept, live_lists, visitor_lists),
    *(forgetting, links, recordings, trace_deletion, trace_export),
    *(trace_lists, trace_overview, trace_persons, traces),
)
HANGING = ("spans", "turns", "logs")
"""Tables whose rows belong to the organization of their trace."""


def everything(conn: Connection, org_id: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of an organization."""
    of_traces = metadata.tables["traces"].c
    ours = select(of_traces.seq).where(of_traces.org_id == org_id)
    hanging = [metadata.tables[name] for name in HANGING]
    return {
        table.name: [
            tuple(row) for row in conn.execute(select(table).where(table.c.trace_seq.in_(ours)))
        ]
        for table in hanging
    } | {
        table.name: [
            tuple(row)
            for row in conn.execute(
                select(table).where(table.c.org_id == org_id).order_by(table.c.id)
            )
        ]
        for table in metadata.sorted_tables
        if "org_id" in table.c
    }


@pytest.mark.parametrize("call", CALLS.values(), ids=[f"{m.__name__}.{n}" for m, n in CALLS])
def test_a_stranger_finds_and_changes_nothing(conn: Connection, call: Call) -> None:
    """With another organization's id: no answer, or a refusal, and every row as it was."""
    theirs = build(conn, "theirs")
    stranger = build(conn, "stranger", now=NOW)
    visits.record(conn, theirs.id, batch(page("/a")), NOW)
    visits.link(conn, theirs.id, theirs.conversation.id, VISITOR, NOW)
    where = {"conversation_id": theirs.conversation.id, "session_id": theirs.session.id}
    facts = told(visitor_id=VISITOR, source="otlp", status="active", **where)
    there = span(2, name="takeover", kind="state", attributes='{"who": "person"}')
    trace: list[TraceEntry] = [facts, span(1), there, turn(0), line(1)]
    traces.put(conn, theirs.id, trace, NOW)
    recordings.start(conn, theirs.id, RUN, path="a.ogg", format="ogg", started_ns=1, now=NOW)
    links.add(conn, theirs.id, RUN, hash="a", now=NOW, expires_at=NOW + 9)
    watched = alert(conn, theirs.id)
    alerts.rehearse(conn, theirs.id, watched.id, NOW)
    before = everything(conn, theirs.id)
    answer = None
    with suppress(DuologueError):
        answer = call(conn, stranger.id, theirs)
    found = answer.items if isinstance(answer, Page) else answer
    for each in found if isinstance(found, list) else []:
        assert each.org_id == stranger.id
    assert isinstance(found, list) or not found
    assert everything(conn, theirs.id) == before
    assert "stolen" not in str(everything(conn, stranger.id))


@pytest.mark.parametrize("reach", REACHES.values(), ids=list(REACHES))
def test_no_row_can_refer_to_a_stranger(conn: Connection, reach: Reach) -> None:
    """The database itself refuses what a caller forgot to check."""
    ours, theirs = build(conn, "ours"), build(conn, "theirs")
    with pytest.raises((sqlite3.IntegrityError, IntegrityError)):
        reach(conn, ours, theirs)


def test_metering_needs_the_owner_of_the_session(conn: Connection) -> None:
    """A tick under a strange organization adds nothing to the session."""
    theirs = build(conn, "theirs")
    stranger = build(conn, "stranger")
    usage.meter(
        conn, [(stranger.id, theirs.session.id, theirs.run.id, stranger.agent.id, 5, 5)], NOW
    )
    found = sessions.get(conn, theirs.id, theirs.session.id)
    assert found is not None
    assert found.attached_ms == 0


def test_every_unit_of_an_organization_is_walked() -> None:
    """A unit that is added must be added here."""
    known = set(CALLS) | MAKERS
    found = {
        (module, name)
        for module in MODULES
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and "org_id" in inspect.signature(function).parameters
    }
    assert found == known

"""What goes on now: a list of conversations, and one of them with its words as they come."""

from __future__ import annotations

from html import escape
from typing import ClassVar, Final

import msgspec
from sqlalchemy import Connection

from duologue.errors import DuologueError
from duologue.store import conversations, live_lists, messages, sessions
from duologue.store.live_lists import Elsewhere, GoingOn
from duologue.store.records import Message
from duologue.wire import live as wire

ROWS: Final = 100
"""Conversations of one list."""
OTHERS: Final = 50
"""Runs of other programs below it."""
SAID: Final = 200
"""The last words of a conversation that its page begins with."""
LAST: Final = 200
"""Characters of the last words that the list shows."""
LONGEST: Final = 2000
"""Characters of one turn."""
MOST: Final = 70_000
"""Bytes of what was said in one page, which stays small whatever that is."""
STATES: Final = {
    "initializing": "getting ready",
    "idle": "idle",
    "listening": "listening",
    "thinking": "thinking",
    "speaking": "speaking",
}
"""What the page calls what an agent does."""
WHY: Final[dict[str, str]] = {
    "encrypted": "It is encrypted from end to end, and its agent does not keep what is said.",
    "untraced": "The setting trace of this server keeps words out of the console.",
}
"""Why words are not shown."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation as the list shows it."""

    conversation: str
    agent: str
    visitor: str
    transport: str
    since: int
    state: str
    """What the agent does; nothing where another process knows it."""
    waits: bool
    """Whether nobody is connected, and the agent waits for them."""
    holder: str
    """Who speaks in the agent's place; nothing while the agent does."""
    side: wire.Side
    text: str
    hidden: bool


class ElsewhereView(msgspec.Struct, frozen=True, kw_only=True):
    """Runs of other programs that go on."""

    runs: list[Elsewhere]
    more: bool


class ListView(msgspec.Struct, frozen=True, kw_only=True):
    """The list."""

    rows: list[Row]
    more: bool
    elsewhere: ElsewhereView
    now: int
    states: ClassVar = STATES


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What was said in a turn."""

    turn: str
    side: wire.Side
    name: str
    """Who the person is, if it was one."""
    text: str
    at: int
    final: bool
    interrupted: bool


class LiveView(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation that goes on; or that is over, and then nothing is known but its last run."""

    conversation: str
    run: str
    agent: str = ""
    transport: str = ""
    visitor: str = ""
    page: str = ""
    since: int = 0
    state: str = ""
    clients: int = 0
    holder: str = ""
    mine: bool = False
    """Whether it is the reader who speaks in the agent's place."""
    hidden: str = ""
    """Why words are not shown."""
    said: list[Said] = []
    now: int = 0
    over: bool = False
    states: ClassVar = STATES


def going_on(conn: Connection, org_id: str) -> tuple[list[GoingOn], dict[str, tuple[str, str]]]:
    """The sessions that go on, and what was said last in their conversations."""
    found = live_lists.going_on(conn, org_id, ROWS + 1)
    ids = list({each.conversation_id for each in found})
    return found, live_lists.last_words(conn, org_id, ids, LAST)


def elsewhere(conn: Connection, org_id: str) -> ElsewhereView:
    """What goes on that others tell of: it is read, and nothing can be ordered there."""
    found = live_lists.elsewhere(conn, org_id, OTHERS + 1)
    return ElsewhereView(runs=found[:OTHERS], more=len(found) > OTHERS)


def row(one: GoingOn, shown: wire.Shown | None, last: tuple[str, str], *, words: bool) -> Row:
    """A row of the list; of a conversation in another process what the store knows."""
    role, text = last
    hidden = not words if shown is None else bool(shown.hidden)
    holder = None if shown is None else shown.holder
    return Row(
        conversation=one.conversation_id,
        agent=one.agent,
        visitor=one.visitor_id or "",
        transport=one.transport,
        since=one.opened_at or 0 if shown is None else shown.since,
        state="" if shown is None else shown.state,
        waits=shown is not None and not shown.clients,
        holder="" if holder is None else holder.name or "a person",
        side="user" if role == "user" else "agent",
        text="" if hidden else text,
        hidden=hidden,
    )


def load(conn: Connection, org_id: str, shown: wire.Shown, *, reader_id: str, now: int) -> LiveView:
    """A conversation that goes on, with its last words."""
    found = conversations.get(conn, org_id, shown.conversation)
    if found is None:
        raise DuologueError("conversation_not_found", conversation=shown.conversation)
    said: list[Said] = []
    if not shown.hidden:
        # More than are shown, for tools and errors stand among them.
        after = max(0, found.next_seq - 1 - 2 * SAID)
        stored = messages.of(conn, org_id, found.id, after)
        said = _fitting([_said(each) for each in stored if _is_said(each)], shown)
    holder = shown.holder
    return LiveView(
        conversation=shown.conversation,
        run=shown.run,
        agent=shown.agent,
        transport=shown.transport,
        visitor=shown.visitor or found.visitor_id or "",
        page=shown.page,
        since=shown.since,
        state=shown.state,
        clients=shown.clients,
        holder="" if holder is None else holder.name or "a person",
        mine=holder is not None and holder.by == reader_id,
        hidden=WHY.get(shown.hidden, ""),
        said=said,
        now=now,
    )


def load_over(conn: Connection, org_id: str, conversation_id: str, *, now: int) -> LiveView:
    """A conversation in which nothing goes on, with its last run."""
    last = sessions.last_opened(conn, org_id, conversation_id)
    run = "" if last is None else last.run_id or ""
    return LiveView(conversation=conversation_id, run=run, now=now, over=True)


def _is_said(message: Message) -> bool:
    return (
        message.kind == "message" and message.role in ("user", "assistant") and bool(message.text)
    )


def _said(message: Message) -> Said:
    by = message.item if isinstance(message.item, dict) else {}
    person = by.get("by") == "person"
    side: wire.Side = "user" if message.role == "user" else "person" if person else "agent"
    return Said(
        turn=message.turn_id,
        side=side,
        name=str(by.get("name", "")) if person else "",
        text=message.text[:LONGEST],
        at=message.created_at,
        final=message.final,
        interrupted=message.interrupted,
    )


def _fitting(said: list[Said], shown: wire.Shown) -> list[Said]:
    """The last words that fit; of the open turn as they are now: the store is a moment behind."""
    kept: list[Said] = []
    left = MOST
    for each in reversed(said[-SAID:]):
        if each.turn == shown.turn and shown.text:
            each = msgspec.structs.replace(each, text=shown.text[:LONGEST])
        left -= len(escape(each.text).encode())
        if left < 0:
            break
        kept.append(each)
    return kept[::-1]

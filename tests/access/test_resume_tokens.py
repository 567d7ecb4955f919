"""Resume tokens: the right one, for the same agent, from the same page, in time."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, update
from tests.store.world import NOW, World, authorize, build

from duologue.access import resume_tokens
from duologue.errors import DuologueError
from duologue.store import conversations, sessions, tables
from duologue.store.records import Session

WINDOW = 300_000
NEVER = "sess_" + "0" * 32
"""A session that never began."""


def redeem(conn: Connection, world: World, token: str, **changes: Any) -> str:
    """The id of the resumed conversation, or the code of the refusal."""
    facts: dict[str, Any] = {
        "org_id": world.id,
        "conversation_id": world.conversation.id,
        "agent_id": world.agent.id,
        "origin": "https://example.com",
        "window_ms": WINDOW,
        "now": NOW,
    }
    try:
        found = resume_tokens.redeem(conn, token, **(facts | changes))
    except DuologueError as error:
        return error.code
    return found.id if found else "a new one"


def test_a_token_leads_back_to_its_conversation(conn: Connection, world: World) -> None:
    """With the conversation's id or without; only its hash is stored."""
    token = resume_tokens.issue(conn, world.id, world.conversation.id)
    assert re.fullmatch(r"dk_resume_[A-Za-z0-9_-]{43}", token)
    assert redeem(conn, world, token) == world.conversation.id
    assert redeem(conn, world, token, conversation_id=None) == world.conversation.id
    found = conversations.get(conn, world.id, world.conversation.id)
    assert found is not None
    assert found.resume_hash == resume_tokens.digest(token)


def again(conn: Connection, world: World, **changes: Any) -> tuple[Session, str]:
    """The next session of the conversation with the next token, as an authorize makes them."""
    secret = f"again-{uuid4().hex}"
    made = authorize(
        conn, world.id, world.conversation.id, world.agent.id, world.key.id, secret, **changes
    )
    return made, resume_tokens.issue(conn, world.id, world.conversation.id)


def test_a_client_that_never_heard_of_its_new_token_comes_back_by_the_old(
    conn: Connection, world: World
) -> None:
    """However many answers were lost; of the tokens in them only the newest is good as well."""
    known = resume_tokens.issue(conn, world.id, world.conversation.id)
    sessions.open(conn, world.id, world.session.id, world.run.id, NOW)
    lost = []
    for _ in range(4):
        assert redeem(conn, world, known) == world.conversation.id
        lost.append(again(conn, world)[1])
    assert redeem(conn, world, known) == world.conversation.id
    void = {redeem(conn, world, token) for token in lost[:-1]}
    assert void == {"conversation_not_found"}
    assert redeem(conn, world, lost[-1]) == world.conversation.id


def test_a_token_is_kept_when_its_own_socket_never_opened(conn: Connection, world: World) -> None:
    """Its answer came, the socket failed, and the answer to the next authorize was lost."""
    resume_tokens.issue(conn, world.id, world.conversation.id)
    sessions.open(conn, world.id, world.session.id, world.run.id, NOW)
    _, known = again(conn, world)
    assert redeem(conn, world, known) == world.conversation.id
    again(conn, world)
    assert redeem(conn, world, known) == world.conversation.id


def test_opening_the_newest_session_voids_the_token_before(conn: Connection, world: World) -> None:
    """Its client holds the newest token; an older one is as good as none."""
    first = resume_tokens.issue(conn, world.id, world.conversation.id)
    sessions.open(conn, world.id, world.session.id, world.run.id, NOW)
    newer, second = again(conn, world)
    assert not sessions.open(conn, world.id, world.session.id, world.run.id, NOW)
    assert redeem(conn, world, first) == world.conversation.id, "an old session is no arrival"
    assert sessions.open(conn, world.id, newer.id, world.run.id, NOW)
    assert redeem(conn, world, first) == "conversation_not_found"
    assert redeem(conn, world, second) == world.conversation.id


def test_who_comes_in_between_voids_the_token(
    conn: Connection, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read before another client's session opened does not bring the token back."""
    first = resume_tokens.issue(conn, world.id, world.conversation.id)
    newer, _ = again(conn, world)
    read = conversations.by_resume(conn, resume_tokens.digest(first))
    sessions.open(conn, world.id, newer.id, world.run.id, NOW)
    monkeypatch.setattr(conversations, "by_resume", lambda *_: read)
    assert redeem(conn, world, first) == "conversation_not_found"
    monkeypatch.undo()
    assert redeem(conn, world, first) == "conversation_not_found"


def test_lost_answers_make_no_time(conn: Connection, world: World) -> None:
    """The window of either token is counted from when somebody was there; each is its page's."""
    known = resume_tokens.issue(conn, world.id, world.conversation.id)
    sessions.open(conn, world.id, world.session.id, world.run.id, NOW)
    sessions.detach(conn, world.id, world.session.id, NOW)
    _, newest = again(conn, world, now=NOW + WINDOW, origin="https://other.example")
    assert redeem(conn, world, known, now=NOW + WINDOW) == world.conversation.id
    late = NOW + WINDOW + 1
    assert redeem(conn, world, known, now=late) == "conversation_not_found"
    elsewhere = {"origin": "https://other.example"}
    assert redeem(conn, world, known, **elsewhere) == "conversation_not_found"
    assert redeem(conn, world, newest, now=late, **elsewhere) == "conversation_not_found"
    assert redeem(conn, world, newest, now=NOW + WINDOW, **elsewhere) == world.conversation.id


def test_whatever_does_not_fit_is_answered_alike(conn: Connection, world: World) -> None:
    """Another conversation, agent or page learns nothing."""
    token = resume_tokens.issue(conn, world.id, world.conversation.id)
    other = build(conn, "other")
    wrong: list[dict[str, Any]] = [
        {"conversation_id": other.conversation.id},
        {"agent_id": other.agent.id},
        {"origin": "https://evil.example"},
        {"origin": None},
    ]
    assert {redeem(conn, world, token, **each) for each in wrong} == {"conversation_not_found"}
    assert redeem(conn, world, "dk_resume_guess") == "conversation_not_found"


def test_a_conversation_without_a_session_is_not_resumed(conn: Connection, world: World) -> None:
    """There is nothing that the token could be bound to."""
    made = conversations.create(
        conn, world.id, agent_id=world.agent.id, key_id=None, metadata={}, now=NOW
    )
    token = resume_tokens.issue(conn, world.id, made.id)
    assert redeem(conn, world, token, conversation_id=made.id) == "conversation_not_found"


def test_the_holder_hears_that_it_was_ended(conn: Connection, world: World) -> None:
    """410, so that a client stops trying."""
    token = resume_tokens.issue(conn, world.id, world.conversation.id)
    conversations.end(conn, world.id, world.conversation.id, "hang_up", NOW)
    assert redeem(conn, world, token) == "conversation_ended"


@pytest.mark.parametrize(
    ("row", "left_at"),
    [
        ({"state": "authorized"}, NOW),
        ({"state": "live", "opened_at": NOW + 10}, None),
        ({"state": "detached", "opened_at": NOW, "detached_at": NOW + 20}, NOW + 20),
        ({"state": "ended", "detached_at": NOW + 20, "ended_at": NOW + 30}, NOW + 30),
    ],
)
def test_the_window_opens_when_the_last_client_left(
    conn: Connection, world: World, row: dict[str, Any], left_at: int | None
) -> None:
    """A live session is never too late; otherwise the last millisecond counts."""
    token = resume_tokens.issue(conn, world.id, world.conversation.id)
    session = tables.sessions
    conn.execute(update(session).where(session.c.id == world.session.id).values(**row))
    assert sessions.get(conn, world.id, world.session.id) is not None
    if left_at is None:
        assert redeem(conn, world, token, now=NOW + 100 * WINDOW) == world.conversation.id
        return
    assert redeem(conn, world, token, now=left_at + WINDOW) == world.conversation.id
    late = redeem(conn, world, token, now=left_at + WINDOW + 1)
    assert late == "conversation_not_found"


def test_a_strange_conversation_gets_no_token(conn: Connection, world: World) -> None:
    """An unknown id is refused by name."""
    with pytest.raises(DuologueError, match="conv_none"):
        resume_tokens.issue(conn, world.id, "conv_none")


def test_looking_at_a_token_changes_nothing(conn: Connection, world: World) -> None:
    """Who only asks whether it is good leaves the conversation as it was."""
    known = resume_tokens.issue(conn, world.id, world.conversation.id)
    again(conn, world)
    before = conversations.get(conn, world.id, world.conversation.id)
    found = resume_tokens.check(
        conn,
        known,
        org_id=world.id,
        conversation_id=None,
        agent_id=world.agent.id,
        origin="https://example.com",
        window_ms=WINDOW,
        now=NOW,
    )
    assert found == before == conversations.get(conn, world.id, world.conversation.id)


def promised(conn: Connection, world: World, shown: str | None, session: str) -> str:
    """A token that goes with a room, for whoever showed another one."""
    found = conversations.get(conn, world.id, world.conversation.id) if shown else None
    return resume_tokens.promise(session, shown, found)


def test_a_promise_stands_for_what_was_shown_until_its_session_began(
    conn: Connection, world: World
) -> None:
    """Then it counts by itself, or not at all: what was shown before comes to life no more."""
    known = resume_tokens.issue(conn, world.id, world.conversation.id)
    missed = promised(conn, world, known, NEVER)
    later = promised(conn, world, missed, "sess_" + "1" * 32)
    assert len(later) == len(missed), "only what counts is carried on"
    for token in (missed, later):
        assert redeem(conn, world, token) == world.conversation.id
        assert redeem(conn, world, token, origin="https://other.example") != world.conversation.id
        assert redeem(conn, world, token, agent_id="agt_other") == "conversation_not_found"
        assert redeem(conn, world, token, now=NOW + WINDOW + 1) == "conversation_not_found"
    begun = promised(conn, world, known, world.session.id)
    assert redeem(conn, world, begun) == "conversation_not_found"
    conversations.set_resume(conn, world.id, world.conversation.id, resume_tokens.digest(begun))
    assert redeem(conn, world, begun) == world.conversation.id
    assert redeem(conn, world, begun.partition(".")[0]) == world.conversation.id
    for opened in range(2):
        made, newer = again(conn, world)
        sessions.open(conn, world.id, made.id, f"run_{opened}", NOW)
        assert redeem(conn, world, begun) == redeem(conn, world, known) == "conversation_not_found"
        assert redeem(conn, world, newer) == world.conversation.id


def test_a_promise_of_a_new_conversation_leads_to_a_new_one(conn: Connection, world: World) -> None:
    """While nobody came into its session; from then on to none but that one."""
    assert redeem(conn, world, promised(conn, world, None, NEVER)) == "a new one"
    begun = promised(conn, world, None, world.session.id)
    assert redeem(conn, world, begun) == "conversation_not_found"


def test_where_an_id_alone_led_nothing_stands_behind_a_promise(
    conn: Connection, world: World
) -> None:
    """A token of another conversation beside it is not carried on."""
    found = conversations.get(conn, world.id, world.conversation.id)
    for shown in (None, resume_tokens.mint(), "", f"dk_resume_x.{NEVER}.dk_resume_z"):
        assert "." not in resume_tokens.promise(NEVER, shown, found)


@pytest.mark.parametrize(
    "tail", [".", "..", ".sess_", ".sess_x", ".conv_x.", f".{NEVER}.y", ".sess_\0."]
)
def test_what_only_looks_like_a_promise_is_none(conn: Connection, world: World, tail: str) -> None:
    """The secret in front is what counts."""
    token = resume_tokens.issue(conn, world.id, world.conversation.id)
    assert redeem(conn, world, token + tail) == world.conversation.id
    assert redeem(conn, world, resume_tokens.mint() + tail) == "conversation_not_found"
    assert redeem(conn, world, tail) == redeem(conn, world, "") == "conversation_not_found"


def test_two_tokens_that_somebody_joined_lead_where_the_first_does(
    conn: Connection, world: World
) -> None:
    """Whoever asks where it leads, and whoever lets in, mean the same conversation."""
    other = conversations.create(
        conn, world.id, agent_id=world.agent.id, key_id=world.key.id, metadata={}, now=NOW
    )
    authorize(conn, world.id, other.id, world.agent.id, world.key.id, "other")
    first = resume_tokens.issue(conn, world.id, other.id)
    second = resume_tokens.issue(conn, world.id, world.conversation.id)
    joined = f"{first}.{NEVER}.{second}"
    found = resume_tokens.meant(conn, joined)
    assert found is not None
    assert redeem(conn, world, joined, conversation_id=None) == found.id == other.id

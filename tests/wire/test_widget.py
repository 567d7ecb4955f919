"""The widget's words: its names for an agent, and what its page adds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.errors import DuologueError
from duologue.wire import widget as wire
from duologue.wire.consent import Consent
from duologue.wire.page import Page
from duologue.wire.tokens import TokenRequest


def read(asked: Any) -> TokenRequest:
    """The request that a value is as JSON."""
    return wire.read_request(json.dumps(asked).encode())


@pytest.mark.parametrize("name", ["agentId", "agent_id", "agent", "agent_name", "agentName"])
def test_the_agent_has_every_name_of_the_documents(name: str) -> None:
    """They all mean its id or slug."""
    assert read({name: "desk"}) == TokenRequest(agent_name="desk")


def test_a_resume_token_and_the_roads_are_read() -> None:
    """In both spellings."""
    asked = {"agentId": "desk", "resumeToken": "r", "conversationId": "c", "transports": ["x"]}
    wanted = TokenRequest(
        agent_name="desk", resume_token="r", conversation_id="c", transports=["x"]
    )
    assert read(asked) == wanted
    assert read({"agent_id": "desk", "resume_token": "r", **asked}) == wanted


def test_what_the_page_adds_is_kept_as_metadata() -> None:
    """`sessionBody` stands beside our fields; an explicit `metadata` goes over it."""
    asked = {"agentId": "desk", "userId": "u1", "plan": "free", "metadata": {"plan": "gold"}}
    assert read(asked).metadata == {"userId": "u1", "plan": "gold"}
    room = {"room_config": {"agents": [{"metadata": '{"plan": "silver", "vip": true}'}]}}
    assert read(asked | room).metadata == {"userId": "u1", "plan": "gold", "vip": True}


@pytest.mark.parametrize(
    "asked", [{"agentId": 5}, {"transports": "livekit"}, {"metadata": []}, {"e2ee": 1}, []]
)
def test_a_field_of_another_type_is_refused(asked: Any) -> None:
    """With its reason."""
    with pytest.raises(DuologueError) as caught:
        read(asked)
    assert caught.value.code == "bad_request"


@given(st.binary())
def test_no_bytes_break_the_reader(body: bytes) -> None:
    """They are a request, or refused in words."""
    try:
        found: object = wire.read_request(body)
    except DuologueError as error:
        found = error.code
    assert isinstance(found, TokenRequest) or found == "bad_request"


def test_where_the_visitor_is_and_what_it_agreed_to_is_read() -> None:
    """It is no metadata, in either spelling."""
    page = {"url": "https://a.example/x", "title": "X"}
    consent = {"hash": "ab", "at": 5}
    asked = {"agentId": "desk", "page": page, "consent": consent, "visitorId": "vis_1", "plan": 1}
    wanted = TokenRequest(
        agent_name="desk",
        page=Page("https://a.example/x", "X", "/x"),
        consent=Consent("ab", 5),
        visitor_id="vis_1",
        metadata={"plan": 1},
    )
    assert read(asked) == wanted
    assert read({**asked, "visitorId": None, "visitor_id": "vis_1"}) == wanted


@pytest.mark.parametrize(
    ("field", "value"), [("page", "/x"), ("consent", True), ("visitor_id", "v" * 65)]
)
def test_a_field_of_ours_is_refused_by_its_name(field: str, value: Any) -> None:
    """Whoever meant something else by it reads which name is taken."""
    with pytest.raises(DuologueError, match=field):
        read({field: value})


def test_feedback_is_read() -> None:
    """A thumb, with words or without."""
    told = wire.read_feedback(b'{"token": "t", "rating": "up"}')
    assert told == wire.WidgetFeedback(token="t", rating="up")
    whole = b'{"token": "t", "session_id": "s", "rating": "down", "text": "Too slow."}'
    assert wire.read_feedback(whole).text == "Too slow."


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "truncated"),
        (b'{"token": "t", "rating": "sideways"}', "rating"),
        (b'{"token": "t", "rating": "up", "stars": 5}', "stars"),
        (b'{"rating": "up"}', "token"),
        (b'{"token": "t", "rating": "up", "text": "a\\u0000"}', "text"),
        (b'{"token": "t", "rating": "up", "session_id": "\\u0000"}', "session_id"),
        (b'{"token": "t", "rating": "up", "text": "' + b"x" * 2001 + b'"}', "text"),
        (b"[" * 100_000, "object"),
        (b'{"token": "\xff", "rating": "up"}', "utf-8"),
    ],
)
def test_feedback_that_cannot_be_kept_says_why(body: bytes, words: str) -> None:
    """By the field that is wrong, unknown ones among them."""
    with pytest.raises(DuologueError, match=f"(?i){words}") as error:
        wire.read_feedback(body)
    assert error.value.code == "bad_request"

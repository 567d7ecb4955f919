"""The widget's words: its names for an agent, and what its page adds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.errors import DuologueError
from duologue.wire import widget as wire
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

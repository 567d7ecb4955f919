"""What a token is asked with, and how answers of every spelling are read."""

from __future__ import annotations

import time

import pytest
from tests.client.endpoint import jwt

from duologue.client.errors import TokenSourceError
from duologue.client.road import Ticket
from duologue.client.token_options import TokenOptions, claims, fresh, read_answer

NOW = time.time()


def test_every_option_has_its_place_in_the_request() -> None:
    """The names are those that LiveKit's own clients send."""
    options = TokenOptions(
        agent_name="A",
        agent_metadata="AM",
        agent_deployment="D",
        room_name="R",
        participant_name="N",
        participant_identity="I",
        participant_metadata="M",
        participant_attributes={"a": "b"},
    )
    assert options.body() == {
        "room_name": "R",
        "participant_name": "N",
        "participant_identity": "I",
        "participant_metadata": "M",
        "participant_attributes": {"a": "b"},
        "room_config": {"agents": [{"agent_name": "A", "metadata": "AM", "deployment": "D"}]},
    }


def test_a_conversation_and_roads_are_asked_only_when_they_are_named() -> None:
    """A stock endpoint is never sent a word that it does not know without need."""
    assert set(TokenOptions(agent_name="A").body()) == {"room_config"}
    body = TokenOptions(
        agent_name="A",
        conversation_id="conv_1",
        resume_token="t",
        transports=("websocket",),
        capabilities=("binary",),
    ).body()
    assert body["conversation_id"] == "conv_1"
    assert body["resume_token"] == "t"
    assert body["transports"] == ["websocket"]
    assert body["capabilities"] == ["binary"]
    assert body["agent_name"] == "A"


def test_camel_case_is_read_as_snake_case() -> None:
    """Endpoints of both spellings are taken, and fields that nobody knows are passed over."""
    token = jwt()
    for answer in (
        {"server_url": "ws://x", "participant_token": token, "room_name": "r", "else": 1},
        {"serverUrl": "ws://x", "participantToken": token, "roomName": "r"},
    ):
        ticket = read_answer(answer, now=NOW)
        assert ticket == Ticket("ws://x", token, room_name="r")


def test_the_part_of_a_duologue_server_is_read() -> None:
    """The conversation, what resumes it, and the configuration come along."""
    token = jwt()
    ticket = read_answer(
        {
            "server_url": "ws://x",
            "participant_token": token,
            "duologue": {
                "transport": "livekit",
                "url": "ws://x",
                "token": token,
                "room_name": "r",
                "conversation_id": "conv_1",
                "session_id": "sess_1",
                "resume_token": "t",
                "config": {"encryption": False},
            },
        },
        now=NOW,
    )
    assert ticket.token == token
    assert (ticket.room_name, ticket.conversation_id) == ("r", "conv_1")
    assert (ticket.session_id, ticket.resume_token) == ("sess_1", "t")
    assert ticket.config == {"encryption": False}


@pytest.mark.parametrize("nested", [True, False])
def test_a_socket_may_be_answered(nested: bool) -> None:
    """The part that is a duologue's own, inside or alone, may name a socket and its key."""
    part = {"transport": "websocket", "url": "http://h", "token": "dk_session_1", "config": None}
    answer = {"server_url": "ws://x", "duologue": part} if nested else part
    ticket = read_answer(answer, now=NOW)
    assert (ticket.url, ticket.token) == ("http://h", "dk_session_1")


def test_the_widget_doors_answer_opens_a_room() -> None:
    """Its address and token stand under their plain names."""
    token = jwt()
    answer = {"transport": "livekit", "url": "ws://x", "token": token, "room_name": "r"}
    assert read_answer(answer, now=NOW) == Ticket("ws://x", token, room_name="r")


@pytest.mark.parametrize(
    "text", ["", "a.b", "a..c", "a.b.c", "a.W10.c", "a.bm9qc29u.c", "a.\x00\x00.c"]
)
def test_what_is_no_jwt_has_no_claims(text: str) -> None:
    """Three parts, and an object in the middle."""
    assert claims(text) is None


@pytest.mark.parametrize(
    ("said", "good"),
    [
        ({"exp": NOW + 61}, True),
        ({"exp": NOW + 59}, False),
        ({"exp": None}, False),
        ({"exp": "soon"}, False),
        ({"exp": NOW + 600, "nbf": NOW - 1}, True),
        ({"exp": NOW + 600, "nbf": NOW + 60}, False),
        ({"exp": NOW + 600, "nbf": "now"}, False),
    ],
)
def test_a_ticket_is_fresh_until_a_minute_before_its_end(
    said: dict[str, object], good: bool
) -> None:
    """A token without an end, or from the future, is not kept."""
    assert fresh(Ticket("ws://x", jwt(**said)), NOW) is good


def test_a_key_of_a_socket_is_never_kept() -> None:
    """Its end is not written on it."""
    assert not fresh(Ticket("http://h", "dk_session_1"), NOW)


def test_a_refused_answer_is_shown_with_its_status() -> None:
    """What was answered is seen, and what it lacks."""
    with pytest.raises(TokenSourceError, match="has no participant_token") as refused:
        read_answer({"server_url": "ws://x"}, now=NOW, url="http://door", status=200)
    assert "ws://x" in refused.value.body

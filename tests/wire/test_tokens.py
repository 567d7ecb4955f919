"""The token endpoint's words: both spellings, nulls, and the agent's metadata."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.errors import DuologueError
from duologue.wire import tokens as wire

EVERYTHING = {
    "room_name": "R",
    "participant_name": "N",
    "participant_identity": "I",
    "participant_metadata": "M",
    "participant_attributes": {"a": "b"},
    "room_config": {
        "empty_timeout": 5,
        "agents": [{"agent_name": "A", "metadata": '{"plan": "gold"}', "deployment": "blue"}],
    },
    "conversation_id": "conv_1",
    "resume_token": "dk_resume_1",
    "config": {"transcription": {"trigger": "push_to_talk"}},
}
READ = wire.TokenRequest(
    room_name="R",
    participant_name="N",
    participant_identity="I",
    participant_metadata="M",
    participant_attributes={"a": "b"},
    room_config={"empty_timeout": 5},
    agent_name="A",
    deployment="blue",
    conversation_id="conv_1",
    resume_token="dk_resume_1",
    config={"transcription": {"trigger": "push_to_talk"}},
    metadata={"plan": "gold"},
)


def read(asked: Any) -> wire.TokenRequest:
    """The request that a value is as JSON."""
    return wire.read_request(json.dumps(asked).encode())


def refused(asked: Any) -> str:
    """Why a value is no request."""
    with pytest.raises(DuologueError) as caught:
        read(asked)
    assert caught.value.code == "bad_request"
    return caught.value.message


def camel(name: str) -> str:
    """The other spelling of a name."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def respelled(value: Any) -> Any:
    """A value whose every field has the other spelling."""
    if isinstance(value, dict):
        return {camel(name): respelled(inner) for name, inner in value.items()}
    return [respelled(each) for each in value] if isinstance(value, list) else value


def test_every_field_is_read_in_both_spellings() -> None:
    """As the protocol writes it, and as JavaScript would."""
    assert read(EVERYTHING) == READ
    other = respelled(EVERYTHING)
    assert other["roomConfig"]["agents"][0]["agentName"] == "A"
    again = read(other)
    assert again.room_config == {"emptyTimeout": 5}
    assert msgspec.structs.replace(again, room_config=READ.room_config) == READ


@pytest.mark.parametrize(
    "asked",
    [
        None,
        {},
        {"room_config": {}},
        {"room_config": None, "participant_attributes": None, "room_name": None},
        {"room_config": {"agents": None, "empty_timeout": None}},
        {"room_config": {"agents": []}},
        {"room_config": {"agents": [None]}},
        {"room_config": {"agents": [{}]}},
        {"room_config": {"agents": [{"agent_name": None, "metadata": None, "deployment": None}]}},
        {"room_config": {"agents": [{"metadata": "", "restart_policy": 1, "attributes": {}}]}},
        {"participant_attributes": {"a": None}},
        {"somethingNew": {"of": "later"}},
    ],
)
def test_what_says_nothing_means_nothing(asked: Any) -> None:
    """Nulls, empty objects and unknown fields are as good as missing."""
    assert read(asked) == wire.TokenRequest()


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"room_name": 5}, "room_name"),
        ({"participant_attributes": {"a": 1}}, "participant_attributes"),
        ({"participant_attributes": []}, "participant_attributes"),
        ({"room_config": "x"}, "room_config"),
        ({"room_config": {"agents": {"agent_name": "A"}}}, "agents"),
        ({"room_config": {"agents": [5]}}, "agents[0]"),
        ({"room_config": {"agents": [{"agent_name": []}]}}, "agent_name"),
        ({"room_config": {"agents": [{"metadata": 5}]}}, "metadata"),
        ({"room_config": {"agents": [{}, {}]}}, "has 2"),
        ({"room_config": {"agents": [{"metadata": '{"e2ee": "yes"}'}]}}, "e2ee"),
        ({"room_config": {"agents": [{"metadata": '{"conversation_id": 1}'}]}}, "conversation_id"),
        ({"conversation_id": []}, "conversation_id"),
        ({"metadata": "x"}, "metadata"),
        ({"transports": "livekit"}, "transports"),
    ],
)
def test_a_field_of_another_type_is_named(asked: Any, word: str) -> None:
    """The refusal says which."""
    assert word in refused(asked)


def test_the_agents_metadata_is_an_object_or_a_text() -> None:
    """A JSON object is read; whatever else it is, the agent gets it as `text`."""

    def metadata(value: Any) -> dict[str, Any]:
        return read({"room_config": {"agents": [{"metadata": value}]}}).metadata

    assert metadata('{"plan": "gold"}') == {"plan": "gold"}
    assert metadata({"plan": "gold"}) == {"plan": "gold"}
    assert metadata("a gold customer") == {"text": "a gold customer"}
    assert metadata("[1]") == {"text": "[1]"}
    assert metadata("[" * 100_000) == {"text": "[" * 100_000}
    assert metadata(json.dumps({"text": "[" * 70})) == {"text": "[" * 70}
    deep = '{"a":' * 70 + "1" + "}" * 70
    assert "64 levels" in refused({"room_config": {"agents": [{"metadata": deep}]}})


def test_what_the_metadata_says_to_us_is_not_the_agents() -> None:
    """A resume token is nobody's business; named beside it, the request's own field counts."""
    said = '{"conversation_id": "c", "resume_token": "r", "e2ee": true, "plan": "gold"}'
    asked: dict[str, Any] = {"room_config": {"agents": [{"metadata": said}]}}
    found = read(asked)
    assert (found.conversation_id, found.resume_token, found.e2ee) == ("c", "r", True)
    assert found.metadata == {"plan": "gold"}
    assert read(asked | {"conversation_id": "d"}).conversation_id == "d"


def test_our_own_clients_say_more() -> None:
    """Beside the protocol's fields: roads, extensions, and metadata as it is."""
    asked = {
        "agent_name": "B",
        "transports": ["websocket"],
        "capabilities": ["mic16"],
        "e2ee": True,
        "metadata": {"plan": "silver", "e2ee": False},
        "room_config": {"agents": [{"agent_name": "A", "metadata": '{"plan": "gold"}'}]},
    }
    assert read(asked) == wire.TokenRequest(
        agent_name="B",
        transports=["websocket"],
        capabilities=["mic16"],
        e2ee=True,
        metadata={"plan": "silver"},
    )


@given(st.binary())
def test_no_bytes_break_the_reader(body: bytes) -> None:
    """They are a request, or refused in words."""
    try:
        found: object = wire.read_request(body)
    except DuologueError as error:
        found = error.code
    assert isinstance(found, wire.TokenRequest) or found == "bad_request"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["agents", "agent_name", "metadata", "deployment", "x"]), inner
        )
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*EVERYTHING, *respelled(EVERYTHING), "x"]), JSON))
def test_no_object_breaks_the_reader(asked: dict[str, Any]) -> None:
    """Whatever stands in a field, the answer is a request or a refusal."""
    try:
        found = msgspec.json.encode(read(asked))
    except DuologueError as error:
        assert error.code == "bad_request", error  # noqa: PT017  # either is right, nothing else
        return
    assert msgspec.json.decode(found, type=wire.TokenRequest) == read(asked)


def test_a_token_says_what_livekit_reads_and_no_more() -> None:
    """Names are LiveKit's own, and what is empty is left out."""
    token = wire.RoomToken(
        iss="key", sub="jo", nbf=1, exp=2, video=wire.Grant(room="blue"), room_config={}
    )
    assert msgspec.to_builtins(token) == {
        "iss": "key",
        "sub": "jo",
        "nbf": 1,
        "exp": 2,
        "video": {
            "room": "blue",
            "roomJoin": True,
            "canPublish": True,
            "canSubscribe": True,
            "canPublishData": True,
            "canUpdateOwnMetadata": True,
        },
        "roomConfig": {},
    }

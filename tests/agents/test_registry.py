"""The decorator and the catalog: what may be said about an agent, and what is refused."""

from __future__ import annotations

import pytest
from livekit.agents import Agent

from duologue.agents.definition import AgentDefinition, LoadedAgent, TurnTaking
from duologue.agents.registry import Catalog, agent, collecting
from duologue.errors import DuologueError
from duologue.testing.models import ScriptedSTT


def test_a_decorated_class_is_collected_with_what_was_said_about_it() -> None:
    """Every keyword arrives in the definition, and the class itself is unchanged."""
    with collecting("front.py") as collection:

        @agent(
            "front-desk", greeting="Hello!", phrases=["Book a table."], turns={"silence": 0.2},
            llm="openai/gpt-4.1-mini",
        )  # fmt: skip
        class Desk(Agent):
            """You are brief."""

    (loaded,) = collection.agents
    assert loaded.definition == AgentDefinition(
        slug="front-desk",
        greeting="Hello!",
        phrases=("Book a table.",),
        turns=TurnTaking(silence=0.2),
        llm="openai/gpt-4.1-mini",
    )
    assert (loaded.source, loaded.models) == ("front.py", None)
    made = loaded.make()
    assert isinstance(made, Desk)
    assert made.instructions == "You are brief."


def test_model_objects_and_factories_stay_out_of_what_is_written_down() -> None:
    """A definition is stored as JSON; plugin objects go beside it."""
    ear = ScriptedSTT([])
    with collecting("front.py") as collection:
        agent("a", stt=ear, tts=lambda: None, turns=TurnTaking(silence=1))(
            lambda: Agent(instructions="")
        )
    (loaded,) = collection.agents
    assert loaded.models is not None
    assert set(loaded.models) == {"stt", "tts"}
    assert loaded.models["stt"] is ear
    assert (loaded.definition.stt, loaded.definition.turns.silence) == ("", 1)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"greetings": "Hi"}, "'greetings'"),
        ({"turns": {"quiet": 1}}, "'turns.quiet'"),
        ({"turns": {"silence": "long"}}, "turns.silence"),
        ({"tabs": "many"}, "tabs"),
        ({"stt": 3}, "stt is 3"),
        ({"phrases": ["for {people}"]}, "{people}"),
        ({"transports": []}, "transports"),
        ({"transports": ["pigeon"]}, "transports"),
        ({"encryption": "required"}, "encryption_key"),
        ({"encryption": "optional"}, "encryption_key"),
        ({"encryption_key": "hunter2"}, "env:NAME"),
        (
            {"encryption": "required", "encryption_key": "env:A", "transports": ["websocket"]},
            "transports",
        ),
    ],
)
def test_what_is_not_understood_is_refused_by_name(given: dict[str, object], named: str) -> None:
    """The error says which keyword, so that a typing mistake is found at once."""
    with pytest.raises(DuologueError) as caught:
        agent("front-desk", **given)
    assert caught.value.code == "agent_invalid"
    assert named in caught.value.message


def test_the_key_of_encrypted_rooms_is_never_written_down() -> None:
    """The definition says where it is; a function that gives it stays beside the definition."""
    with collecting("front.py") as collection:
        agent("a", encryption="required", encryption_key=lambda: "hunter2")(
            lambda: Agent(instructions="")
        )
        agent("b", encryption="optional", encryption_key="env:ROOM_KEY")(
            lambda: Agent(instructions="")
        )
    first, second = collection.agents
    assert first.definition.encryption_key == ""
    assert first.encryption_key is not None
    assert first.encryption_key() == "hunter2"
    assert (second.definition.encryption_key, second.encryption_key) == ("env:ROOM_KEY", None)


def test_what_must_be_encrypted_is_not_reached_over_a_socket() -> None:
    """Whatever its transports say."""
    plain = AgentDefinition(slug="a")
    assert plain.roads == ("livekit", "websocket")
    assert AgentDefinition(slug="a", encryption="optional").roads == plain.roads
    assert AgentDefinition(slug="a", encryption="required").roads == ("livekit",)


def test_what_cannot_be_made_without_arguments_is_refused() -> None:
    """An agent is made anew for each conversation, by nobody who has arguments for it."""

    def needy(name: str) -> Agent:
        return Agent(instructions=name)

    async def late() -> Agent:
        return Agent(instructions="")

    for made in (needy, late, int):
        with pytest.raises(DuologueError, match="front-desk"):
            agent("front-desk")(made)  # type: ignore[type-var]  # the mistake under test


def test_a_slug_is_taken_once() -> None:
    """The second owner of a slug is refused, naming both files."""
    catalog = Catalog()
    first = LoadedAgent(AgentDefinition(slug="a"), lambda: Agent(instructions=""), "one.py")
    catalog.add(first)
    with pytest.raises(DuologueError, match=r"one\.py and in two\.py"):
        catalog.add(LoadedAgent(first.definition, first.make, "two.py"))
    assert catalog.get("a") is first
    assert catalog.get("b") is None
    assert catalog.all() == [first]

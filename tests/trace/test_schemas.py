"""Schemas of steps and tools are registered as Prefactor's API takes them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from duologue.trace.schemas import (
    LiveKitToolSchemaConfig,
    SchemaRegistry,
    agent_schema,
    schema_version,
    tool_types,
)

CITY: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}}


def names(schema: dict[str, Any]) -> list[str]:
    """The span types of a schema."""
    return [entry["name"] for entry in schema["span_type_schemas"]]


def test_every_step_that_is_told_has_a_schema() -> None:
    """All nine span types are registered, STT, TTS and state among them."""
    assert names(agent_schema(None, livekit=True, tools=None)) == [
        f"livekit:{kind}"
        for kind in (
            *("session", "user_turn", "assistant_turn", "llm"),
            *("stt", "tts", "tool", "state", "error"),
        )
    ]
    assert names(agent_schema(None, livekit=False, tools=None)) == []


@pytest.mark.parametrize("span_type", ["weather", "tool:weather", " livekit:tool:weather "])
def test_a_tool_is_a_span_type_of_its_own(span_type: str) -> None:
    """Whichever way it is named, a tool's calls are livekit:tool:NAME with its own inputs."""
    tools = {"get_weather": LiveKitToolSchemaConfig(span_type, CITY)}
    assert tool_types(tools) == {"get_weather": "livekit:tool:weather"}
    [entry] = agent_schema(None, livekit=False, tools=tools)["span_type_schemas"]
    assert entry["name"] == "livekit:tool:weather"
    assert entry["params_schema"]["properties"]["inputs"] == CITY
    assert entry["result_schema"] == {"type": "object", "additionalProperties": True}


def test_a_mapping_or_anothers_class_serves_as_well() -> None:
    """A plain mapping, and Prefactor's own class of that name, are read by their fields."""
    tools: Any = {
        "a": {"span_type": "a", "input_schema": CITY, "result_schema": CITY},
        "b": SimpleNamespace(span_type="b", input_schema=CITY, result_schema=CITY),
    }
    assert tool_types(tools) == {"a": "livekit:tool:a", "b": "livekit:tool:b"}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"input_schema": {}}, r"tool_schemas\['x'\].span_type must be a text, not None"),
        ({"span_type": "x"}, "input_schema must be a JSON schema"),
        ({"span_type": "x", "input_schema": {}, "result_schema": 1}, "result_schema must be"),
        ({"span_type": "x", "input_schema": {}, "inputs": {}}, "unknown field 'inputs'"),
        ({"span_type": "tool:", "input_schema": {}}, "span_type is empty"),
        (None, "span_type must be a text"),
    ],
)
def test_refuses_a_tool_without_its_schemas(config: Any, said: str) -> None:
    """What is missing is said by name, with the tool's."""
    with pytest.raises(ValueError, match=said):
        tool_types({"x": config})


def test_refuses_two_tools_of_one_type() -> None:
    """Two tools whose calls could not be told apart are refused, both by name."""
    config = {"span_type": "x", "input_schema": {}}
    with pytest.raises(ValueError, match=r"\['b'\] and tool_schemas\['a'\].*'livekit:tool:x'"):
        tool_types({"a": config, "b": {**config, "span_type": "tool:x"}})


def test_a_registry_of_your_own_is_kept() -> None:
    """Its types come first, ours are added but where it has them, and qualities go along."""
    registry = SchemaRegistry()
    registry.register("livekit:llm", CITY)
    registry.register_type("mine:step", CITY, CITY, title="Mine", template="{{city}}")
    registry.register_quality_schema("politeness", CITY)
    schema = agent_schema(registry, livekit=True, tools=None)
    assert names(schema)[:2] == ["livekit:llm", "mine:step"]
    assert names(schema).count("livekit:llm") == 1
    assert schema["quality_schemas"][0]["name"] == "politeness"
    assert "external_identifier" not in schema
    assert registry.has_schema("mine:step")
    with pytest.raises(ValueError, match="'mine:step' already"):
        registry.register("mine:step", CITY)
    with pytest.raises(ValueError, match="'politeness' already"):
        registry.register_quality_schema("politeness", CITY)


def test_a_mapping_serves_as_a_registry() -> None:
    """Span types with their shapes, or what a registry would say."""
    flat = agent_schema({"mine": CITY}, livekit=False, tools=None)
    assert flat == {"span_schemas": {"mine": CITY}, "span_type_schemas": []}
    whole = agent_schema(
        {"external_identifier": "x", "span_type_schemas": [{"name": "mine"}]},
        livekit=False,
        tools=None,
    )
    assert whole == {"span_type_schemas": [{"name": "mine"}]}


def test_the_version_changes_with_the_schemas_and_nothing_else() -> None:
    """The same agent has the same version in every process."""
    one = agent_schema(None, livekit=True, tools=None)
    assert schema_version("a", "A", one) == schema_version("a", "A", dict(reversed(one.items())))
    assert schema_version("a", "A", one).startswith("livekit-a-")
    assert schema_version(None, "A", one).startswith("livekit-deployment-")
    other = agent_schema({"mine": CITY}, livekit=True, tools=None)
    assert schema_version("a", "A", one) != schema_version("a", "A", other)

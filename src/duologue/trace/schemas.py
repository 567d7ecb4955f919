"""The shapes of what is told of a session, as JSON schemas: the steps', and your own tools'."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

ANYTHING: Final[Mapping[str, Any]] = {"type": "object", "additionalProperties": True}
_TEXT: Final = {"type": "string"}
_NUMBER: Final = {"type": "number"}
_WHOLE: Final = {"type": "integer"}
_TRUTH: Final = {"type": "boolean"}


@dataclass(frozen=True)
class LiveKitToolSchemaConfig:
    """What one tool takes and gives back, and the span type that its calls have."""

    span_type: str
    input_schema: dict[str, Any]
    result_schema: dict[str, Any] = field(default_factory=lambda: dict(ANYTHING))


class Registry(Protocol):
    """What Prefactor's own SchemaRegistry and ours can do: name all their schemas."""

    def to_agent_schema_version(self, external_id: str) -> dict[str, Any]:
        """All of them, under that identifier."""


ToolSchemas = Mapping[str, "LiveKitToolSchemaConfig | Mapping[str, Any]"]


class SchemaRegistry:
    """Span types with the shape of what goes in and what comes out."""

    def __init__(self) -> None:
        self._types: dict[str, dict[str, Any]] = {}
        self._qualities: dict[str, dict[str, Any]] = {}

    def register(self, schema_name: str, schema: dict[str, Any]) -> None:
        """Names the shape of what goes into steps of this type."""
        self.register_type(schema_name, schema)

    def register_type(
        self,
        name: str,
        params_schema: dict[str, Any],
        result_schema: dict[str, Any] | None = None,
        title: str | None = None,
        description: str | None = None,
        template: str | None = None,
        data_risk: dict[str, Any] | None = None,
    ) -> None:
        """Names a span type with all that is known of it; a name is taken once."""
        if name in self._types:
            raise ValueError(f"there is a span type {name!r} already; register each once")
        entry = {
            "name": name,
            "params_schema": params_schema,
            "result_schema": result_schema,
            "title": title,
            "description": description,
            "template": template,
            "data_risk": data_risk,
        }
        self._types[name] = {key: value for key, value in entry.items() if value is not None}

    def register_quality_schema(
        self, name: str, schema: dict[str, Any], title: str | None = None
    ) -> None:
        """Names the shape of one judgement of a session; see Instance.record_quality."""
        if name in self._qualities:
            raise ValueError(f"there is a quality {name!r} already; register each once")
        self._qualities[name] = {"name": name, "schema": schema, "title": title or name}

    def has_schema(self, schema_name: str) -> bool:
        """Whether a span type has that name."""
        return schema_name in self._types

    def to_agent_schema_version(self, external_id: str) -> dict[str, Any]:
        """All of it, under that identifier, as Prefactor's API takes it."""
        told: dict[str, Any] = {
            "external_identifier": external_id,
            "span_type_schemas": list(self._types.values()),
        }
        if self._qualities:
            told["quality_schemas"] = list(self._qualities.values())
        return told


def agent_schema(
    registry: Registry | Mapping[str, Any] | None,
    *,
    livekit: bool,
    tools: ToolSchemas | None,
) -> dict[str, Any]:
    """Everything that is registered for an agent, without an identifier of its own yet.

    A mapping instead of a registry is either what a registry would say, or span types with the
    shape of what goes into them.
    """
    if registry is None:
        told: dict[str, Any] = {}
    elif isinstance(registry, Mapping):
        whole = "span_type_schemas" in registry or "span_schemas" in registry
        told = dict(registry) if whole else {"span_schemas": dict(registry)}
    else:
        told = dict(registry.to_agent_schema_version(""))
    told.pop("external_identifier", None)
    types = list(told.get("span_type_schemas", ()))
    known = {entry["name"] for entry in types} | set(told.get("span_schemas", ()))
    ours = [*(_livekit_types() if livekit else ()), *_tool_types(tools or {})]
    types += [entry for entry in ours if entry["name"] not in known]
    return told | {"span_type_schemas": types}


def schema_version(agent_id: str | None, agent_name: str, schema: Mapping[str, Any]) -> str:
    """An identifier that is the same for the same agent and schemas, in every process."""
    written = json.dumps({"name": agent_name, **schema}, sort_keys=True, default=str)
    digest = hashlib.sha256(written.encode()).hexdigest()[:8]
    return f"livekit-{agent_id or 'deployment'}-{digest}"


def tool_types(tools: ToolSchemas | None) -> dict[str, str]:
    """The span type of each tool that has a schema; two of one type are refused."""
    types: dict[str, str] = {}
    for tool, config in (tools or {}).items():
        kind = _span_type(tool, _checked(tool, config).span_type)
        for other, taken in types.items():
            if taken == kind:
                raise ValueError(
                    f"tool_schemas[{tool!r}] and tool_schemas[{other!r}] have one span_type, "
                    f"{kind!r}; give each its own"
                )
        types[tool] = kind
    return types


def _checked(tool: str, config: object) -> LiveKitToolSchemaConfig:
    """A tool's schemas; what they lack is said by name."""
    if isinstance(config, Mapping):
        unknown = set(config) - {"span_type", "input_schema", "result_schema"}
        if unknown:
            raise ValueError(f"tool_schemas[{tool!r}] has an unknown field {min(unknown)!r}")
        told = config
    else:
        told = {
            name: getattr(config, name, None)
            for name in ("span_type", "input_schema", "result_schema")
        }
    result = told.get("result_schema")
    result = dict(ANYTHING) if result is None else result
    for name, value, kind, word in (
        ("span_type", told.get("span_type"), str, "a text"),
        ("input_schema", told.get("input_schema"), dict, "a JSON schema"),
        ("result_schema", result, dict, "a JSON schema"),
    ):
        if not isinstance(value, kind):
            raise ValueError(f"tool_schemas[{tool!r}].{name} must be {word}, not {value!r}")
    return LiveKitToolSchemaConfig(told["span_type"], told["input_schema"], result)


def _span_type(tool: str, span_type: str) -> str:
    short = span_type.strip().removeprefix("livekit:").removeprefix("tool:").strip()
    if not short:
        raise ValueError(f"tool_schemas[{tool!r}].span_type is empty; name it, as {tool!r}")
    return f"livekit:tool:{short}"


def _tool_types(tools: ToolSchemas) -> list[dict[str, Any]]:
    entries = []
    for tool, name in tool_types(tools).items():
        config = _checked(tool, tools[tool])
        params = _params("tool", tool_name=_TEXT, call_id=_TEXT, inputs=config.input_schema)
        entries.append(
            {
                "name": name,
                "params_schema": params,
                "result_schema": config.result_schema,
                "title": name,
                "description": f"Calls of the tool {tool}",
            }
        )
    return entries


def _params(kind: str, **fields: Mapping[str, Any]) -> dict[str, Any]:
    shared = {"type": _TEXT, "name": _TEXT, "metadata": ANYTHING, "turn_index": _WHOLE}
    return {"type": "object", "properties": shared | fields, "title": f"livekit:{kind}"}


def _livekit_types() -> list[dict[str, Any]]:
    """The steps of every session; each is told with its beginning, its end and its failure."""
    model = {"model_name": _TEXT, "provider": _TEXT}
    fields: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
        "session": (
            {"agent_name": _TEXT},
            {"usage": ANYTHING, "outcome": _TEXT, "reason": _TEXT},
        ),
        "user_turn": ({}, {"transcript": _TEXT, "confidence": _NUMBER}),
        "assistant_turn": ({"input": _TEXT}, {"outputs": ANYTHING, "interrupted": _TRUTH}),
        "llm": (model, {}),
        "stt": (model, {}),
        "tts": (model, {}),
        "tool": (
            {"tool_name": _TEXT, "call_id": _TEXT, "inputs": ANYTHING},
            {"outputs": ANYTHING, "is_error": _TRUTH},
        ),
        "state": ({"actor": _TEXT, "state": _TEXT}, {}),
        "error": ({"error_type": _TEXT, "message": _TEXT}, {}),
    }
    return [
        {
            "name": f"livekit:{kind}",
            "params_schema": _params(kind, **params),
            "result_schema": {
                "type": "object",
                "properties": {
                    "status": {"type": "string", "enum": ["completed", "failed", "cancelled"]},
                    "metrics": ANYTHING,
                    "error": ANYTHING,
                    **result,
                },
            },
            "title": f"LiveKit {kind.replace('_', ' ')}",
        }
        for kind, (params, result) in fields.items()
    ]

"""What a session changes of its agent's definition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from duologue.agents.definition import AgentDefinition
from duologue.errors import DuologueError


def overridden(definition: AgentDefinition, overrides: Mapping[str, Any]) -> AgentDefinition:
    """The definition with what a session changes of it, if its agent allows that."""
    if not overrides:
        return definition
    values = msgspec.to_builtins(definition)
    for path, value in flattened(overrides):
        if path not in definition.overrides:
            allowed = ", ".join(definition.overrides) or "nothing"
            raise DuologueError(
                "config_not_allowed", agent=definition.slug, field=path, allowed=allowed
            )
        holder, _, name = path.rpartition(".")
        (values[holder] if holder else values)[name] = value
    try:
        return msgspec.convert(values, AgentDefinition)
    except msgspec.ValidationError as error:
        raise DuologueError("bad_request", reason=f"config: {error}") from None


def flattened(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """The leaves of nested tables, each with its path."""
    leaves: list[tuple[str, Any]] = []
    for name, value in tree.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping):
            leaves += flattened(value, f"{path}.")
        else:
            leaves.append((path, value))
    return leaves

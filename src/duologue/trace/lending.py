"""Sinks that are somebody else's: written to, and left open; and clients of Prefactor's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from duologue.trace.entries import Entry
from duologue.trace.schemas import ToolSchemas, agent_schema, tool_types
from duologue.trace.sink_prefactor import PrefactorSink
from duologue.trace.sinks import Sink


class Lent:
    """A sink that its owner closes."""

    def __init__(self, sink: Sink) -> None:
        self.name = sink.name
        self.remote = sink.remote
        self.content = sink.content
        self.every = getattr(sink, "every", 0.5)
        self.where = getattr(sink, "where", "")
        self.sink = sink

    async def write(self, batch: Sequence[Entry]) -> None:
        """Writes to it."""
        await self.sink.write(batch)

    async def close(self) -> None:
        """Leaves it open."""


def sinks_of(client: Any) -> list[Sink]:
    """The sinks that were passed in; what is none is said by its type."""
    given = list(client) if isinstance(client, list | tuple) else [client]
    for sink in given:
        if not all(hasattr(sink, name) for name in ("name", "remote", "content", "write", "close")):
            raise ValueError(
                f"{type(sink).__name__} is no sink: it needs name, remote, content, write() and "
                f"close(), as OtlpSink, PrefactorSink and LinesSink have"
            )
    return [Lent(sink) for sink in given]


def is_prefactor(client: Any) -> bool:
    """Whether this is a client of prefactor-core, whose address and key can be read."""
    return getattr(getattr(client, "_config", None), "http_config", None) is not None


def prefactor_sink(
    client: Any,
    agent_id: str | None,
    agent_name: str | None,
    tool_schemas: ToolSchemas | None,
    *,
    instance_id: str | None = None,
) -> PrefactorSink:
    """A sink of our own to where a client of prefactor-core goes; the client is not used."""
    config = client._config
    registry: Mapping[str, Any] | None = getattr(config, "schema_registry", None)
    return PrefactorSink(
        config.http_config.api_url,
        config.http_config.api_token,
        agent_id=agent_id,
        agent_name=agent_name,
        instance_id=instance_id,
        schema=agent_schema(registry, livekit=True, tools=tool_schemas),
        tools=tool_types(tool_schemas),
    )

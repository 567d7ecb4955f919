"""The names of prefactor-livekit, for who comes from there: only the import changes."""

from __future__ import annotations

from duologue.trace.schemas import LiveKitToolSchemaConfig, SchemaRegistry
from duologue.trace.tracer import SessionTracer

PrefactorLiveKitSession = SessionTracer
"""`SessionTracer`, as the document calls it."""

__all__ = ["LiveKitToolSchemaConfig", "PrefactorLiveKitSession", "SchemaRegistry"]

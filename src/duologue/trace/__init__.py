"""The ledger: what every turn took, where it comes from, and where it goes."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from duologue.trace.instance import Instance as Instance
    from duologue.trace.ledger import Report as Report
    from duologue.trace.limits import Limits as Limits
    from duologue.trace.prefactor import PrefactorLiveKitSession as PrefactorLiveKitSession
    from duologue.trace.redact import Redactor as Redactor
    from duologue.trace.schemas import LiveKitToolSchemaConfig as LiveKitToolSchemaConfig
    from duologue.trace.schemas import SchemaRegistry as SchemaRegistry
    from duologue.trace.sink_lines import LinesSink as LinesSink
    from duologue.trace.sink_otlp import OtlpSink as OtlpSink
    from duologue.trace.sink_prefactor import PrefactorSink as PrefactorSink
    from duologue.trace.sinks import Sink as Sink
    from duologue.trace.tracer import SessionTracer as SessionTracer
    from duologue.trace.tracer import TelemetryLost as TelemetryLost

_HOMES: Final = {
    "Instance": "instance",
    "Limits": "limits",
    "LinesSink": "sink_lines",
    "LiveKitToolSchemaConfig": "schemas",
    "OtlpSink": "sink_otlp",
    "PrefactorLiveKitSession": "prefactor",
    "PrefactorSink": "sink_prefactor",
    "Redactor": "redact",
    "Report": "ledger",
    "SchemaRegistry": "schemas",
    "SessionTracer": "tracer",
    "Sink": "sinks",
    "TelemetryLost": "tracer",
}

__all__ = [
    "Instance",
    "Limits",
    "LinesSink",
    "LiveKitToolSchemaConfig",
    "OtlpSink",
    "PrefactorLiveKitSession",
    "PrefactorSink",
    "Redactor",
    "Report",
    "SchemaRegistry",
    "SessionTracer",
    "Sink",
    "TelemetryLost",
]


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'duologue.trace' has no attribute {name!r}")
    return getattr(import_module(f"duologue.trace.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """What can be used: the public names."""
    return list(__all__)

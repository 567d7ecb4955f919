"""Where a server's own runs go beside its store, by its settings."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from duologue.errors import DuologueError
from duologue.settings import Settings, otlp_headers
from duologue.trace.sink_lines import LinesSink
from duologue.trace.sinks import Sink
from duologue.trace.spool import Spooled

SPOOL: Final = "spool"
"""The folder, below the data folder, of what another machine has not taken yet."""


def onward(settings: Settings) -> list[Sink]:
    """The sinks that `trace_otlp` and `trace_lines` mean; what leaves the machine is spooled."""
    sinks: list[Sink] = []
    if settings.trace_otlp:
        from duologue.trace.sink_otlp import OtlpSink

        far = OtlpSink(
            settings.trace_otlp,
            otlp_headers(settings),
            content=settings.trace_otlp_words,
            logs=settings.trace_otlp_logs,
        )
        sinks.append(Spooled(far, Path(settings.data) / SPOOL))
    if settings.trace_lines:
        try:
            sinks.append(LinesSink(settings.trace_lines))
        except OSError as error:
            reason = f"{error.strerror}: {settings.trace_lines!r}; name a file that may be written"
            raise DuologueError("setting_invalid", name="trace_lines", reason=reason) from None
    return sinks

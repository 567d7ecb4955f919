"""Why a tool failed: livekit-agents writes it into its log, and not into the tool's span."""

from __future__ import annotations

import logging
from typing import Final

from opentelemetry import trace as api

_SAID: Final = frozenset(
    {"exception occurred while executing tool", "ToolError while executing tool"}
)


class _Reader(logging.Filter):
    """Reads along, and lets every line pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Notes what a tool raised in the span that is current: it is that tool's."""
        if record.msg in _SAID:
            span = api.get_current_span()
            if span.is_recording():
                error = record.exc_info[1] if record.exc_info else None
                span.set_attribute(
                    "exception.type", "ToolError" if error is None else type(error).__name__
                )
                if error is not None:
                    span.set_attribute("exception.message", str(error))
        return True


_reader = _Reader()


def install() -> None:
    """Reads livekit-agents' log from now on; once is enough."""
    logging.getLogger("livekit.agents").addFilter(_reader)

"""Spans of what livekit-agents tells by events and has no span for."""

from __future__ import annotations

import random
from typing import Final

from livekit.agents.llm import FunctionCall, FunctionCallOutput
from opentelemetry import trace as api

from duologue.trace import names
from duologue.trace.entries import Span

_S: Final = 1_000_000_000


def tool_span(
    trace: str, call: FunctionCall, output: FunctionCallOutput | None, now: float
) -> Span:
    """A tool's run, as far as its call and its result say."""
    failed = output is not None and output.is_error
    return Span(
        trace=trace,
        id=fresh_id(),
        parent=current_id(),
        name="function_tool",
        kind="tool",
        start_ns=int(call.created_at * _S),
        end_ns=int((now if output is None else output.created_at) * _S),
        status="error" if failed else "ok",
        attributes={
            names.TOOL_NAME.names[0]: call.name,
            names.TOOL_CALL.names[0]: call.call_id,
            names.TOOL_INPUT.names[0]: call.arguments,
            names.TOOL_OUTPUT.names[0]: "" if output is None else output.output,
            names.TOOL_ERROR.names[0]: failed,
        },
    )


def fresh_id() -> str:
    """An id for a span of ours."""
    return f"{random.getrandbits(64) or 1:016x}"


def current_id() -> str:
    """The span that this is told in; none where that is nobody's."""
    ids = api.get_current_span().get_span_context()
    return f"{ids.span_id:016x}" if ids.is_valid and not ids.is_remote else ""

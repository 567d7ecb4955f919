"""Where spans come in: livekit-agents' own, of every trace that somebody follows.

A trace is followed from before its session starts, by a remote parent with the trace's id around
`session.start()`: all that livekit-agents opens below it carries that id, whatever task it is in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from weakref import WeakSet

from livekit.agents import telemetry
from opentelemetry import context as otel
from opentelemetry import trace as api
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, StatusCode, TraceFlags

from duologue.core.redaction import redact
from duologue.trace import failures, names
from duologue.trace.entries import Kind, Span, Status
from duologue.trace.light import LightProvider, LightSpan

Follower = Callable[[Span], None]
"""Is told of a span when it begins, where that is worth it, and when it ends."""

_LIVE: Final = frozenset({"session", "user_turn", "assistant_turn", "tool"})
"""Spans that are told of while they are open: a page may watch, or a process be killed."""
_PARENT: Final = 1
"""The id of the remote parent: it is nobody's span."""

_FAULTS: Final = frozenset({"exception.message", "exception.stacktrace", "error.message"})
"""What a program says of its own failures: a provider's key may stand in it, and nobody's words."""

_followers: dict[int, Follower] = {}
_joined: WeakSet[TracerProvider] = WeakSet()
_quiet: list[bool] = []
"""Whether livekit-agents wrote content before we told it not to; empty where we did not."""


def follow(trace: str, follower: Follower) -> None:
    """Tells of a trace's spans from now on."""
    install()
    _followers[int(trace, 16)] = follower


def leave(trace: str) -> None:
    """Tells of them no more."""
    _followers.pop(int(trace, 16), None)


def within(trace: str) -> otel.Context:
    """A context in which what is opened belongs to a trace."""
    flags = TraceFlags(TraceFlags.SAMPLED)
    parent = SpanContext(int(trace, 16), _PARENT, is_remote=True, trace_flags=flags)
    return api.set_span_in_context(NonRecordingSpan(parent))


def install() -> None:
    """Sees to it that livekit-agents' spans reach us; a provider that is set stays as it is."""
    failures.install()
    current: api.TracerProvider = telemetry.tracer._tracer_provider
    everywhere = api.get_tracer_provider()
    theirs = next(
        (found for found in (current, everywhere) if isinstance(found, TracerProvider)), None
    )
    if theirs is None:
        if current is not _light:
            telemetry.set_tracer_provider(_light)
            # Whole prompts as JSON are for exporters that keep nothing between requests.
            _quiet.append(telemetry.gen_ai.capture_content_enabled())
            telemetry.gen_ai.set_capture_content(False)
        return
    if current is _light:  # set for the whole process after we began
        telemetry.set_tracer_provider(theirs)
    if _quiet:
        telemetry.gen_ai.set_capture_content(_quiet[0])
        _quiet.clear()
    if theirs not in _joined:
        _joined.add(theirs)
        theirs.add_span_processor(_processor)


class _Processor(SpanProcessor):
    """Reads along where somebody else's provider is set."""

    def on_start(self, span: Any, parent_context: otel.Context | None = None) -> None:
        """Tells of a span that is worth it while it is open."""
        if span.context.trace_id in _followers:
            _began(span)

    def on_end(self, span: ReadableSpan) -> None:
        """Tells of a span that ended."""
        if span.context is not None and span.context.trace_id in _followers:
            events = [
                {
                    "name": each.name,
                    "at_ns": each.timestamp,
                    "attributes": dict(each.attributes or {}),
                }
                for each in span.events
            ]
            attributes = dict(span.attributes or {})
            failed = span.status.status_code is StatusCode.ERROR
            _tell(span, attributes, events, span.end_time or 0, failed=failed)


def _began(span: Any) -> None:
    kind = names.kind_of(span.name, span.attributes)
    if kind in _LIVE:
        _tell(span, dict(span.attributes), [], 0, failed=False)


def _light_ended(span: LightSpan) -> None:
    _tell(span, span.attributes, span.events, span.end_time, failed=span.failed)


def _tell(
    span: Any,
    attributes: dict[str, Any],
    events: list[dict[str, Any]],
    end: int,
    *,
    failed: bool,
) -> None:
    ids: SpanContext = span.get_span_context()
    follower = _followers.get(ids.trace_id)
    if follower is None or (span.name in names.ATTEMPTS and end and not failed):
        return
    kind: Kind = names.kind_of(span.name, attributes)
    parent = span.parent.span_id if span.parent is not None else 0
    status: Status = "active" if not end else "error" if failed else "ok"
    error = str(names.ERROR_TYPE.of(attributes) or "")
    if kind == "tool" and names.TOOL_ERROR.of(attributes):
        failed, status = True, "error"
        error = str(attributes.get("exception.type") or error)  # livekit-agents' is "tool_error"
    follower(
        Span(
            trace=f"{ids.trace_id:032x}",
            id=f"{ids.span_id:016x}",
            parent="" if parent in (0, _PARENT) else f"{parent:016x}",
            name=span.name,
            kind=kind,
            start_ns=span.start_time or 0,
            end_ns=end,
            status=status,
            error=error if failed else "",
            attributes=_hushed(attributes),
            events=[
                each | {"attributes": _hushed(each["attributes"])} if "attributes" in each else each
                for each in events
            ],
        )
    )


def _hushed(attributes: dict[str, Any]) -> dict[str, Any]:
    """The same without a key or a password in what is said of a failure."""
    found = _FAULTS & attributes.keys()
    return attributes | {name: redact(str(attributes[name])) for name in found}


_processor = _Processor()
_light = LightProvider(_followers.__contains__, _began, _light_ended)

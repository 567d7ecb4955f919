"""OpenTelemetry spans that cost little: livekit-agents writes into them, we read them as they are.

The SDK's spans copy, lock and bound every attribute, and livekit-agents writes the whole
conversation as JSON into each request that is recorded. Measured for a text turn of livekit-agents
1.8.9: the SDK with a processor that does nothing adds 1.7 ms of CPU, these spans add 0.2 ms.
They are used where nobody set a tracer provider of their own.
"""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from opentelemetry import context as otel
from opentelemetry import trace as api
from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags
from opentelemetry.util._decorator import _agnosticcontextmanager

Told = Callable[["LightSpan"], None]

_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_ids = random.SystemRandom().getrandbits(64)


class LightSpan(api.Span):
    """A span that is what was written into it."""

    __slots__ = (
        "_context",
        "_ended",
        "attributes",
        "end_time",
        "events",
        "failed",
        "name",
        "parent",
        "start_time",
    )

    def __init__(
        self,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        attributes: Mapping[str, Any] | None,
        start_time: int | None,
        ended: Told,
    ) -> None:
        self.name = name
        self.parent = parent
        self.attributes: dict[str, Any] = dict(attributes) if attributes else {}
        self.events: list[dict[str, Any]] = []
        self.start_time = start_time or time.time_ns()
        self.end_time = 0
        self.failed = False
        self._context = context
        self._ended = ended

    def get_span_context(self) -> SpanContext:
        """Its ids."""
        return self._context

    def is_recording(self) -> bool:
        """Whether it is open."""
        return not self.end_time

    def end(self, end_time: int | None = None) -> None:
        """Ends it, once, and not before it began."""
        if not self.end_time:
            self.end_time = max(end_time or time.time_ns(), self.start_time)
            self._ended(self)

    def set_attribute(self, key: str, value: Any) -> None:
        """Writes one attribute."""
        self.attributes[key] = value

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Writes several."""
        self.attributes.update(attributes)

    def add_event(
        self,
        name: str,
        attributes: Mapping[str, Any] | None = None,
        timestamp: int | None = None,
    ) -> None:
        """Notes a moment."""
        moment: dict[str, Any] = {"name": name, "at_ns": timestamp or time.time_ns()}
        if attributes:
            moment["attributes"] = dict(attributes)
        self.events.append(moment)

    def add_link(self, context: SpanContext, attributes: Any = None) -> None:
        """Links are not kept."""

    def update_name(self, name: str) -> None:
        """Renames it."""
        self.name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Says how it went."""
        code = status.status_code if isinstance(status, Status) else status
        self.failed = code is StatusCode.ERROR

    def record_exception(
        self,
        exception: BaseException,
        attributes: Any = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Notes what was raised."""
        told = {
            "exception.type": type(exception).__qualname__,
            "exception.message": str(exception),
            "exception.stacktrace": "".join(traceback.format_exception(exception)),
        }
        self.add_event("exception", told | dict(attributes or {}), timestamp)


class _Node(LightSpan):
    """An `llm_node`: livekit-agents asks once whether to write the whole conversation into it.

    It need not: what the model is told anew is kept by ourselves.
    """

    __slots__ = ("_asked",)

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._asked = False

    def is_recording(self) -> bool:
        """No, the first time; then the truth."""
        if not self._asked:
            self._asked = True
            return False
        return super().is_recording()


class LightTracer(api.Tracer):
    """Opens light spans in the traces that are followed; others are not recorded."""

    def __init__(self, follows: Callable[[int], bool], began: Told, ended: Told) -> None:
        self._follows = follows
        self._began = began
        self._ended = ended

    def start_span(
        self,
        name: str,
        context: otel.Context | None = None,
        kind: api.SpanKind = api.SpanKind.INTERNAL,
        attributes: Mapping[str, Any] | None = None,
        links: Sequence[api.Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> api.Span:
        """A span below the current one."""
        parent = api.get_current_span(context).get_span_context()
        if not parent.is_valid or not self._follows(parent.trace_id):
            return api.INVALID_SPAN if not parent.is_valid else api.NonRecordingSpan(parent)
        ids = SpanContext(parent.trace_id, _fresh(), False, _SAMPLED)
        made = _Node if name == "llm_node" else LightSpan
        span = made(name, ids, parent, attributes, start_time, self._ended)
        self._began(span)
        return span

    @_agnosticcontextmanager
    def start_as_current_span(
        self,
        name: str,
        context: otel.Context | None = None,
        kind: api.SpanKind = api.SpanKind.INTERNAL,
        attributes: Mapping[str, Any] | None = None,
        links: Sequence[api.Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> Iterator[api.Span]:
        """The same, current for a while."""
        span = self.start_span(name, context, kind, attributes, links, start_time)
        with api.use_span(
            span,
            end_on_exit=end_on_exit,
            record_exception=record_exception,
            set_status_on_exception=set_status_on_exception,
        ):
            yield span


class LightProvider(api.TracerProvider):
    """Gives the same tracer to all who ask."""

    def __init__(self, follows: Callable[[int], bool], began: Told, ended: Told) -> None:
        self._tracer = LightTracer(follows, began, ended)

    def get_tracer(self, *named: Any, **more: Any) -> api.Tracer:
        """The tracer."""
        return self._tracer


def _fresh() -> int:
    """An id for a span: unlike all others, and cheaper than asking the system each time."""
    global _ids
    _ids = (_ids + 0x9E3779B97F4A7C15) % 2**64 or 1
    return _ids

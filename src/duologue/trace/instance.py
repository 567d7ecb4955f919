"""The handle of a traced run: its id, what you judge of it, and steps of your own."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Literal

import msgspec

from duologue.core.redaction import redact
from duologue.trace.entries import Entry, Span, Status, Trace
from duologue.trace.names import kind_of

Finish = Literal["complete", "failed", "cancelled"]
_STATUS: Mapping[str, Status] = {"complete": "ok", "failed": "error", "cancelled": "cancelled"}


class Instance:
    """One run. `id` is its trace, and the id of Prefactor's instance where it goes there."""

    def __init__(
        self,
        trace: str,
        tell: Callable[[Entry], None],
        finish: Callable[[Instance, Finish], None],
        life: Any = None,
    ) -> None:
        self.id = trace
        self.life = life
        """The tracer's, which a wrapper around this handle shares."""
        self._tell = tell
        self._finish = finish
        self._attributes: dict[str, Any] = {}
        self._open: dict[str, Span] = {}

    def __repr__(self) -> str:
        return f"Instance({self.id!r})"

    async def start(self, timestamp: datetime | None = None) -> None:
        """Says when the run began; without a time it did when this was made."""
        if timestamp is not None:
            self._tell(Trace(trace=self.id, started_ns=_ns(timestamp)))

    async def finish(self, status: Finish = "complete", timestamp: datetime | None = None) -> None:
        """Ends the run; a session that still runs is traced no more."""
        if status not in _STATUS:
            raise ValueError(f"status must be one of {', '.join(_STATUS)}, not {status!r}")
        for step in list(self._open):
            await self.finish_span(step, status="cancelled")
        self._finish(self, status)

    async def record_quality(self, name: str, payload: dict[str, Any] | None = None) -> None:
        """Notes what you think of the run, under a name; none takes it back."""
        self.know(**{f"quality.{name}": payload})

    def know(self, **attributes: Any) -> None:
        """Notes something about the run; what was noted before stays."""
        self._attributes |= attributes
        self._tell(Trace(trace=self.id, attributes=dict(self._attributes)))

    async def create_span(
        self,
        schema_name: str,
        parent_span_id: str | None = None,
        payload: dict[str, Any] | None = None,
        started_at: datetime | None = None,
    ) -> str:
        """Begins a step of your own, and gives its id for `finish_span`."""
        span = Span(
            trace=self.id,
            id=f"{random.getrandbits(64) or 1:016x}",  # an id, no secret
            parent=parent_span_id or "",
            name=schema_name,
            kind=kind_of(schema_name, {}),
            start_ns=time.time_ns() if started_at is None else _ns(started_at),
            attributes={"payload": payload or {}},
        )
        self._open[span.id] = span
        self._tell(span)
        return span.id

    async def finish_span(
        self,
        span_id: str,
        result_payload: dict[str, Any] | None = None,
        timestamp: datetime | None = None,
        status: Finish = "complete",
    ) -> None:
        """Ends a step of your own; one that is over already stays as it is."""
        span = self._open.pop(span_id, None)
        if span is not None:
            attributes = dict(span.attributes)
            if result_payload is not None:
                attributes["result"] = result_payload
            error = (result_payload or {}).get("error_type") if status == "failed" else None
            ended = msgspec.structs.replace(
                span,
                end_ns=max(span.start_ns, time.time_ns() if timestamp is None else _ns(timestamp)),
                status=_STATUS[status],
                error=str(error or ("Error" if status == "failed" else "")),
                attributes=attributes,
            )
            self._tell(ended)

    @asynccontextmanager
    async def span(
        self,
        schema_name: str,
        parent_span_id: str | None = None,
        payload: dict[str, Any] | None = None,
    ) -> AsyncIterator[Step]:
        """A step of your own around a block; what the block raises is its failure."""
        step = Step(self, schema_name, parent_span_id, payload)
        try:
            yield step
        except Exception as error:
            await step.fail({"error_type": type(error).__name__, "message": redact(str(error))})
            raise
        except BaseException:
            await step.cancel()
            raise
        else:
            await step.complete()


class Step:
    """One step of your own, within `async with instance.span(…)`."""

    def __init__(
        self,
        instance: Instance,
        schema_name: str,
        parent: str | None,
        payload: dict[str, Any] | None,
    ) -> None:
        self.id = ""
        """Its id, once it was started."""
        self._instance = instance
        self._schema = schema_name
        self._parent = parent
        self._payload = payload
        self._result: dict[str, Any] | None = None
        self._began = datetime.now().astimezone()

    def set_payload(self, payload: dict[str, Any]) -> None:
        """Says what goes in; before it is started."""
        self._payload = payload

    def set_result(self, result: dict[str, Any]) -> None:
        """Says what came out; what was said before is kept."""
        self._result = {**(self._result or {}), **result}

    async def start(self, payload: dict[str, Any] | None = None) -> None:
        """Begins it; done for you at its end where you did not."""
        if not self.id:
            given = self._payload if payload is None else payload
            self.id = await self._instance.create_span(
                self._schema, self._parent, given, self._began
            )

    async def complete(self, result: dict[str, Any] | None = None) -> None:
        """Ends it well."""
        await self._end(result, "complete")

    async def fail(self, result: dict[str, Any] | None = None) -> None:
        """Ends it as failed."""
        await self._end(result, "failed")

    async def cancel(self) -> None:
        """Ends it as cancelled."""
        await self._end(None, "cancelled")

    async def _end(self, result: dict[str, Any] | None, status: Finish) -> None:
        await self.start()
        if result is not None:
            self.set_result(result)
        await self._instance.finish_span(self.id, self._result, status=status)


def _ns(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; datetime.now(UTC) has one")
    return int(moment.timestamp() * 1_000_000) * 1000

"""The steps of instances that programs tell by Prefactor's API, and what they are answered."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import msgspec

from duologue.server.prefactor_book import MS, Answer, Book, conflict, controlled, trace_id
from duologue.store import prefactor as store
from duologue.store import trace_lists, traces
from duologue.store.trace_records import Trace as Kept
from duologue.trace.entries import Entry, Span, Trace
from duologue.trace.ingest import prefactor as words
from duologue.trace.ingest import prefactor_forms as forms
from duologue.trace.ingest.prefactor_forms import Instance, Refusal, Step, invalid


class StepBook(Book):
    """The instances of one organization with their steps, for the time of one request."""

    def create(self, asked: forms.Create) -> Answer:
        """Makes a step, or finds the one that the same request made before."""
        kept, known = self.found(asked.agent_instance_id)
        trace, key = trace_id(kept), asked.idempotency_key or ""
        named = asked.id or (f"{trace} {key}" if key else secrets.token_hex(8))
        id_ = forms.span_of(trace, named)
        if (there := store.step(self.conn, self.org_id, kept.id, id_)) is not None:
            if not key or _step(there.attributes).created_by != key:
                raise invalid("id", f"{named!r} is taken; leave it out, and one is given")
            return self._told(kept, known, there)
        parent = ""
        if asked.parent_span_id:
            parent = forms.span_of(trace, asked.parent_span_id)
            if store.step(self.conn, self.org_id, kept.id, parent) is None:
                raise invalid("parent_span_id", f"there is no span {asked.parent_span_id!r} here")
        now_ns = self.now * MS
        start = forms.moment(asked.started_at, words.beginning(asked.payload, now_ns), "started_at")
        end = forms.moment(asked.finished_at, max(start, now_ns), "finished_at")
        kind = words.kind_of(asked.schema_name)
        own = Step(asked.schema_name, self.now, self.now, created_by=key)
        told = words.begun(kind, asked.payload)
        told |= {words.KEPT: msgspec.to_builtins(own), words.PAYLOAD: asked.payload}
        span = Span(
            trace=trace,
            id=id_,
            parent=parent,
            name=asked.schema_name,
            kind=kind,
            start_ns=start,
            attributes=told,
        )
        if asked.status in ("pending", "active") and asked.finished_at is None:
            self.keep(span)
        else:
            self._end(kept, span, asked.status, asked.result_payload or {}, end)
        return self._made(kept, known, id_)

    def finish_step(self, id: str, asked: forms.Over) -> Answer:  # noqa: A002
        """Ends a step."""
        place = forms.place_of(id)
        run = "" if place is None else traces.RUN + place.trace
        there = None if place is None else store.step(self.conn, self.org_id, run, place.span)
        kept = trace_lists.get(self.conn, self.org_id, run) if there is not None else None
        if place is None or there is None or kept is None or words.KEPT not in there.attributes:
            raise Refusal(404, "not_found", f"There is no span {id[:80]!r}.")
        known = msgspec.convert(kept.attributes[words.KEPT], Instance)
        own = _step(there.attributes)
        at = forms.moment(asked.timestamp, self.now * MS)
        if there.end_ns:
            if asked.idempotency_key and own.finished_by == asked.idempotency_key:
                return self._told(kept, known, there)
            raise conflict(f"span {id!r} has ended already")
        own.finished_by, own.updated_ms = asked.idempotency_key or "", self.now
        told = there.attributes | {words.KEPT: msgspec.to_builtins(own)}
        fields = {name: getattr(there, name) for name in Span.__struct_fields__ if name != "trace"}
        span = Span(trace=place.trace, **(fields | {"attributes": told}))
        self._end(kept, span, asked.status or "complete", asked.result_payload or {}, at)
        return self._made(kept, known, place.span)

    def steps(self, instance: str, since: int, until: int) -> Answer:
        """The steps of an instance that began within a time, in their order."""
        kept, known = self.found(instance, lock=False)
        found = [
            words.step_view(step, trace_id(kept), known, self.org_id)
            for step in trace_lists.spans_of(self.conn, self.org_id, kept.id)
            if words.KEPT in step.attributes and since <= step.start_ns <= until
        ]
        return {"status": "success", "details": found}

    # ------------------------------------------------------------ within

    def _end(self, kept: Kept, span: Span, status: str, result: dict[str, Any], at: int) -> None:
        span = words.ended(span, status, result, at)
        if span.kind == "assistant_turn":
            before = store.turn_before(self.conn, self.org_id, kept.id, span.id, span.start_ns)
            if before is not None:
                span = words.answering(span, _entry(span.trace, before))
        entries: list[Entry] = [span]
        if span.kind == "assistant_turn":
            entries += words.voices(span)
        if span.kind == "session" and (usage := words.usage_of(result)):
            entries.append(Trace(trace=span.trace, usage=usage))
        self.keep(*entries)

    def _made(self, kept: Kept, known: Instance, id_: str) -> Answer:
        there = store.step(self.conn, self.org_id, kept.id, id_)
        if there is None:  # beyond what is kept of one run
            message = f"Instance {known.id!r} told more than is kept of one run."
            raise Refusal(422, "too_much", message)
        return self._told(kept, known, there)

    def _told(self, kept: Kept, known: Instance, there: Any) -> Answer:
        view = words.step_view(there, trace_id(kept), known, self.org_id)
        return controlled(kept, {"status": "success", "details": view})


def _step(attributes: Mapping[str, Any]) -> Step:
    """What is kept of a step; of one that was not told here, nothing that anybody could repeat."""
    told = attributes.get(words.KEPT)
    return Step("", 0, 0) if told is None else msgspec.convert(told, Step)


def _entry(trace: str, row: Any) -> Span:
    told = {name: getattr(row, name) for name in Span.__struct_fields__ if name != "trace"}
    return Span(trace=trace, **told)

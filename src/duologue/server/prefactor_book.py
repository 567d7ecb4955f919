"""What a request by Prefactor's API changes, in one unit of work, and what it is answered."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

import msgspec
from msgspec import UNSET
from sqlalchemy import Connection

from duologue.server.told import Keeper
from duologue.store import trace_lists, traces
from duologue.store.trace_records import Trace as Kept
from duologue.store.trace_records import TraceFilter
from duologue.trace.entries import Entry, Trace
from duologue.trace.ingest import prefactor as words
from duologue.trace.ingest import prefactor_forms as forms
from duologue.trace.ingest.prefactor_forms import Instance, Refusal, invalid

MS: Final = 1_000_000
_JUDGED: Final = 100
"""Names under which an instance may be judged."""
_OVER: Final = frozenset({"complete", "failed", "cancelled", "terminated"})
_SHOWN: Final = {"lost": "failed"}
Answer = dict[str, Any]


class Book:
    """The instances of one organization, for the time of one request."""

    def __init__(self, conn: Connection, org_id: str, keeper: Keeper, now: int) -> None:
        self.conn = conn
        self.org_id = org_id
        self._keeper = keeper
        self.now = now

    # ------------------------------------------------------------ instances

    def register(self, asked: forms.Register) -> Answer:
        """Makes an instance, or finds the one that the same request made before."""
        key = asked.idempotency_key or ""
        named = asked.id or (blake2b(key.encode(), digest_size=16).hexdigest() if key else "")
        trace = forms.trace_of(named) if named else secrets.token_hex(16)
        run = traces.RUN + trace
        if (kept := trace_lists.get(self.conn, self.org_id, run)) is not None:
            held = kept.attributes.get(words.KEPT)
            there = None if held is None else msgspec.convert(held, Instance)
            if there is None or not key or there.registered_by != key:
                raise invalid("id", f"{named!r} is taken; leave it out, and one is given")
            return self._shown(kept, there)
        version = asked.agent_version
        name = version.name or asked.agent_id or "prefactor"
        known = Instance(
            id=asked.id or trace,
            agent_id=asked.agent_id or name,
            agent_version_id=version.external_identifier or name,
            environment_id=asked.environment_id or "default",
            inserted_ms=self.now,
            updated_ms=self.now,
            external_identifier=asked.external_identifier,
            purpose=asked.purpose,
            registered_by=key,
        )
        about = {"agent_version": msgspec.to_builtins(version)} | asked.agent_schema_version
        told = Trace(
            trace=trace,
            source="prefactor",
            agent=name,
            agent_version=version.external_identifier or UNSET,
            status="active",
            started_ns=self.now * MS,
            attributes={words.KEPT: msgspec.to_builtins(known), words.SCHEMA: about},
        )
        self.keep(told)
        return self._answer(known.id)

    def start(self, instance: str, asked: forms.Act) -> Answer:
        """Notes when an instance started."""
        kept, known = self.found(instance)
        at = forms.moment(asked.timestamp, self.now * MS)
        if known.started_ms is not None or kept.status in _OVER:
            if asked.idempotency_key and known.started_by == asked.idempotency_key:
                return self._shown(kept, known)
            raise conflict(f"instance {instance!r} was started or has ended")
        known.started_ms, known.started_by = at // MS, asked.idempotency_key or ""
        return self._change(kept, known, started_ns=at)

    def finish(self, instance: str, asked: forms.Over) -> Answer:
        """Ends an instance; one whose session failed is kept as failed, whatever is said."""
        kept, known = self.found(instance)
        at = forms.moment(asked.timestamp, self.now * MS)
        if known.finished and asked.idempotency_key and known.finished_by == asked.idempotency_key:
            return self._shown(kept, known)
        if known.finished or kept.status in _OVER:
            raise conflict(f"instance {instance!r} has ended already")
        status = known.finished = asked.status or "complete"
        known.finished_ms, known.finished_by = at // MS, asked.idempotency_key or ""
        steps = trace_lists.spans_of(self.conn, self.org_id, kept.id)
        if status == "complete" and any(s.kind == "session" and s.status == "error" for s in steps):
            status = "failed"
        return self._change(kept, known, status=status, ended_ns=at)

    def terminate(self, instance: str, asked: forms.End) -> Answer:
        """Ends an instance from outside: its program hears of it when it asks or tells."""
        kept, known = self.found(instance)
        if kept.status == "terminated":
            return self._shown(kept, known)
        if kept.status in _OVER:
            raise conflict(f"instance {instance!r} has ended already")
        known.finished_ms = self.now
        reason = asked.reason or "ended by its owner"
        return self._change(kept, known, status="terminated", reason=reason, ended_ns=self.now * MS)

    def judge(self, instance: str, asked: forms.Quality) -> Answer:
        """Keeps a judgement by its name, or takes it back."""
        kept, known = self.found(instance)
        name = words.QUALITY + asked.name
        held = [each for each in kept.attributes if each.startswith(words.QUALITY)]
        if name not in held and len(held) >= _JUDGED:
            raise invalid("name", f"an instance is judged by at most {_JUDGED} names")
        return self._change(kept, known, more={name: asked.payload})

    def instance(self, instance: str, *, alive: bool = False) -> Answer:
        """An instance as it is; one whose program asks is alive."""
        kept, known = self.found(instance, lock=alive)
        if alive and kept.status in ("active", "lost"):
            self.keep(Trace(trace=trace_id(kept)))
            return self._answer(instance)
        return self._shown(kept, known)

    def instances(self, limit: int) -> Answer:
        """The latest instances."""
        filters = TraceFilter(source="prefactor")
        page = trace_lists.page(self.conn, self.org_id, filters=filters, limit=limit)
        found = [
            self._view(kept, msgspec.convert(kept.attributes[words.KEPT], Instance))
            for kept in page.items
            if words.KEPT in kept.attributes
        ]
        return {"status": "success", "details": found}

    # ------------------------------------------------------------ within

    def _change(
        self,
        kept: Kept,
        known: Instance,
        *,
        more: Mapping[str, Any] | None = None,
        **facts: Any,
    ) -> Answer:
        known.updated_ms = self.now
        told = {words.KEPT: msgspec.to_builtins(known)} | dict(more or {})
        self.keep(Trace(trace=trace_id(kept), attributes=told, **facts))
        return self._answer(known.id)

    def keep(self, *entries: Entry) -> None:
        """Writes what is told, as the settings allow it."""
        self._keeper.keep(self.conn, self.org_id, entries)

    def found(self, instance: str, *, lock: bool = True) -> tuple[Kept, Instance]:
        """An instance, which nobody else changes until this is done, unless it is only read."""
        run = traces.RUN + forms.trace_of(instance)
        kept = trace_lists.get(self.conn, self.org_id, run)
        if lock and kept is not None and words.KEPT in kept.attributes:
            traces.seq_of(self.conn, self.org_id, run, self.now)
            kept = trace_lists.get(self.conn, self.org_id, run)
        if kept is None or words.KEPT not in kept.attributes:
            raise Refusal(404, "not_found", f"There is no agent instance {instance[:80]!r}.")
        return kept, msgspec.convert(kept.attributes[words.KEPT], Instance)

    def _answer(self, instance: str) -> Answer:
        return self._shown(*self.found(instance))

    def _shown(self, kept: Kept, known: Instance) -> Answer:
        return controlled(kept, {"status": "success", "details": self._view(kept, known)})

    def _view(self, kept: Kept, known: Instance) -> dict[str, Any]:
        status = _SHOWN.get(kept.status, kept.status)
        if known.finished and status != "terminated":
            status = known.finished
        elif status == "active" and known.started_ms is None:
            status = "pending"
        return words.instance_view(known, self.org_id, status, kept.reason, kept.attributes)


def controlled(kept: Kept, answer: Answer) -> Answer:
    """An answer that tells a program to end what its owner has ended."""
    if kept.status == "terminated":
        answer["control"] = {"terminate": True, "reason": kept.reason}
    return answer


def trace_id(kept: Kept) -> str:
    """The trace of a run."""
    return kept.id.removeprefix(traces.RUN)


def conflict(message: str) -> Refusal:
    """The refusal of what is so already."""
    return Refusal(409, "conflict", f"The {message}.")

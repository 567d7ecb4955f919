"""What is told, to Prefactor's API or to a door that speaks it: in bulk, with its own times."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec import UNSET

from duologue.trace import prefactor_words as words
from duologue.trace.content import without_content
from duologue.trace.entries import Entry, Span, Trace, Turn
from duologue.trace.prefactor_api import Api, Denied
from duologue.trace.schemas import schema_version
from duologue.trace.sending import refused

log = logging.getLogger("duologue.trace")

_RUNS: Final = 1024
"""Of how many runs it is kept what was told; the longest silent one is forgotten."""


@dataclass(slots=True)
class _Run:
    """What the other side knows of one run."""

    instance: str
    registered: bool = False
    finished: bool = False
    stopped: bool = False
    root: str = ""
    told: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)
    hops: dict[str, str] = field(default_factory=dict)
    turns: set[int] = field(default_factory=set)
    outcome: dict[str, Any] = field(default_factory=dict)


class PrefactorSink:
    """Registers one instance for each session, and tells its steps as they end.

    `schema` and `tools` are what `agent_schema` and `tool_types` make. With `instance_id` all
    sessions go to that instance, which is somebody else's to finish. `on_terminate` hears when the
    other side wants a session to end, and why.
    """

    name = "prefactor"
    remote = True
    every = 2.0

    def __init__(
        self,
        api_url: str,
        api_token: str,
        *,
        agent_id: str | None = "livekit-agent",
        agent_name: str | None = None,
        environment_id: str | None = None,
        instance_id: str | None = None,
        schema: Mapping[str, Any] | None = None,
        tools: Mapping[str, str] | None = None,
        purpose: str | None = None,
        content: bool = True,
        patience: float = 10.0,
    ) -> None:
        self.content = content
        self.on_terminate: Callable[[str, str], None] | None = None
        self._api = Api(api_url, api_token, patience=patience)
        self.where = self._api.where
        self._agent_id = agent_id
        self._agent_name = agent_name or agent_id or "livekit-agent"
        self._environment = environment_id
        self._instance = instance_id
        self._schema = dict(schema or {"span_type_schemas": []})
        self._tools = dict(tools or {})
        self._purpose = purpose
        self._runs: OrderedDict[str, _Run] = OrderedDict()

    async def write(self, batch: Sequence[Entry]) -> None:
        """Tells a batch, run by run; what the other side will not have is told as lost."""
        runs: dict[str, list[Entry]] = {}
        for entry in batch if self.content else map(without_content, batch):
            runs.setdefault(entry.trace, []).append(entry)
        lost, reason = 0, ""
        for trace, entries in runs.items():
            try:
                lost += await self._tell(trace, self._run(trace), entries)
            except Denied as denied:
                lost += len(entries)
                reason = str(denied)
        if lost:
            raise refused(reason or f"{self.where} refused {lost} of {len(batch)}", lost)

    async def close(self) -> None:
        """Closes its connections; what it did not finish, the other side finds silent."""
        await self._api.close()

    def _run(self, trace: str) -> _Run:
        run = self._runs.pop(trace, None)
        if run is None:
            run = _Run(self._instance or trace, registered=self._instance is not None)
        self._runs[trace] = run
        while len(self._runs) > _RUNS:
            self._runs.popitem(last=False)
        return run

    async def _tell(self, trace: str, run: _Run, entries: Sequence[Entry]) -> int:
        """Tells what is new of one run; how much of it was refused."""
        spans = words.parents(entry for entry in entries if isinstance(entry, Span))
        known = [entry for entry in entries if isinstance(entry, Trace)]
        if not run.registered:
            await self._register(trace, run, words.beginning(known, spans))
        for entry in known:
            run.outcome |= words.outcome(entry)
        over = [span for span in spans if span.end_ns and span.id in run.open]
        # What is not taken is told again: until then it counts as untold.
        before = run.told.copy(), run.open.copy(), run.turns.copy(), run.root
        try:
            items = [item for span in spans if (item := self._step(run, span)) is not None]
            items += [
                item
                for entry in entries
                if isinstance(entry, Turn) and (item := self._typed(run, entry)) is not None
            ]
            lost = await self._api.create(items, self._heard(trace, run))
            for span in sorted(over, key=lambda span: span.end_ns):
                lost += await self._finish(trace, run, span)
            for entry in known:
                lost += await self._note(trace, run, entry)
        except BaseException:
            run.told, run.open, run.turns, run.root = before
            raise
        run.open.difference_update(span.id for span in over)
        return lost

    async def _register(self, trace: str, run: _Run, at_ns: int) -> None:
        version = schema_version(self._agent_id, self._agent_name, self._schema)
        about = {
            "agent_id": self._agent_id,
            "environment_id": self._environment,
            "agent_version": {
                "name": self._agent_name,
                "external_identifier": version,
                "runtime_environment": words.runtime(),
            },
            "agent_schema_version": {**self._schema, "external_identifier": version},
            "id": run.instance,
            "external_identifier": trace,
            "purpose": self._purpose,
            "idempotency_key": words.key(trace, "instance", "register"),
        }
        told = {name: value for name, value in about.items() if value is not None}
        heard = self._heard(trace, run)
        run.instance = await self._api.register(told, heard)
        await self._api.act(
            f"/agent_instance/{run.instance}/start",
            {
                "timestamp": words.moment(at_ns),
                "idempotency_key": words.key(trace, "instance", "start"),
            },
            heard,
        )
        run.registered = True

    def _step(self, run: _Run, span: Span) -> dict[str, Any] | None:
        """What creates a step; none for one that is not told, not yet, or already."""
        schema = words.schema_name(span, self._tools)
        if not schema:
            run.hops[span.id] = span.parent
            return None
        if span.id in run.told:
            return None
        if not span.end_ns and span.kind not in words.OPENED and "payload" not in span.attributes:
            return None
        if span.kind == "user_turn":
            run.turns.add(span.turn)
        if span.kind == "session" and not run.root:
            run.root = span.id
        parent = self._parent(run, span.parent)
        run.told.add(span.id)
        item: dict[str, Any] = {
            "agent_instance_id": run.instance,
            "id": span.id,
            "schema_name": schema,
            "status": words.finished(span.status) or "active",
            "payload": words.params(span, schema),
            "started_at": words.moment(span.start_ns),
            "idempotency_key": words.key(span.trace, span.id, "create"),
        }
        if parent and parent != span.id:
            item["parent_span_id"] = parent
        if span.end_ns:
            item |= {
                "status": words.finished(span.status) or "complete",
                "finished_at": words.moment(span.end_ns),
                "result_payload": self._result(run, span),
            }
        else:
            item["status"] = "active"
            run.open.add(span.id)
        return item

    def _typed(self, run: _Run, turn: Turn) -> dict[str, Any] | None:
        """What creates the user's half of a typed turn; once."""
        if turn.spoken or not turn.user_text or turn.index in run.turns:
            return None
        run.turns.add(turn.index)
        step, into, out = words.typed(turn)
        item = {
            "agent_instance_id": run.instance,
            "id": step,
            "schema_name": "livekit:user_turn",
            "status": "complete",
            "payload": into,
            "result_payload": out,
            "started_at": words.moment(turn.started_ns),
            "finished_at": words.moment(turn.started_ns),
            "idempotency_key": words.key(turn.trace, step, "create"),
        }
        return item | ({"parent_span_id": run.root} if run.root else {})

    async def _finish(self, trace: str, run: _Run, span: Span) -> int:
        """Finishes a step that was told when it began."""
        told = {
            "status": words.finished(span.status) or "complete",
            "result_payload": self._result(run, span),
            "timestamp": words.moment(span.end_ns),
            "idempotency_key": words.key(span.trace, span.id, "finish"),
        }
        try:
            await self._api.finish(span.id, told, self._heard(trace, run))
        except Denied as denied:
            log.warning("A step was not finished: %s", denied)
            return 1
        return 0

    async def _note(self, trace: str, run: _Run, known: Trace) -> int:
        """Tells judgements of a run and its end, and asks whether it is to end."""
        lost = 0
        heard = self._heard(trace, run)
        path = f"/agent_instance/{run.instance}"
        attributes = {} if known.attributes is UNSET else known.attributes
        for name, payload in attributes.items():
            if name.startswith(words.QUALITY):
                judged = {"name": name.removeprefix(words.QUALITY), "payload": payload}
                judged["idempotency_key"] = words.key(trace, f"{name}={payload!r}", "quality")
                try:
                    await self._api.act(f"{path}/record_quality", judged, heard)
                except Denied as denied:
                    log.warning("A judgement was refused: %s", denied)
                    lost = 1
        status = words.finished(known.status)
        if status and not run.finished and self._instance is None:
            ended = known.ended_ns or known.last_seen_ns
            told = {"status": status, "idempotency_key": words.key(trace, "instance", "finish")}
            if ended:
                told["timestamp"] = words.moment(ended)
            await self._api.act(f"{path}/finish", told, heard)
            run.finished = True
        elif known.last_seen_ns is not UNSET and not run.finished:
            await self._api.look(path, heard)
        return lost

    def _result(self, run: _Run, span: Span) -> dict[str, Any]:
        result = words.result(span)
        return result | run.outcome if span.kind == "session" else result

    def _parent(self, run: _Run, parent: str) -> str:
        """The nearest step above that was told; the session where none is known."""
        for _ in range(32):
            if parent in run.told:
                return parent
            if parent not in run.hops:
                break
            parent = run.hops[parent]
        return run.root

    def _heard(self, trace: str, run: _Run) -> Callable[[str], None]:
        """What is to be done when an answer says that the session is to end."""

        def stop(reason: str) -> None:
            if not run.stopped and not run.finished:
                run.stopped = True
                if self.on_terminate is not None:
                    self.on_terminate(trace, reason)

        return stop

"""From a tracer's opening to its closing: the ledger, the runs that go on, and their heartbeat."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec
from opentelemetry import context as otel
from opentelemetry import trace as api

from duologue.core import ids
from duologue.trace import collector, names
from duologue.trace.entries import Entry, Outcome, Span, Trace
from duologue.trace.instance import Finish, Instance
from duologue.trace.ledger import Ledger
from duologue.trace.prices import Prices
from duologue.trace.watch import Watch

if TYPE_CHECKING:
    from livekit.agents import Agent, AgentSession, AgentStateChangedEvent, CloseEvent
    from livekit.agents.voice.io import PlaybackFinishedEvent

log = logging.getLogger("duologue.trace")

BEAT: Final = 15.0
"""Seconds between two signs of life of a run."""
_LAST: Final = 3.0
"""Seconds in which a closed session's own span ends."""


class Traced:
    """One run that goes on: its handle, its watch, and the session that it is about."""

    def __init__(self, instance: Instance, watch: Watch) -> None:
        self.instance = instance
        self.watch = watch
        self.session: AgentSession[Any] | None = None
        self.over = False
        self.ending: Callable[[], None] | None = None
        self.terminated = ""
        self.lent = False

    def listen(self, event: AgentStateChangedEvent) -> None:
        """Asks what sounds, whichever it is by now, how much of each answer was heard."""
        output = self.session.output.audio if self.session is not None else None
        if event.new_state == "speaking" and output is not None:
            output.on("playback_finished", self._heard)  # once, however often it is asked

    def _heard(self, event: PlaybackFinishedEvent) -> None:
        self.watch.played(event.playback_position)


class Life:
    """Traces sessions until it is closed."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        agent: str,
        tools: Mapping[str, str],
        prices: Prices,
        content: bool,
        allow_termination: bool,
    ) -> None:
        self.ledger = ledger
        self._agent = agent
        self._tools = tools
        self._prices = prices
        self._content = content
        self._allow_termination = allow_termination
        self._runs: dict[str, Traced] = {}
        self._waiting: Traced | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._in_job = False
        ledger.open()
        self._beat = asyncio.create_task(self._beats(), name="heartbeat of traced sessions")

    def active(self) -> Instance:
        """The run that waits for its session, or the newest that goes on, or a new one."""
        going = self._waiting or next(reversed(self._runs.values()), None)
        if going is None:
            going = self._waiting = self._begin(_trace_here(self._runs))
        return going.instance

    def attach(
        self,
        session: AgentSession[Any],
        agent: Agent | None = None,
        lent: Instance | None = None,
    ) -> Traced:
        """Follows a session, in this context; one that is followed already stays as it is.

        A run that is `lent` goes on after its session.
        """
        for run in self._runs.values():
            if run.session is session:
                return run
        if lent is not None and self._waiting is not None and self._waiting.instance is lent:
            self._waiting.lent = True
        theirs = api.get_current_span(
            getattr(session, "_root_span_context", None) or otel.Context()
        )
        known = theirs.get_span_context()
        if known.is_valid and f"{known.trace_id:032x}" not in self._runs:
            run = self._begin(f"{known.trace_id:032x}")  # it runs already, in a trace of its own
        else:
            run = self._waiting or self._begin(_trace_here(self._runs))
        if run is self._waiting:
            self._waiting = None
        here = otel.get_current()
        inside = api.get_current_span().get_span_context().trace_id == int(run.watch.trace, 16)
        run.session = session
        run.watch.follow(session, agent)
        session.on("agent_state_changed", run.listen)
        if inside:
            otel.attach(here)  # a parent of its own trace is better than none
        session.on("close", lambda event: self._closed(run, event))
        return run

    def end(self, run: Traced, status: Outcome, reason: str, usage: list[dict[str, Any]]) -> None:
        """Says how a run ended; what its session still does is nobody's business."""
        if not run.over:
            run.watch.end(status, reason, usage)
            run.over = True
            self._runs.pop(run.watch.trace, None)
            if self._waiting is run:
                self._waiting = None

    def terminate(self, trace: str, reason: str) -> None:
        """Ends a session that the other side wants to end, where its owner lets it."""
        run = self._runs.get(trace)
        if run is None or run.session is None:
            return
        if not self._allow_termination:
            log.warning(
                "The other side wants session %s to end (%s); allow_termination=True lets it",
                trace,
                reason,
            )
            return
        log.warning("Session %s is ended by the other side: %s", trace, reason)
        run.terminated = reason or "terminated"
        task = asyncio.create_task(run.session.aclose(), name=f"end of {trace}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Ends what goes on, and stops saying that it lives; the ledger is closed by its owner."""
        self._beat.cancel()
        for run in list(self._runs.values()):
            if run.ending is not None:
                run.ending()
            self.end(run, "complete", "tracer_closed", _usage(run.session))

    def _begin(self, trace: str) -> Traced:
        run: Traced

        def tell(entry: Entry) -> None:
            self._tell(run, entry)

        def finish(instance: Instance, status: Finish) -> None:
            self.end(run, status, "finished", _usage(run.session))

        watch = Watch(trace, tell, prices=self._prices, content=self._content)
        run = Traced(Instance(trace, watch.tell, finish, self), watch)
        self._runs[trace] = run
        watch.begin(source="wrapper", agent=self._agent, **_job())
        return run

    def _tell(self, run: Traced, entry: Entry) -> None:
        if run.over:
            return
        if isinstance(entry, Span):
            if entry.kind == "tool" and self._tools:
                kind = self._tools.get(str(names.TOOL_NAME.of(entry.attributes)))
                if kind is not None:
                    told = {**entry.attributes, "duologue.span_type": kind}
                    entry = msgspec.structs.replace(entry, attributes=told)
            elif entry.kind == "session" and entry.end_ns and run.ending is not None:
                asyncio.get_running_loop().call_soon(run.ending)
        self.ledger.put(entry)

    def _closed(self, run: Traced, event: CloseEvent) -> None:
        """The session has closed; its own span ends a moment later, and with it the run."""
        failed = event.error is not None or event.reason.value == "error"
        status: Outcome = "failed" if failed else "complete"
        reason, usage = event.reason.value, _usage(run.session)

        def ending() -> None:
            last.cancel()
            run.ending = None
            if run.lent:
                run.session = None
            elif run.terminated:
                self.end(run, "terminated", run.terminated, usage)
            else:
                self.end(run, status, reason, usage)

        last = asyncio.get_running_loop().call_later(_LAST, ending)
        if not run.over:
            run.ending = ending
        else:
            last.cancel()

    async def _beats(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            for trace in self._runs:
                self.ledger.put(Trace(trace=trace, last_seen_ns=time.time_ns()))


def _trace_here(taken: Mapping[str, Any]) -> str:
    """The trace that is current here, such as a job's, where it is free; or else a new one."""
    span = api.get_current_span()
    trace = f"{span.get_span_context().trace_id:032x}"
    if span.is_recording() and trace not in taken and int(trace, 16) not in collector._followers:
        return trace
    fresh = ids.make("run_", time.time_ns() // 1_000_000, os.urandom(ids.ENTROPY_BYTES))
    return fresh.removeprefix("run_")


def _usage(session: AgentSession[Any] | None) -> list[dict[str, Any]]:
    """What a session has used, by model."""
    if session is None:
        return []
    return [used.model_dump(mode="json") for used in session.usage.model_usage]


def _job() -> dict[str, Any]:
    """What is known of the job that this runs in."""
    from livekit.agents import get_job_context

    job = get_job_context(required=False)
    return {} if job is None else {"room": job.job.room.name, "transport": "livekit"}

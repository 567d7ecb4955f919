"""Tracing of your own sessions: around `AgentSession.start`, and never in its way."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from opentelemetry import context as otel
from opentelemetry import trace as api

from duologue.settings import Price
from duologue.trace import collector, local
from duologue.trace.instance import Instance
from duologue.trace.ledger import Ledger, Report
from duologue.trace.lending import Lent, is_prefactor, prefactor_sink, sinks_of
from duologue.trace.life import Life, Traced
from duologue.trace.limits import Limits
from duologue.trace.prices import Prices
from duologue.trace.redact import Hook, Redactor, redactor
from duologue.trace.schemas import Registry, ToolSchemas, agent_schema, tool_types
from duologue.trace.sink_prefactor import PrefactorSink
from duologue.trace.sinks import Sink
from duologue.trace.spool import Spooled

if TYPE_CHECKING:
    from livekit.agents import Agent, AgentSession

log = logging.getLogger("duologue.trace")

CLOSING: Final = 5.0
"""Seconds that closing takes at most."""


class TelemetryLost(Exception):
    """Some of what was told did not arrive; `report` counts it."""

    def __init__(self, report: Report) -> None:
        super().__init__(
            f"{report.dropped} entries were dropped and {report.pending} not sent in time; "
            f"{report.sent} arrived, {report.spooled} lie on disk"
        )
        self.report = report


class SessionTracer:
    """Traces AgentSessions, any number at once, into sinks.

    `client` is a sink, a list of them, or a client of prefactor-core; all are left open. With
    `instance` everything goes to a run that is somebody else's to finish. Without either, into the
    store of a server on this machine, or a file where only the tracer is installed, by the same
    settings (`duologue.toml`, `DUOLOGUE_DATA`, …): also by what `trace` lets be kept, and with its
    prices. `redact` is a Redactor, names of its patterns, or a function of a name and a value.
    `spool` is a folder that keeps what a remote sink has not taken. `on_failure="raise"` lets
    close() raise TelemetryLost. With `allow_termination` the other side may end a session.
    """

    def __init__(
        self,
        client: Any = None,
        agent_id: str | None = "livekit-agent",
        agent_name: str | None = None,
        instance: Any = None,
        tool_schemas: ToolSchemas | None = None,
        *,
        content: bool = True,
        redact: Redactor | Sequence[str] | Hook | None = None,
        sample: float = 1.0,
        limits: Limits | None = None,
        prices: Mapping[str, Price] | None = None,
        spool: str | Path | None = None,
        on_failure: Literal["log", "raise"] = "log",
        allow_termination: bool = False,
    ) -> None:
        if client is not None and instance is not None:
            raise ValueError(
                "give a client (a sink, such as OtlpSink(…), LinesSink(…) or PrefactorSink(…)) or "
                "an instance, and not both; without either, traces are kept on this machine"
            )
        if on_failure not in ("log", "raise"):
            raise ValueError(f"on_failure is 'log' or 'raise', not {on_failure!r}")
        if not 0.0 <= sample <= 1.0:
            raise ValueError(f"sample is a share of sessions between 0 and 1, not {sample!r}")
        self._tools = tool_types(tool_schemas)
        self._agent = agent_name or agent_id or "livekit-agent"
        self._given = instance
        self._make: Callable[[], list[Sink]]
        if isinstance(instance, Instance):
            self._make = list
        elif instance is not None:
            theirs = getattr(instance, "_client", None)
            if not is_prefactor(theirs):
                raise ValueError(f"instance is no handle of a run: {instance!r}")
            self._make = lambda: [
                prefactor_sink(theirs, agent_id, agent_name, tool_schemas, instance_id=instance.id)
            ]
        elif client is None:
            chosen = local.settings()
            self._make = lambda: local.local_sinks(chosen)
            content = content and chosen.trace == "on"
            prices = chosen.prices if prices is None else prices
        elif is_prefactor(client):
            self._make = lambda: [prefactor_sink(client, agent_id, agent_name, tool_schemas)]
        else:
            lent = sinks_of(client)
            self._make = lambda: lent
        self._content = content
        self._redact = redactor(redact)
        self._sample = sample
        self._limits = limits
        self._prices = Prices(prices)
        self._spool = spool
        self._on_failure = on_failure
        self._allow_termination = allow_termination
        self._life: Life | None = None
        self._closing: asyncio.Task[Report] | None = None

    @classmethod
    def from_config(
        cls,
        api_url: str,
        api_token: str,
        agent_id: str | None = "livekit-agent",
        agent_name: str | None = None,
        schema_registry: Registry | Mapping[str, Any] | None = None,
        include_livekit_schemas: bool = True,
        tool_schemas: ToolSchemas | None = None,
        **options: Any,
    ) -> Self:
        """A tracer that sends to Prefactor's API, or to a duologue server, which speaks it, too.

        `options` are those of the constructor.
        """
        schema = agent_schema(schema_registry, livekit=include_livekit_schemas, tools=tool_schemas)

        def make() -> list[Sink]:
            return [
                PrefactorSink(
                    api_url,
                    api_token,
                    agent_id=agent_id,
                    agent_name=agent_name,
                    schema=schema,
                    tools=tool_types(tool_schemas),
                )
            ]

        made = cls(make(), agent_id, agent_name, None, tool_schemas, **options)
        made._make = make
        return made

    async def __aenter__(self) -> Self:
        await self.ensure_initialized()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def report(self) -> Report:
        """What became of what was told since the tracer was opened."""
        life = self._life
        if life is not None:
            return life.ledger.report
        done = self._closing
        return done.result() if done is not None and done.done() else Report()

    async def ensure_initialized(self) -> Any:
        """The handle of the run that waits for a session, or goes on; makes one where none does.

        However often and from wherever it is called, there is one. Nothing is waited for.
        """
        if self._given is not None:
            self._open()
            return self._given
        return self._open().active()

    async def attach(self, session: AgentSession[Any]) -> Any:
        """Follows a session that is about to start, or runs already; its run's handle.

        Call it from the task that will start the session. Of one that runs already livekit-agents
        has opened its spans elsewhere, so it is told of by its events.
        """
        run = self._follow(session)
        if self._given is not None:
            return self._given
        return None if run is None else run.instance

    async def start(self, session: AgentSession[Any], agent: Agent, **kwargs: Any) -> Any:
        """Starts the session, traced, and returns what its own start returns.

        Telemetry delays nothing here and fails nothing.
        """
        # In a context of its own: of several sessions that one task starts each keeps its trace.
        within = api.get_current_span() is not api.INVALID_SPAN
        result, context = await asyncio.create_task(
            self._start(session, agent, kwargs), name="start of a traced session"
        )
        if within:
            otel.attach(context)  # as livekit-agents does: what the caller says next is said in it
        return result

    async def close(self, timeout: float = CLOSING) -> Report:  # noqa: ASYNC109  # its promise
        """Writes what waits, for at most that many seconds; the tracer can be used again.

        What became of everything is the answer: sent, dropped, pending, spooled.
        """
        life, self._life = self._life, None
        if life is not None:
            life.close()
            self._closing = asyncio.create_task(life.ledger.close(timeout), name="last words")
        if self._closing is None:
            return Report()
        report = await asyncio.shield(self._closing)
        if life is not None and (report.dropped or report.pending):
            if self._on_failure == "raise":
                raise TelemetryLost(report)
            log.warning("%s", TelemetryLost(report))
        return report

    # ------------------------------------------------------------ within

    async def _start(
        self, session: AgentSession[Any], agent: Agent, kwargs: Mapping[str, Any]
    ) -> tuple[Any, otel.Context]:
        run = self._follow(session, agent)
        if run is not None:
            if api.get_current_span().get_span_context().trace_id != int(run.watch.trace, 16):
                otel.attach(collector.within(run.watch.trace))
            run.instance.know(
                agent_class=type(agent).__name__, session_class=type(session).__name__
            )
        try:
            result = await session.start(agent, **kwargs)
        except BaseException as error:
            if run is not None and self._life is not None:
                cancelled = isinstance(error, asyncio.CancelledError)
                status: Literal["cancelled", "failed"] = "cancelled" if cancelled else "failed"
                self._life.end(run, status, f"start: {type(error).__name__}", [])
            raise
        if run is not None:
            run.watch.started()
        return result, otel.get_current()

    def _follow(self, session: AgentSession[Any], agent: Agent | None = None) -> Traced | None:
        """Follows a session; a failure of ours is logged, and the session is not traced."""
        try:
            given = self._given if isinstance(self._given, Instance) else None
            return self._open().attach(session, agent, given)
        except Exception:
            log.exception("A session is not traced")
            return None

    def _open(self) -> Life:
        """What goes on since the tracer was opened; opens it where it is not."""
        if isinstance(self._given, Instance):
            life: Life = self._given.life
            return life
        if self._life is None:
            sinks = self._make()
            ledger = Ledger(
                [
                    Spooled(sink, self._spool) if self._spool and sink.remote else sink
                    for sink in sinks
                ],
                limits=self._limits,
                redact=self._redact,
                sample=self._sample,
            )
            self._life = Life(
                ledger,
                agent=self._agent,
                tools=self._tools,
                prices=self._prices,
                content=self._content,
                allow_termination=self._allow_termination,
            )
            for sink in sinks:
                inner = sink.sink if isinstance(sink, Lent) else sink
                if isinstance(inner, PrefactorSink):
                    inner.on_terminate = self._life.terminate
            self._close_with_job()
        return self._life

    def _close_with_job(self) -> None:
        """A job's process ends after its session: what waits is sent before."""
        from livekit.agents import get_job_context

        job = get_job_context(required=False)
        if job is not None:

            async def over() -> None:
                with contextlib.suppress(TelemetryLost):
                    await self.close()

            job.add_shutdown_callback(over)

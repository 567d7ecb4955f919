"""The ways in which a session is traced, ours and others', as contexts around its life."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from livekit.agents import Agent, AgentSession, telemetry
from opentelemetry import trace as api
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from prefactor_livekit import PrefactorLiveKitSession

from duologue.core.ids import make
from duologue.trace import SessionTracer
from duologue.trace.ledger import Ledger
from duologue.trace.watch import Watch

Talk = Callable[[AgentSession[None], Agent], AbstractAsyncContextManager[None]]


class Rows(SpanExporter):
    """Writes spans into SQLite as one would who needs no more than to have them."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute(
            "CREATE TABLE spans (trace TEXT, id TEXT PRIMARY KEY, parent TEXT, name TEXT,"
            " start INTEGER, end INTEGER, attributes TEXT, events TEXT)"
        )

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Writes a batch."""
        self._db.executemany("INSERT INTO spans VALUES (?,?,?,?,?,?,?,?)", map(_row, spans))
        self._db.commit()
        return SpanExportResult.SUCCESS


def _row(span: ReadableSpan) -> tuple[Any, ...]:
    ids = span.get_span_context()
    assert ids is not None
    return (
        f"{ids.trace_id:032x}",
        f"{ids.span_id:016x}",
        f"{span.parent.span_id:016x}" if span.parent else "",
        span.name,
        span.start_time,
        span.end_time,
        json.dumps(dict(span.attributes or {})),
        json.dumps([(each.name, each.timestamp) for each in span.events]),
    )


def _nobody() -> None:
    """No provider but what a tracer sets itself; livekit-agents writes all that it would."""
    telemetry.set_tracer_provider(api.NoOpTracerProvider())
    telemetry.gen_ai.set_capture_content(True)


@asynccontextmanager
async def untraced(session: AgentSession[None], agent: Agent) -> AsyncIterator[None]:
    """Nobody listens."""
    _nobody()
    await session.start(agent)
    yield
    await session.aclose()


def own(ledger: Ledger) -> Talk:
    """As every run of ours is watched."""

    @asynccontextmanager
    async def talk(session: AgentSession[None], agent: Agent) -> AsyncIterator[None]:
        _nobody()
        trace = make("", time.time_ns() // 1_000_000, time.time_ns().to_bytes(10, "big"))
        watch = Watch(trace, ledger.put)
        watch.begin(agent="clerk")
        watch.follow(session, agent)
        await session.start(agent)
        watch.started()
        yield
        await session.aclose()
        watch.end("complete", "left", [])
        while ledger.report.pending:  # noqa: ASYNC110  # nothing tells when
            await asyncio.sleep(0.05)

    return talk


def wrapped(url: str) -> Talk:
    """Our wrapper, to the same API as prefactor-livekit."""

    @asynccontextmanager
    async def talk(session: AgentSession[None], agent: Agent) -> AsyncIterator[None]:
        _nobody()
        tracer = SessionTracer.from_config(url, "token", "clerk")
        await tracer.start(session, agent)
        yield
        await session.aclose()
        report = await tracer.close()
        assert not report.dropped + report.pending, report

    return talk


def prefactor(url: str) -> Talk:
    """prefactor-livekit, as its own page shows it."""

    @asynccontextmanager
    async def talk(session: AgentSession[None], agent: Agent) -> AsyncIterator[None]:
        _nobody()
        tracer: Any = PrefactorLiveKitSession.from_config(url, "token", "clerk")
        await tracer.start(session, agent)
        yield
        await session.aclose()
        await tracer.close()

    return talk


def plain(exporter: SpanExporter) -> tuple[TracerProvider, Talk]:
    """livekit-agents' own spans through the SDK, in batches."""
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter))

    @asynccontextmanager
    async def talk(session: AgentSession[None], agent: Agent) -> AsyncIterator[None]:
        telemetry.set_tracer_provider(provider)
        telemetry.gen_ai.set_capture_content(True)
        await session.start(agent)
        yield
        await session.aclose()
        await asyncio.to_thread(provider.force_flush)

    return provider, talk


def to_collector(url: str) -> SpanExporter:
    """livekit-agents' plain export: OTLP over HTTP."""
    return OTLPSpanExporter(endpoint=f"{url}/v1/traces")

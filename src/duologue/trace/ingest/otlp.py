"""OTLP of anybody's as entries: a trace is a run, and its root ends it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import UNSET

from duologue.trace import names
from duologue.trace.content import SPOKEN
from duologue.trace.entries import Entry, Log, Span, Trace
from duologue.trace.ingest import reading
from duologue.trace.ingest.records import Source, Told, over

SERVICE = "service.name"
"""The attribute of a run that names the program: an agent's own name says more."""
TURNS_TOLD = "turns_told"
"""The attribute of a run whose turns its source tells: they are not put together here."""
_NAMELESS = "unknown_service"


def spans(body: bytes, kind: str) -> Told:
    """The steps that a request tells of, and what they say of their runs."""
    entries: list[Entry] = []
    known: dict[str, Trace] = {}
    for span, source in reading.spans_of(body, kind):
        run = _known(known, span.trace, source)
        if agent := _agent(span, source):
            run = msgspec.structs.replace(run, agent=agent)
        if span.end_ns and (span.kind == "session" or not span.parent):
            run = msgspec.structs.replace(
                run,
                status="failed" if span.status == "error" else "complete",
                started_ns=span.start_ns,
                ended_ns=span.end_ns,
            )
        known[span.trace] = run
        if span.name not in names.ATTEMPTS or span.status == "error":
            entries.append(span)
    return Told([*known.values(), *entries])


def logs(body: bytes, kind: str) -> Told:
    """The lines and events that a request tells of; a line of no trace belongs to no run."""
    entries: list[Entry] = []
    known: dict[str, Trace] = {}
    stray = 0
    for line, source, event in reading.logs_of(body, kind):
        if not line.trace:
            stray += 1
            continue
        run = _known(known, line.trace, source)
        if isinstance(event, Trace):
            run = over(run, msgspec.structs.replace(event, source="otlp"))
        elif event is not None:
            run = over(run, Trace(trace=line.trace, attributes={TURNS_TOLD: True}))
            entries.append(event)
        else:
            entries.append(_plain(line))
        known[line.trace] = run
    return Told([*known.values(), *entries], stray)


def _known(known: Mapping[str, Trace], trace: str, source: Source) -> Trace:
    """What was said of a run so far, over what its service is called: an agent's name stays."""
    base = _run(trace, source)
    return over(base, known[trace]) if trace in known else base


def _run(trace: str, source: Source) -> Trace:
    service = str(source.resource.get("service.name") or "")
    version = str(source.resource.get("service.version") or "")
    named = service and not service.startswith(_NAMELESS)
    return Trace(
        trace=trace,
        source="otlp",
        agent=service if named else UNSET,
        agent_version=version or UNSET,
        attributes={SERVICE: service} if named else {},
    )


def _agent(span: Span, source: Source) -> str:
    """The agent's own name, which says more than that of its service."""
    name = source.of("lk.agent_name", span.attributes)
    return name or str(span.attributes.get("gen_ai.agent.name") or "")


def _plain(line: Log) -> Log:
    """What was said is told by a worker's report alone, whatever a logger is called."""
    return msgspec.structs.replace(line, logger="") if line.logger == SPOKEN else line

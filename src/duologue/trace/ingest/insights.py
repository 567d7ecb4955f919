"""What a livekit-agents worker sends to LIVEKIT_OBSERVABILITY_URL, as entries.

A job is a run: its spans, lines and its report carry the job's id, and they come in any order, so
the run's trace is made of that id.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import msgspec
from google.protobuf.message import DecodeError
from livekit.protocol.metrics import MetricsRecordingHeader
from msgspec import UNSET

from duologue.trace import names
from duologue.trace.content import SPOKEN
from duologue.trace.entries import Entry, Log, Outcome, Span, Trace
from duologue.trace.ingest import reading
from duologue.trace.ingest.records import Malformed, Source, Told, over, repeatable
from duologue.trace.prices import Prices

_S: Final = 1_000_000_000
_MOST: Final = 1e11
"""No time or delay in seconds lies beyond it."""
_ROLES: Final = ("user", "assistant")


class Report(NamedTuple):
    """A job's report at its end, without its sound."""

    trace: str
    entries: list[Entry]
    started_ns: int
    """When its sound begins; 0 where there is none."""
    duration_ms: int


def trace_of(job: str) -> str:
    """The trace of a job."""
    return blake2b(job.encode(), digest_size=16).hexdigest()


def spans(body: bytes, kind: str) -> Told:
    """The steps that a request tells of, and what they say of their run."""
    entries: list[Entry] = []
    known: dict[str, Trace] = {}
    for span, source in reading.spans_of(body, kind):
        trace, told = _run(source, span.attributes, span.trace)
        known[trace] = over(known.get(trace), told)
        if span.name == "agent_session":
            known[trace] = over(known[trace], _session(trace, span))
        elif span.name == "session_close":
            reason = str(span.attributes.get("lk.close_reason") or "")
            known[trace] = over(known[trace], _closed(trace, reason))
        if span.name not in names.ATTEMPTS or span.status == "error":
            entries.append(msgspec.structs.replace(span, trace=trace))
    return Told([*known.values(), *entries])


def logs(body: bytes, kind: str, prices: Prices) -> Told:
    """The lines that a request tells of: what was logged, said, tagged and judged."""
    entries: list[Entry] = []
    known: dict[str, Trace] = {}
    stray = 0
    for line, source, _ in reading.logs_of(body, kind):
        trace, told = _run(source, line.attributes, line.trace)
        if not trace:
            stray += 1
            continue
        known[trace] = over(known.get(trace), told)
        own = msgspec.structs.replace(line, trace=trace)
        for entry in _line(own, prices):
            if isinstance(entry, Trace):
                known[trace] = over(known[trace], entry)
            else:
                entries.append(entry)
    return Told([*known.values(), *entries], stray)


def report(header: bytes, history: bytes, prices: Prices) -> Report:
    """What a job says at its end: how it went, and all that was said."""
    told = MetricsRecordingHeader()
    try:
        told.ParseFromString(header)
    except DecodeError:
        raise Malformed("header.binpb is no MetricsRecordingHeader") from None
    if not told.job_id:
        raise Malformed("header.binpb names no job")
    trace = trace_of(told.job_id)
    summary = _object(told.session_summary.encode(), "session_summary")
    began = told.start_time.ToNanoseconds() if told.HasField("start_time") else 0
    if not 0 <= began < 2**63:
        raise Malformed(f"header.binpb begins at {began} ns")
    run = Trace(
        trace=trace,
        source="insights",
        transport="livekit",
        agent=str(summary.get("agent_name") or "") or UNSET,
        room=str(summary.get("room") or "") or UNSET,
        attributes=_without_none(
            job_id=told.job_id,
            room_id=told.room_id,
            sdk_version=summary.get("sdk_version"),
            errors=summary.get("errors"),
        ),
    )
    run = over(run, _summed(trace, summary, prices))
    run = over(run, _closed(trace, str(summary.get("close_reason") or "complete")))
    items = _object(history, "chat_history.json").get("items") or []
    if not isinstance(items, list):
        raise Malformed("chat_history.json has no list of items")
    said = [line for item in items if (line := _said(trace, item)) is not None]
    return Report(trace, [run, *said], began, min(int(told.duration), 2**53))


# ---------------------------------------------------------------- of a run


def _run(source: Source, told: Mapping[str, Any], otel: str) -> tuple[str, Trace]:
    """The run that something belongs to, and what is said of it there."""
    job = source.of("job_id", told) or source.of("lk.job_id", told)
    trace = trace_of(job) if job else otel
    agent = source.of("lk.agent_name", told) or source.of("agent_name", told)
    room = source.of("lk.pii.room_name", told) or source.of("room", told)
    known = _without_none(
        job_id=job or None,
        room_id=source.of("room_id", told) or None,
        trace_id=otel or None,
    )
    return trace, Trace(
        trace=trace,
        source="insights",
        transport="livekit",
        agent=agent or UNSET,
        room=room or UNSET,
        attributes=known,
    )


def _session(trace: str, span: Span) -> Trace:
    """What the span of the whole session says; its label is the agent of a nameless worker."""
    label = str(span.attributes.get("lk.agent_label") or "")
    named = span.attributes.get("lk.agent_name")
    return Trace(
        trace=trace,
        agent=UNSET if named or not label else label,
        started_ns=span.start_ns,
        ended_ns=span.end_ns or UNSET,
    )


def _closed(trace: str, reason: str) -> Trace:
    """How it ended, by livekit-agents' own word."""
    word = reason.removeprefix("CR_").lower()
    status: Outcome = "failed" if word == "error" else "complete"
    return Trace(trace=trace, status=status, reason=word)


def _summed(trace: str, told: Mapping[str, Any], prices: Prices) -> Trace:
    """Usage, cost and tags, of a report in either form."""
    given, tags = told.get("usage"), told.get("session.tags") or told.get("tags")
    run = Trace(trace=trace)
    if isinstance(tags, list):
        run = msgspec.structs.replace(run, tags=[str(tag)[:200] for tag in tags[:100]])
    if isinstance(given, list):
        counted = [_counts(each) for each in given if isinstance(each, dict)]
        usage, cost = prices.priced(counted)
        run = msgspec.structs.replace(run, usage=usage, cost_micros=UNSET if cost is None else cost)
    return run


def _counts(used: Mapping[str, Any]) -> dict[str, Any]:
    """One model's usage without what is no word and no sound number."""
    return {key: held for key, held in used.items() if isinstance(held, str) or _sound(held)}


# ---------------------------------------------------------------- of a line


def _line(line: Log, prices: Prices) -> Iterator[Entry]:
    told = line.attributes
    match line.logger, line.text:
        case "chat_history", "session report":
            yield _summed(line.trace, told, prices)
            options = _without_none(
                sdk_version=told.get("sdk_version"), options=told.get("session.options")
            )
            yield Trace(trace=line.trace, attributes=options)
        case "chat_history", "chat item":
            said = _said(line.trace, told.get("chat.item"))
            if said is not None:
                yield said
        case "evaluations", "outcome":
            judged = _mapping(told.get("outcome"))
            why = _without_none(outcome_reason=judged.get("reason"))
            outcome = str(judged.get("outcome") or "")[:200]
            yield Trace(trace=line.trace, outcome=outcome or UNSET, attributes=why)
        case "evaluations", "tag":
            tag = _mapping(told.get("tag"))
            if name := str(tag.get("name") or "")[:200]:
                more = {f"tag.{name}": tag.get("metadata")}
                yield Trace(trace=line.trace, tags=[name], attributes=more)
        case _:
            yield line


def _said(trace: str, item: Any) -> Log | None:
    """A message of the chat, of a log's record or of the history; the same line for both."""
    told = _mapping(item)
    told = _mapping(told["message"]) if "message" in told else told
    role = str(told.get("role") or "").lower()
    if role not in _ROLES or told.get("type", "message") != "message":
        return None
    content = told.get("content")
    words = content if isinstance(content, list) else [content]
    texts = [w.get("text") if isinstance(w, dict) else w for w in words]
    at = _seconds(told.get("created_at"))
    if at is None:
        return None
    metrics = {
        name: seconds
        for name, value in _mapping(told.get("metrics")).items()
        if (seconds := _seconds(value)) is not None
    }
    return Log(
        trace=trace,
        id=repeatable(SPOKEN, told.get("id") or [role, at]),
        at_ns=int(at * _S),
        level="debug",
        text="\n".join(text for text in texts if isinstance(text, str)),
        logger=SPOKEN,
        attributes=_without_none(
            role=role,
            interrupted=bool(told.get("interrupted")),
            confidence=_seconds(told.get("transcript_confidence")),
            metrics=metrics,
        ),
    )


def _seconds(value: Any) -> float | None:
    """A number, or a moment in the words of protobuf's JSON."""
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value).timestamp()
        except (ValueError, OverflowError):
            return None
    return float(value) if _sound(value) else None


def _sound(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value < _MOST and math.isfinite(value)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _without_none(**told: Any) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value is not None}


def _object(content: bytes, what: str) -> dict[str, Any]:
    """A JSON object; nothing at all is an empty one."""
    if not content:
        return {}
    try:
        held = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Malformed(f"{what} cannot be read as JSON: {error}") from None
    if not isinstance(held, dict):
        raise Malformed(f"{what} is no JSON object")
    return held

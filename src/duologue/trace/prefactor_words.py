"""What is told, in the words of Prefactor's API: what goes into a step, and what comes out."""

from __future__ import annotations

import hashlib
import platform
import sys
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from typing import Any, Final

import msgspec

from duologue.trace import names
from duologue.trace.entries import Span, Trace, Turn

QUALITY: Final = "quality."
"""Attributes of a run under this name are judgements of it."""
OPENED: Final = frozenset({"session", "user_turn", "assistant_turn"})
"""Kinds that others hang below: they are told when they begin. The rest is told when it ended."""
_TOLD: Final = frozenset({*OPENED, "llm", "stt", "tts", "tool", "state", "error"})
_FINISHED: Final[Mapping[str, str]] = {
    "ok": "complete",
    "error": "failed",
    "cancelled": "cancelled",
    "complete": "complete",
    "failed": "failed",
    "lost": "failed",
    "terminated": "cancelled",
}
_STATUS: Final = {"complete": "completed"}


def schema_name(span: Span, tools: Mapping[str, str]) -> str:
    """The span type of a step; empty for one that Prefactor has no word for."""
    # A step of your own says its type as its name.
    if span.name.startswith("livekit:") or "payload" in span.attributes:
        return span.name
    if span.kind not in _TOLD:
        return ""
    if span.kind == "tool":
        return tools.get(str(names.TOOL_NAME.of(span.attributes)), "livekit:tool")
    return f"livekit:{span.kind}"


def finished(status: object) -> str:
    """How a step or a run ended, by our word for it; empty while it has not."""
    return _FINISHED.get(str(status), "")


def key(trace: str, what: str, act: str) -> str:
    """A key that a repeat of the same request has, too; at most 64 letters."""
    whole = f"{trace}-{what}-{act}"
    return whole if len(whole) <= 64 else hashlib.sha256(whole.encode()).hexdigest()


def moment(at_ns: int) -> str:
    """A time as the API takes it."""
    whole, rest = divmod(at_ns, 1_000_000_000)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=rest // 1000).isoformat()


def params(span: Span, schema: str) -> dict[str, Any]:
    """What goes into a step."""
    told = span.attributes
    if isinstance(told.get("payload"), Mapping):
        return dict(told["payload"])
    into: dict[str, Any] = {"type": schema, "name": span.name}
    if span.turn >= 0:
        into["turn_index"] = span.turn
    match span.kind:
        case "assistant_turn":
            into["input"] = names.USER_INPUT.of(told)
        case "llm" | "stt" | "tts":
            into |= {"model_name": names.MODEL.of(told), "provider": names.PROVIDER.of(told)}
        case "tool":
            into |= {
                "name": names.TOOL_NAME.of(told),
                "tool_name": names.TOOL_NAME.of(told),
                "call_id": names.TOOL_CALL.of(told),
                "inputs": _read(names.TOOL_INPUT.of(told)),
            }
        case "state":
            into |= {"actor": told.get("who"), "state": told.get("state")}
        case "error":
            into |= {"error_type": span.error, "message": names.ERROR_MESSAGE.of(told)}
        case "session":
            into["agent_name"] = told.get("lk.agent_name") or told.get("lk.agent_label")
    return _said(into)


def result(span: Span) -> dict[str, Any]:
    """What came out of a step that has ended."""
    told = span.attributes
    if isinstance(told.get("result"), Mapping):
        return dict(told["result"])
    status = finished(span.status)
    out: dict[str, Any] = {"status": _STATUS.get(status, status)}
    if span.status == "error":
        out["error"] = _said(
            {"error_type": span.error or "Error", "message": names.ERROR_MESSAGE.of(told)}
        )
    match span.kind:
        case "user_turn":
            out["transcript"] = names.TRANSCRIPT.of(told)
            out["confidence"] = names.CONFIDENCE.of(told)
        case "assistant_turn":
            answer = names.ANSWER.of(told)
            out["outputs"] = None if answer is None else {"message": answer}
            out["interrupted"] = names.INTERRUPTED.of(told)
        case "tool":
            output = names.TOOL_OUTPUT.of(told)
            out["outputs"] = None if output is None else {"output": _read(output)}
            out["is_error"] = bool(names.TOOL_ERROR.of(told)) or span.status == "error"
    out["metrics"] = _figures(told)
    return _said(out)


def typed(turn: Turn) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The user's half of a turn that was typed: the id of its step, what goes in, what comes out.

    livekit-agents has no span for it.
    """
    step = hashlib.sha256(f"{turn.trace}:{turn.index}:typed".encode()).hexdigest()[:16]
    into = {"type": "livekit:user_turn", "name": "user_turn", "turn_index": turn.index}
    return step, into, {"status": "completed", "transcript": turn.user_text}


def outcome(trace: Trace) -> dict[str, Any]:
    """What came of a run, for the result of its session."""
    told = {name: getattr(trace, name) for name in ("usage", "outcome", "reason", "tags")}
    return {name: value for name, value in told.items() if value and value is not msgspec.UNSET}


def parents(spans: Iterable[Span]) -> list[Span]:
    """The steps in an order in which a parent comes before its children."""
    return sorted(spans, key=lambda span: (span.start_ns, span.kind not in OPENED))


def beginning(known: Iterable[Trace], spans: Iterable[Span]) -> int:
    """When a run began, by the earliest that is told of it."""
    times = [entry.started_ns for entry in known if entry.started_ns is not msgspec.UNSET]
    times += [span.start_ns for span in spans]
    return min(times, default=time.time_ns())


@cache
def runtime() -> Mapping[str, Any]:
    """What this process is made of, as a version of an agent is told."""
    # Cached: reading the packages' versions takes 20 ms.
    return {
        "agent_sdk": [f"livekit-agents@{version('livekit-agents')}"],
        "prefactor_sdk": [f"duologue@{version('duologue')}"],
        "os": platform.system().lower(),
        "runtime": f"{sys.implementation.name}@{platform.python_version()}",
    }


def _figures(told: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers among the attributes: delays, tokens, positions."""
    return {
        name: value
        for name, value in told.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _said(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None and value != {}}


def _read(value: Any) -> Any:
    """A tool's arguments or result, parsed where they are JSON."""
    if not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        return value

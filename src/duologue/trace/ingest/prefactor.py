"""What programs tell by Prefactor's API, as entries: an instance is a run, its spans are steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from duologue.trace import names
from duologue.trace.entries import Kind, Span, Status
from duologue.trace.ingest.prefactor_forms import Instance, Step, written
from duologue.trace.ingest.records import repeatable

KEPT: Final = "prefactor"
"""The attribute of a run or a step that holds what only Prefactor's clients ask for."""
SCHEMA: Final = "prefactor.schema"
"""The attribute of a run that holds its span types as they were registered."""
PAYLOAD: Final = "prefactor.pii.payload"
RESULT: Final = "prefactor.pii.result"
"""Attributes of a step: what went in and what came out, as they were told."""
QUALITY: Final = "quality."
_MOST: Final = 1e12
_SECONDS: Final = (1e8, 9e9)
"""Between these a number is a time in unix seconds."""


# ---------------------------------------------------------------- steps


def kind_of(schema: str) -> Kind:
    """What a step is, by the name of its span type: `livekit:llm`, `livekit:tool:book`."""
    known = names.kind_of(schema, {})
    return known if known != "other" else names.PREFACTOR.get(schema.split(":")[-1], "other")


def begun(kind: Kind, payload: Mapping[str, Any]) -> dict[str, Any]:
    """What goes into a step, in the words that turns are made of."""
    told: dict[str, Any] = {}
    match kind:
        case "assistant_turn":
            _put(told, names.USER_INPUT, _words(payload.get("input")))
        case "llm" | "stt" | "tts":
            _put(told, names.MODEL, _words(payload.get("model_name")))
            _put(told, names.PROVIDER, _words(payload.get("provider")))
        case "tool":
            _put(told, names.TOOL_NAME, _words(payload.get("tool_name")))
            _put(told, names.TOOL_CALL, _words(payload.get("call_id")))
            _put(told, names.TOOL_INPUT, _json(payload.get("inputs")))
        case "error":
            _put(told, names.ERROR_TYPE, _words(payload.get("error_type")))
            _put(told, names.ERROR_MESSAGE, _words(payload.get("message")), -1)
    return told


def came(kind: Kind, result: Mapping[str, Any]) -> dict[str, Any]:
    """What came out of a step, in the words that turns are made of."""
    told: dict[str, Any] = {}
    figures = _map(result.get("metrics"))
    # Our own sink tells figures by livekit-agents' names.
    for name in names.ATTRIBUTES.values():
        for key in name.names:
            if (value := _number(figures.get(key))) is not None:
                told[key] = value
    error = _map(result.get("error"))
    _put(told, names.ERROR_TYPE, _words(error.get("error_type")))
    _put(told, names.ERROR_MESSAGE, _words(error.get("message")), -1)
    match kind:
        case "user_turn":
            _put(told, names.TRANSCRIPT, _words(result.get("transcript")))
            _put(told, names.CONFIDENCE, _number(result.get("confidence")))
            waits = _map(_map(figures.get("eou")).get("metrics"))
            _put(told, names.END_OF_TURN, _number(waits.get("end_of_utterance_delay")))
            _put(told, names.TRANSCRIPTION, _number(waits.get("transcription_delay")))
        case "assistant_turn":
            message = _map(result.get("outputs")).get("message")
            item = _map(message)
            _put(told, names.ANSWER, _said(item.get("content") if item else message))
            if result.get("interrupted") or item.get("interrupted"):
                _put(told, names.INTERRUPTED, True)
            e2e = _number(figures.get("e2e_latency"))
            later = _number(_map(item.get("metrics")).get("e2e_latency"))
            _put(told, names.END_TO_END, later if e2e is None else e2e)
        case "llm":
            _put(told, names.FIRST_TOKEN, _number(figures.get("ttft")))
            _put(told, names.INPUT_TOKENS, _number(figures.get("prompt_tokens")))
            _put(told, names.OUTPUT_TOKENS, _number(figures.get("completion_tokens")))
            _put(told, names.CACHED_TOKENS, _number(figures.get("prompt_cached_tokens")))
        case "tool":
            outputs = result.get("outputs")
            outputs = outputs.get("output", outputs) if isinstance(outputs, dict) else outputs
            _put(told, names.TOOL_OUTPUT, _json(outputs))
            if result.get("is_error"):
                _put(told, names.TOOL_ERROR, True)
    return told


def ended(step: Span, status: str, result: Mapping[str, Any], at_ns: int) -> Span:
    """The step with its end; its source's own times count more than when it was told."""
    told = step.attributes | came(step.kind, result) | {RESULT: dict(result)}
    state: Status = {"failed": "error", "cancelled": "cancelled"}.get(status, "ok")  # type: ignore[assignment]  # one of those
    if result.get("status") == "cancelled" and state == "ok":
        state = "cancelled"  # prefactor-livekit says it only there
    start, end = step.start_ns, _unix(result.get("finished_at")) or at_ns
    figures = _map(result.get("metrics"))
    if step.kind == "llm" and (stamp := _unix(figures.get("timestamp"))):
        start, end = stamp - int((_number(figures.get("duration")) or 0.0) * 1e9), stamp
    return msgspec.structs.replace(
        step,
        start_ns=start,
        end_ns=max(start, end, 1),
        status=state,
        error=str(names.ERROR_TYPE.of(told) or "Error") if state == "error" else "",
        attributes=told,
    )


def beginning(payload: Mapping[str, Any], otherwise: int) -> int:
    """When a step began by its source's clock, where it says so in what goes in."""
    return _unix(payload.get("started_at")) or _unix(payload.get("created_at")) or otherwise


def voices(step: Span) -> list[Span]:
    """The requests to a voice that an answer's figures tell of: they have no steps of their own."""
    result = _map(step.attributes.get(RESULT))
    figures = _map(result.get("metrics"))
    told = figures.get("tts")
    requests = [_map(each) for each in told] if isinstance(told, list) else []
    if not requests and (first := _number(figures.get("tts_node_ttfb"))) is not None:
        requests = [{"metrics": {"ttfb": first}}]
    made = []
    for number, request in enumerate(requests[:100]):
        metrics = _map(request.get("metrics"))
        first = _number(metrics.get("ttfb"))
        known = {"ttfb": first, "characters_count": _number(metrics.get("characters_count"))}
        known = {key: value for key, value in known.items() if value is not None}
        length = int((_number(metrics.get("duration")) or first or 0.0) * 1e9)
        end = _unix(request.get("timestamp")) or step.start_ns + length
        attributes: dict[str, Any] = {}
        _put(attributes, names.MODEL, _words(request.get("model_name")))
        _put(attributes, names.PROVIDER, _words(request.get("provider")))
        _put(attributes, names.TTS_METRICS, _json(known))
        made.append(
            Span(
                trace=step.trace,
                id=repeatable(step.trace, step.id, "tts", number),
                parent=step.id,
                name="tts_request",
                kind="tts",
                start_ns=end - length,
                end_ns=end,
                status="ok",
                attributes=attributes,
            )
        )
    return made


def answering(step: Span, before: Span | None) -> Span:
    """An answer with the words that it answers: those of the turn that was the user's before it."""
    if step.kind != "assistant_turn" or before is None or before.kind != "user_turn":
        return step
    if names.USER_INPUT.of(step.attributes) is not None:
        return step
    told = dict(step.attributes)
    _put(told, names.USER_INPUT, names.TRANSCRIPT.of(before.attributes))
    _put(told, names.END_OF_TURN, names.END_OF_TURN.of(before.attributes))
    return msgspec.structs.replace(step, attributes=told)


def usage_of(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What models were used, as the result of a session says it."""
    told = result.get("usage")
    told = told.get("model_usage") if isinstance(told, dict) else told
    return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []


# ---------------------------------------------------------------- answers


def instance_view(
    known: Instance, account: str, status: str, reason: str, attributes: Mapping[str, Any]
) -> dict[str, Any]:
    """An instance as the API shows it, with all that its clients insist on."""
    judged = {
        name.removeprefix(QUALITY): told
        for name, told in attributes.items()
        if name.startswith(QUALITY) and isinstance(told, dict)
    }
    started, finished = known.started_ms, known.finished_ms
    return {
        "type": "agent_instance",
        "id": known.id,
        "account_id": account,
        "agent_id": known.agent_id,
        "agent_version_id": known.agent_version_id,
        "environment_id": known.environment_id,
        "agent_deployment_id": f"{known.agent_id}.{known.environment_id}",
        "status": status,
        "inserted_at": written(known.inserted_ms * 1_000_000),
        "updated_at": written(known.updated_ms * 1_000_000),
        "started_at": None if started is None else written(started * 1_000_000),
        "finished_at": None if finished is None else written(finished * 1_000_000),
        "termination_reason": reason if status == "terminated" else None,
        "external_identifier": known.external_identifier,
        "purpose": known.purpose or "live",
        "quality_payloads": judged,
    }


def step_view(step: Any, trace: str, instance: Instance, account: str) -> dict[str, Any]:
    """A step as the API shows it; texts beyond what is kept of an attribute come back as text."""
    known = msgspec.convert(step.attributes[KEPT], Step)
    result = step.attributes.get(RESULT)
    status = {"active": "active", "error": "failed", "cancelled": "cancelled"}
    return {
        "type": "agent_span",
        "id": trace + step.id,
        "account_id": account,
        "agent_id": instance.agent_id,
        "agent_instance_id": instance.id,
        "parent_span_id": trace + step.parent if step.parent else None,
        "schema_name": known.schema,
        "schema_title": known.schema,
        "status": status.get(step.status, "complete"),
        "payload": _object(step.attributes.get(PAYLOAD)) or {},
        "result_payload": _object(result),
        "started_at": written(step.start_ns),
        "inserted_at": written(known.inserted_ms * 1_000_000),
        "updated_at": written(known.updated_ms * 1_000_000),
        "finished_at": written(step.end_ns) if step.end_ns else None,
    }


def _object(value: Any) -> dict[str, Any] | None:
    return {"cut": value} if isinstance(value, str) else value


# ---------------------------------------------------------------- values


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> float | int | None:
    """A figure that one could have."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) and 0 <= value < _MOST else None


def _unix(value: Any) -> int:
    """Unix seconds in nanoseconds; 0 for what is no time."""
    seconds = _number(value)
    return int(seconds * 1e9) if seconds and _SECONDS[0] < seconds < _SECONDS[1] else 0


def _words(value: Any) -> str | None:
    return None if value is None else value if isinstance(value, str) else _json(value)


def _said(content: Any) -> str | None:
    """The words of a message, which may be a list of texts and other things."""
    if isinstance(content, list):
        return " ".join(each for each in content if isinstance(each, str)) or None
    return _words(content)


def _json(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value, enc_hook=str).decode()


def _put(told: dict[str, Any], name: names.Name, value: Any, which: int = 0) -> None:
    if value is not None:
        told[name.names[which]] = value

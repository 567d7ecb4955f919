"""What was said and handed over, told apart from how long it took."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET

from duologue.trace.entries import Entry, Log, Span, Trace, Turn

_Told = TypeVar("_Told", bound=Entry)

# livekit-agents marks its own by a segment `pii` since 1.7; these are the GenAI conventions'
# names, which cannot be marked, and those of its releases before.
_NAMES: Final = frozenset(
    {
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.system_instructions",
        "gen_ai.tool.call.arguments",
        "gen_ai.tool.call.result",
        "gen_ai.tool.description",
        "gen_ai.tool.definitions",
        "gen_ai.retrieval.query.text",
        "gen_ai.retrieval.documents",
        "gen_ai.memory.query.text",
        "gen_ai.memory.records",
        "gen_ai.evaluation.explanation",
        "lk.user_transcript",
        "lk.user_input",
        "lk.instructions",
        "lk.chat_ctx",
        "lk.response.text",
        "lk.response.function_calls",
        "lk.function_tool.arguments",
        "lk.function_tool.output",
        "lk.input_text",
        "lk.participant_identity",
        "lk.room_name",
        # What a provider says of a failure repeats what it was asked.
        "error.message",
        "exception.message",
        "exception.stacktrace",
    }
)
SPOKEN: Final = "chat_history"
"""The logger of lines of which each is a message of the session: its role and its times."""
_FIELD: Final = re.compile(r"lk\.|gen_ai\.|exception\.type$")
"""The fields of a line whose meaning is known; all others are whatever code logs."""
_EVENTS: Final = frozenset(
    {
        "gen_ai.system.message",
        "gen_ai.user.message",
        "gen_ai.assistant.message",
        "gen_ai.tool.message",
        "gen_ai.choice",
        "gen_ai.client.inference.operation.details",
    }
)


def is_content(key: str) -> bool:
    """Whether an attribute of this name holds what people, models or tools said."""
    return key in _NAMES or "pii" in key.split(".") or key.startswith("gen_ai.prompt.variable")


def without_content(entry: _Told) -> _Told:
    """The entry without what was said: its times, counts and names stay."""
    match entry:
        case Span():
            attributes = _bare(entry.attributes)
            events = [
                event | {"attributes": _bare(event.get("attributes", {}))}
                for event in entry.events
                if event.get("name") not in _EVENTS
            ]
            if attributes == entry.attributes and events == entry.events:
                return entry
            return msgspec.structs.replace(entry, attributes=attributes, events=events)
        case Turn():
            if not entry.user_text and not entry.agent_text:
                return entry
            return msgspec.structs.replace(entry, user_text="", agent_text="")
        case Log():
            bare = _bare(entry.attributes)
            if entry.logger != SPOKEN:
                bare = {key: value for key, value in bare.items() if _FIELD.match(key)}
            return msgspec.structs.replace(entry, text="", attributes=bare)
        case Trace():
            if entry.attributes is UNSET:
                return entry
            return msgspec.structs.replace(entry, attributes=_bare(entry.attributes))


def _bare(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in attributes.items() if not is_content(key)}

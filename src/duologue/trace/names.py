"""What livekit-agents calls its spans and their attributes, in 1.5, 1.7 and 1.8, and what we do.

The newest name comes first; older ones are read, too. Other sources are known by the GenAI
conventions' operation, and by prefactor-livekit's names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from duologue.trace.entries import Kind

KINDS: Final[Mapping[str, Kind]] = {
    "agent_session": "session",
    "user_turn": "user_turn",
    "agent_turn": "assistant_turn",
    "llm_request": "llm",
    "realtime_inference": "llm",
    "realtime_metrics": "llm",
    "tts_request": "tts",
    "function_tool": "tool",
    "user_speaking": "speech",
    "agent_speaking": "speech",
}
OPERATIONS: Final[Mapping[str, Kind]] = {
    "chat": "llm",
    "generate_content": "llm",
    "text_completion": "llm",
    "execute_tool": "tool",
    "invoke_agent": "assistant_turn",
    "invoke_workflow": "session",
}
PREFACTOR: Final[Mapping[str, Kind]] = {
    "session": "session",
    "user_turn": "user_turn",
    "assistant_turn": "assistant_turn",
    "llm": "llm",
    "stt": "stt",
    "tts": "tts",
    "tool": "tool",
    "state": "state",
    "error": "error",
}
ATTEMPTS: Final = frozenset({"llm_request_run", "tts_request_run"})
"""Single tries of a request: what they say, the request says, unless one failed."""


class Name(NamedTuple):
    """An attribute: the constant of livekit-agents that holds its name, and its names."""

    constant: str
    names: tuple[str, ...]

    def of(self, attributes: Mapping[str, Any]) -> Any:
        """Its value, under whichever of its names; none where it is missing."""
        for name in self.names:
            if (value := attributes.get(name)) is not None:
                return value
        return None


def _name(constant: str, *names: str) -> Name:
    return Name(constant, names)


USER_INPUT: Final = _name("ATTR_USER_INPUT", "lk.pii.user_input", "lk.user_input")
TRANSCRIPT: Final = _name("ATTR_USER_TRANSCRIPT", "lk.pii.user_transcript", "lk.user_transcript")
ANSWER: Final = _name("ATTR_RESPONSE_TEXT", "lk.pii.response.text", "lk.response.text")
PROMPT: Final = _name("ATTR_GEN_AI_INPUT_MESSAGES", "gen_ai.input.messages", "lk.pii.chat_ctx")
PARTIAL: Final = _name("ATTR_INPUT_DELTA", "lk.input.delta")
CONFIDENCE: Final = _name("ATTR_TRANSCRIPT_CONFIDENCE", "lk.transcript_confidence")
END_OF_TURN: Final = _name("ATTR_END_OF_TURN_DELAY", "lk.end_of_turn_delay")
TRANSCRIPTION: Final = _name("ATTR_TRANSCRIPTION_DELAY", "lk.transcription_delay")
FIRST_TOKEN: Final = _name("ATTR_RESPONSE_TTFT", "lk.response.ttft")
FIRST_CHUNK: Final = _name(
    "ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK", "gen_ai.response.time_to_first_chunk"
)
FIRST_BYTE: Final = _name("ATTR_RESPONSE_TTFB", "lk.response.ttfb")
END_TO_END: Final = _name("ATTR_E2E_LATENCY", "lk.e2e_latency")
INTERRUPTED: Final = _name("ATTR_SPEECH_INTERRUPTED", "lk.interrupted")
INTERRUPTION: Final = _name("ATTR_INTERRUPTION_SOURCE", "lk.interruption.source")
PLAYED: Final = _name("ATTR_PLAYOUT_POSITION", "lk.playout.position")
GENERATION: Final = _name("ATTR_AGENT_TURN_ID", "lk.generation_id")
PARENT_GENERATION: Final = _name("ATTR_AGENT_PARENT_TURN_ID", "lk.parent_generation_id")
SPEECH: Final = _name("ATTR_SPEECH_ID", "lk.speech_id")
TOOL_NAME: Final = _name("ATTR_FUNCTION_TOOL_NAME", "lk.function_tool.name", "gen_ai.tool.name")
TOOL_CALL: Final = _name("ATTR_FUNCTION_TOOL_ID", "lk.function_tool.id", "gen_ai.tool.call.id")
TOOL_INPUT: Final = _name(
    "ATTR_FUNCTION_TOOL_ARGS", "lk.pii.function_tool.arguments", "lk.function_tool.arguments"
)
TOOL_OUTPUT: Final = _name(
    "ATTR_FUNCTION_TOOL_OUTPUT", "lk.pii.function_tool.output", "lk.function_tool.output"
)
TOOL_ERROR: Final = _name("ATTR_FUNCTION_TOOL_IS_ERROR", "lk.function_tool.is_error")
INPUT_TOKENS: Final = _name("ATTR_GEN_AI_USAGE_INPUT_TOKENS", "gen_ai.usage.input_tokens")
OUTPUT_TOKENS: Final = _name("ATTR_GEN_AI_USAGE_OUTPUT_TOKENS", "gen_ai.usage.output_tokens")
CACHED_TOKENS: Final = _name(
    "ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS",
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.input_cached_tokens",
)
MODEL: Final = _name("ATTR_GEN_AI_REQUEST_MODEL", "gen_ai.request.model")
PROVIDER: Final = _name("ATTR_GEN_AI_PROVIDER_NAME", "gen_ai.provider.name", "gen_ai.system")
OPERATION: Final = _name("ATTR_GEN_AI_OPERATION_NAME", "gen_ai.operation.name")
TTS_METRICS: Final = _name("ATTR_TTS_METRICS", "lk.tts_metrics")
RETRY: Final = _name("ATTR_RETRY_COUNT", "lk.retry_count")
ERROR_TYPE: Final = _name("ATTR_ERROR_TYPE", "error.type", "exception.type")
ERROR_MESSAGE: Final = _name("ATTR_EXCEPTION_MESSAGE", "exception.message", "error.message")
OLD_STATE: Final = _name("ATTR_OLD_STATE", "lk.old_state")
NEW_STATE: Final = _name("ATTR_NEW_STATE", "lk.new_state")

ATTRIBUTES: Final[Mapping[str, Name]] = {
    key: value for key, value in list(globals().items()) if isinstance(value, Name)
}
"""The table itself: our word for each."""


def kind_of(name: str, attributes: Mapping[str, Any]) -> Kind:
    """What a span is, by its name, or else by what it says that it does."""
    known = KINDS.get(name)
    if known is not None:
        return known
    if name.startswith("livekit:"):
        return PREFACTOR.get(name.split(":")[1], "other")
    if name in ATTEMPTS:
        return "other"
    return OPERATIONS.get(str(attributes.get("gen_ai.operation.name")), "other")

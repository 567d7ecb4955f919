"""Which models a session uses: what the agent names, else what the keys allow, else offline."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from livekit.agents import llm, stt, tts, vad
from livekit.agents.llm import RealtimeModel

from duologue.agents import providers
from duologue.agents.definition import LoadedAgent
from duologue.agents.voices.ears import Ears
from duologue.agents.voices.hibari import HibariTTS, VoiceBox
from duologue.agents.voices.keyless import KeylessLLM
from duologue.agents.voices.sphinx import SphinxSTT
from duologue.agents.voices.vad import InlineVAD
from duologue.errors import DuologueError

log = structlog.get_logger(__name__)

DEFAULTS: Final = {
    "stt": "openai/gpt-4o-mini-transcribe",
    "llm": "openai/gpt-4.1-mini",
    "tts": "openai/gpt-4o-mini-tts",
}
"""What an OpenAI key, or a server that speaks as OpenAI does, gets when the agent names nothing."""


@dataclass(slots=True)
class Models:
    """The models of one session, and where each came from."""

    stt: stt.STT[Any] | None
    llm: llm.LLM[Any] | None
    tts: tts.TTS[Any] | None
    vad: vad.VAD | None
    realtime: RealtimeModel | None
    origin: dict[str, str]
    """`given`, `offline`, or the model string, by kind; after a key that was found its name."""
    made: list[Any] = field(default_factory=list)

    async def aclose(self) -> None:
        """Closes what was made for this session; what the agent's file made is its own."""
        for one in self.made:
            await one.aclose()
            if isinstance(one, stt.STT) and hasattr(one, "_client"):
                # livekit-plugins-openai 1.8.9 leaves the connections of its STT open.
                await one._client.close()
        self.made.clear()


class Shared:
    """What the sessions of a process share: the voice's model, the recognizers."""

    def __init__(self) -> None:
        self.voice = VoiceBox()
        self.ears = Ears()

    async def aclose(self) -> None:
        """Ends every thread and process; twice is once."""
        self.ears.close()
        self.voice.close()


def resolve(loaded: LoadedAgent, environment: Mapping[str, str], *, shared: Shared) -> Models:
    """The models of a new session; an error names the package or the key that is missing."""
    definition, given = loaded.definition, loaded.models or {}
    models = Models(None, None, None, None, None, {})

    def make(kind: str) -> Any:
        named = getattr(definition, kind, "")
        if given.get(kind) is not None:
            models.origin[kind] = "given"
            return _own(kind, given[kind], models, definition.slug)
        if named:
            models.origin[kind] = named
            return _keep(providers.make(kind, named, environment, definition.voice), models)
        if kind in DEFAULTS and (key := providers.openai_key(environment)):
            models.origin[kind] = f"{DEFAULTS[kind]} ({key})"
            made = providers.make(kind, DEFAULTS[kind], environment, definition.voice)
            return _keep(made, models)
        return None

    models.realtime = make("realtime")
    models.vad = make("vad") or InlineVAD(min_silence_duration=definition.turns.silence)
    if models.realtime is not None:
        return models
    models.stt = make("stt") or _offline("stt", models, SphinxSTT(shared.ears, definition.phrases))
    models.llm = make("llm") or _offline("llm", models, given.get("offline_llm", KeylessLLM)())
    models.tts = make("tts") or _offline("tts", models, HibariTTS(shared.voice))
    return models


def planned(loaded: LoadedAgent, environment: Mapping[str, str]) -> dict[str, str]:
    """What a new session would be given, by kind and in words; nothing is made for it."""
    definition, given = loaded.definition, loaded.models or {}
    key = providers.openai_key(environment)

    def words(kind: str) -> str:
        if kind == "llm" and loaded.webhook is not None:
            return f"a webhook at {loaded.webhook.host}"
        if given.get(kind) is not None:
            made = given[kind]
            return f"{_class(made)}, of its file" if _class(made) else "made by its file"
        named: str = getattr(definition, kind, "")
        if named:
            return named
        return f"{DEFAULTS[kind]}, by {key}" if key and kind in DEFAULTS else "offline"

    if definition.realtime or given.get("realtime") is not None:
        return {"realtime": words("realtime")}
    return {kind: words(kind) for kind in DEFAULTS}


def _class(given: Any) -> str:
    """The name of what was given: of a class, or of the class of an object; functions have none."""
    if isinstance(given, type):
        return given.__name__
    return "" if callable(given) else type(given).__name__


def _own(kind: str, given: Any, models: Models, slug: str) -> Any:
    """What a factory makes; of a plugin object a twin that has its own listeners.

    A session listens to its models for usage and failures. On one object, all sessions would
    count each other's tokens and close at each other's errors.
    """
    kinds = (stt.STT, llm.LLM, tts.TTS, vad.VAD, RealtimeModel)
    if not isinstance(given, kinds):
        try:
            made = given()
        except Exception as error:
            log.exception("model not made", agent=slug, kind=kind)
            reason = f"its {kind} raised {type(error).__name__}, see the server's log"
            raise DuologueError("agent_failed", agent=slug, reason=reason) from None
        return _keep(made, models)
    twin: Any = copy.copy(given)
    twin._events = {}
    return twin


def _keep(made: Any, models: Models) -> Any:
    if hasattr(made, "aclose"):
        models.made.append(made)
    return made


def _offline(kind: str, models: Models, made: Any) -> Any:
    models.origin[kind] = "offline"
    return made

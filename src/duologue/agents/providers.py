"""Model strings: `provider/model[:voice or language]` becomes the livekit plugin's object."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from duologue.errors import DuologueError

KEYS: Final[dict[str, tuple[str, ...]]] = {
    "anthropic": ("ANTHROPIC_API_KEY",),
    "assemblyai": ("ASSEMBLYAI_API_KEY",),
    "azure": ("AZURE_SPEECH_KEY", "AZURE_SPEECH_REGION"),
    "baseten": ("BASETEN_API_KEY",),
    "cartesia": ("CARTESIA_API_KEY",),
    "cerebras": ("CEREBRAS_API_KEY",),
    "deepgram": ("DEEPGRAM_API_KEY",),
    "elevenlabs": ("ELEVEN_API_KEY",),
    "fal": ("FAL_KEY",),
    "gladia": ("GLADIA_API_KEY",),
    "google": ("GOOGLE_API_KEY",),
    "groq": ("GROQ_API_KEY",),
    "hume": ("HUME_API_KEY",),
    "inworld": ("INWORLD_API_KEY",),
    "lmnt": ("LMNT_API_KEY",),
    "mistralai": ("MISTRAL_API_KEY",),
    "neuphonic": ("NEUPHONIC_API_KEY",),
    "openai": ("OPENAI_API_KEY",),
    "resemble": ("RESEMBLE_API_KEY",),
    "rime": ("RIME_API_KEY",),
    "soniox": ("SONIOX_API_KEY",),
    "speechmatics": ("SPEECHMATICS_API_KEY",),
}
"""What each provider reads from the environment."""

_CLASSES: Final = {"stt": "STT", "llm": "LLM", "tts": "TTS", "realtime": "RealtimeModel"}


def make(kind: str, named: str, environment: Mapping[str, str], voice: str = "") -> Any:
    """The plugin object that a model string names."""
    provider, slash, rest = named.partition("/")
    model, _, extra = rest.partition(":")
    if not (provider and slash and model):
        _refuse(named, "it has no provider and model", "Write 'provider/model'.")
    module = _plugin(named, provider)
    if kind == "realtime":
        module = getattr(module, "realtime", module)
    made = getattr(module, _CLASSES[kind], None)
    if made is None:
        what = f"the plugin of {provider} has no {_CLASSES[kind]}"
        _refuse(named, what, "Name another provider for it.")
    arguments: dict[str, Any] = {"model": model}
    if kind in ("tts", "realtime") and (extra or voice):
        arguments["voice"] = extra or voice
    elif kind == "stt" and extra:
        arguments["language"] = extra
    if provider == "openai":
        arguments |= _openai(kind, named, environment)
    else:
        missing = [key for key in KEYS.get(provider, ()) if not environment.get(key)]
        if missing:
            _refuse(named, f"{provider} needs a key", f"Set {' and '.join(missing)}.")
    try:
        return made(**arguments)
    except Exception as error:
        keys = " and ".join(KEYS.get(provider, ()))
        mend = f"Is {keys} set, and does {provider} have this model?" if keys else "See its plugin."
        _refuse(named, f"{type(error).__name__}: {error}", mend)


def openai_key(environment: Mapping[str, str]) -> str | None:
    """The name of what gives access to models that speak as OpenAI's do."""
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY"):
        if environment.get(name):
            return name
    return None


def _openai(kind: str, named: str, environment: Mapping[str, str]) -> dict[str, Any]:
    key, base = environment.get("OPENAI_API_KEY"), environment.get("OPENAI_BASE_URL")
    if not key and not base:
        mend = "Set OPENAI_API_KEY, or OPENAI_BASE_URL of a local server."
        _refuse(named, "openai needs a key", mend)
    arguments: dict[str, Any] = {"api_key": key or "none"}
    if base:
        arguments["base_url"] = base
        if kind == "stt":
            arguments["use_realtime"] = False  # local servers have no realtime transcription
    if kind == "tts":
        arguments["response_format"] = "pcm"  # the default, mp3, waits for a decoder
    return arguments


def _plugin(named: str, provider: str) -> Any:
    package = f"livekit-plugins-{provider}"
    try:
        return importlib.import_module(f"livekit.plugins.{provider}")
    except ModuleNotFoundError as error:
        if error.name != f"livekit.plugins.{provider}":
            _refuse(named, f"{package} cannot be imported: {error}", f"pip install -U {package}")
        _refuse(named, f"{package} is not installed", f"pip install {package}")


def _refuse(named: str, reason: str, mend: str) -> NoReturn:
    raise DuologueError("model_unavailable", model=named, reason=reason, mend=mend) from None

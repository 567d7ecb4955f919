"""Which models a session gets, and what is said when it cannot get them."""

from __future__ import annotations

from typing import Any

import pytest
from livekit.agents import Agent
from livekit.plugins import openai

from duologue.agents.definition import AgentDefinition, LoadedAgent
from duologue.agents.models import Models, Shared, planned, resolve
from duologue.agents.voices.hibari import HibariTTS
from duologue.agents.voices.keyless import KeylessLLM
from duologue.agents.voices.sphinx import SphinxSTT
from duologue.errors import DuologueError
from duologue.testing.models import ScriptedSTT, ToneTTS


async def resolved(
    environment: dict[str, str], models: dict[str, Any] | None = None, **fields: Any
) -> Models:
    """The models of an agent in an environment, closed again."""
    loaded = LoadedAgent(
        AgentDefinition(slug="a", **fields), lambda: Agent(instructions=""), "a.py", models
    )
    shared = Shared()
    try:
        found = resolve(loaded, environment, shared=shared)
        await found.aclose()
        return found
    finally:
        await shared.aclose()


async def test_without_a_key_everything_is_offline() -> None:
    """The first start needs no account, and the record says what was used."""
    models = await resolved({}, phrases=("Hello.",))
    assert isinstance(models.stt, SphinxSTT)
    assert models.stt.phrases == ("Hello.",)
    assert isinstance(models.llm, KeylessLLM)
    assert isinstance(models.tts, HibariTTS)
    assert models.origin == {"stt": "offline", "llm": "offline", "tts": "offline"}


@pytest.mark.parametrize("key", ["OPENAI_API_KEY", "OPENAI_BASE_URL"])
async def test_an_openai_key_or_address_takes_over(key: str) -> None:
    """Either is enough; a local server needs no key."""
    models = await resolved({key: "http://localhost:1/v1"})
    assert isinstance(models.stt, openai.STT)
    assert isinstance(models.llm, openai.LLM)
    assert isinstance(models.tts, openai.TTS)
    assert all(key in origin for origin in models.origin.values())


async def test_what_the_file_gives_comes_first() -> None:
    """A factory is called for each session; an object lends each a twin with its own listeners."""
    ear = ScriptedSTT([])
    given = {"stt": ear, "tts": ToneTTS}
    models = await resolved({"OPENAI_API_KEY": "x"}, given, stt="deepgram/nova-3")
    assert isinstance(models.stt, ScriptedSTT)
    assert models.stt.heard is ear.heard
    heard: list[str] = []
    ear.on("error", heard.append)
    models.stt.emit("error", "of another session")
    assert heard == []
    assert isinstance(models.tts, ToneTTS)
    assert (models.origin["stt"], models.origin["tts"]) == ("given", "given")


async def test_model_strings_name_model_and_voice() -> None:
    """`provider/model:voice` builds the plugin's own object."""
    environment = {"OPENAI_API_KEY": "x"}
    models = await resolved(environment, tts="openai/tts-1:nova", stt="openai/whisper-1:de")
    assert isinstance(models.tts, openai.TTS)
    assert (models.tts.model, models.tts._opts.voice) == ("tts-1", "nova")
    assert isinstance(models.stt, openai.STT)
    assert models.stt.model == "whisper-1"
    assert models.origin["tts"] == "openai/tts-1:nova"


async def test_a_realtime_model_hears_and_speaks_itself() -> None:
    """With one there is nothing to recognize and nothing to synthesize."""
    models = await resolved({"OPENAI_API_KEY": "x"}, realtime="openai/gpt-realtime")
    assert isinstance(models.realtime, openai.realtime.RealtimeModel)
    assert (models.stt, models.llm, models.tts) == (None, None, None)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"stt": "deepgram/nova-3"}, "pip install livekit-plugins-deepgram"),
        ({"llm": "openai/gpt-4.1"}, "Set OPENAI_API_KEY"),
        ({"llm": "gpt-4.1"}, "provider/model"),
        ({"realtime": "openai/"}, "provider/model"),
    ],
)
async def test_what_is_missing_is_told_with_what_mends_it(
    fields: dict[str, str], said: str
) -> None:
    """The error names the model, and the command or the key that makes it work."""
    with pytest.raises(DuologueError) as caught:
        await resolved({}, None, **fields)
    assert caught.value.code == "model_unavailable"
    assert said in caught.value.message
    assert next(iter(fields.values())) in caught.value.message


async def test_a_factory_that_fails_is_named_without_its_words() -> None:
    """The caller learns which model it was; what the exception says stays in the log."""

    def nobody() -> Any:
        raise RuntimeError("postgres://owner:secret@db")

    with pytest.raises(DuologueError) as caught:
        await resolved({}, {"llm": nobody})
    assert caught.value.code == "agent_failed"
    assert "Agent 'a' could not start: its llm raised RuntimeError" in caught.value.message
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    ("environment", "given", "fields", "words"),
    [
        ({}, None, {}, {"stt": "offline", "llm": "offline", "tts": "offline"}),
        (
            {"OPENAI_API_KEY": "x"},
            {"tts": ToneTTS, "stt": ScriptedSTT([])},
            {"llm": "anthropic/claude"},
            {
                "stt": "ScriptedSTT, of its file",
                "llm": "anthropic/claude",
                "tts": "ToneTTS, of its file",
            },
        ),
        (
            {"OPENAI_BASE_URL": "x"},
            {"llm": lambda: None},
            {},
            {
                "stt": "openai/gpt-4o-mini-transcribe, by OPENAI_BASE_URL",
                "llm": "made by its file",
                "tts": "openai/gpt-4o-mini-tts, by OPENAI_BASE_URL",
            },
        ),
        ({}, None, {"realtime": "openai/gpt-realtime"}, {"realtime": "openai/gpt-realtime"}),
    ],
)
def test_what_a_session_would_get_is_told_without_making_it(
    environment: dict[str, str],
    given: dict[str, Any] | None,
    fields: dict[str, Any],
    words: dict[str, str],
) -> None:
    """In the order in which a session chooses; no key is needed to say so."""
    loaded = LoadedAgent(
        AgentDefinition(slug="a", **fields), lambda: Agent(instructions=""), "a.py", given
    )
    assert planned(loaded, environment) == words

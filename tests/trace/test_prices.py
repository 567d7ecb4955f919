"""Usage becomes money by a table that the owner may correct; what is unknown stays unknown."""

from __future__ import annotations

from typing import Any

import pytest

from duologue.settings import Price
from duologue.trace.prices import PUBLIC, Prices

LLM: dict[str, Any] = {
    "type": "llm_usage",
    "provider": "api.openai.com",
    "model": "gpt-4o-mini",
    "input_tokens": 1_000_000,
    "input_cached_tokens": 400_000,
    "output_tokens": 100_000,
}


def test_tokens_cost_by_the_million() -> None:
    """Cached ones cost less where the table knows it."""
    assert Prices().usage(LLM) == pytest.approx(600_000 * 0.15 + 400_000 * 0.075 + 100_000 * 0.6)


@pytest.mark.parametrize("provider", ["openai", "OpenAI", "api.openai.com"])
def test_a_provider_is_known_by_each_of_its_names(provider: str) -> None:
    """Plugins say a display name or a host."""
    assert Prices().of(provider, "gpt-4o") == PUBLIC["openai/gpt-4o"]


def test_a_dated_model_is_the_model() -> None:
    """A version's date is no other price, unless the owner says so."""
    dated = "gpt-4o-mini-2024-07-18"
    assert Prices().of("openai", dated) == PUBLIC["openai/gpt-4o-mini"]
    own = Prices({f"openai/{dated}": Price(input=1, output=1)})
    assert own.of("openai", dated) == Price(input=1, output=1)
    assert own.of("openai", "gpt-4o-mini") == PUBLIC["openai/gpt-4o-mini"]


def test_the_owner_s_word_is_the_last() -> None:
    """By provider and model, by the model alone, or for all of a provider."""
    mine = Price(input=7, output=7)
    assert Prices({"openai/gpt-4o": mine}).of("openai", "gpt-4o") == mine
    assert Prices({"gpt-4o": mine}).of("openai", "gpt-4o") == mine
    assert Prices({"my-llm/*": mine}).of("My LLM", "anything") == mine
    assert Prices({"my-llm/*": mine}).of("another", "anything") is None


def test_what_is_unknown_costs_nothing_known() -> None:
    """Neither a model nobody priced, nor a price that lacks what was used, is taken for free."""
    assert Prices().tokens("acme", "secret", 1, 1) is None
    assert Prices({"a/b": Price(input=1)}).tokens("a", "b", 1, 1) is None
    assert Prices().characters("openai", "gpt-4o", 5) is None
    assert Prices().minutes("openai", "tts-1", 5) is None
    assert Prices().usage({"type": "eot_usage", "provider": "livekit", "model": "x"}) is None


def test_sound_and_speech_cost_by_minute_and_character() -> None:
    """A voice that bills tokens instead is priced by them."""
    stt = {"type": "stt_usage", "provider": "deepgram", "model": "nova-3", "audio_duration": 120.0}
    assert Prices().usage(stt) == pytest.approx(2 * 0.0077 * 1e6)
    tts = {"type": "tts_usage", "provider": "openai", "model": "tts-1", "characters_count": 200}
    assert Prices().usage(tts) == pytest.approx(200 * 15)
    tokens = {"input_tokens": 10, "output_tokens": 20}
    tts |= {"model": "gpt-4o-mini-tts", **tokens}
    assert Prices().usage(tts) == pytest.approx(10 * 0.6 + 20 * 12)
    own = Prices({"x/y": Price(input=1, output=2)})
    stt |= {"provider": "x", "model": "y", **tokens}
    assert own.usage(stt) == pytest.approx(50)


def test_a_run_s_usage_is_told_with_its_price() -> None:
    """Unknown entries are marked, and the sum is that of the known ones."""
    unknown = {**LLM, "model": "secret"}
    told, cost = Prices().priced([LLM, unknown])
    assert cost == told[0]["cost_micros"] == 180_000
    assert told[1]["cost_micros"] is None
    assert Prices().priced([unknown]) == ([{**unknown, "cost_micros": None}], None)
    assert Prices().priced([]) == ([], None)


def test_nothing_is_paid_for_what_runs_here() -> None:
    """The offline voices cost nothing, and that is known."""
    assert Prices().tokens("offline", "scripted", 10, 10) == 0
    assert Prices().minutes("livekit-local-inference", "silero", 60) == 0

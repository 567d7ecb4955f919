"""What was used, in money: a small public table, and over it what the owner says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from duologue.settings import Price

AS_OF: Final = "2025-10"
"""When the public prices were noted, in US dollars; providers change them without asking us."""

PUBLIC: Final[Mapping[str, Price]] = {
    # Nobody outside this machine works.
    "offline/*": Price(input=0, output=0, minute=0, characters=0),
    "livekit-local-inference/*": Price(input=0, output=0, minute=0, characters=0),
    "openai/gpt-4o": Price(input=2.5, cached_input=1.25, output=10),
    "openai/gpt-4o-mini": Price(input=0.15, cached_input=0.075, output=0.6),
    "openai/gpt-4.1": Price(input=2, cached_input=0.5, output=8),
    "openai/gpt-4.1-mini": Price(input=0.4, cached_input=0.1, output=1.6),
    "openai/gpt-4.1-nano": Price(input=0.1, cached_input=0.025, output=0.4),
    "openai/gpt-5": Price(input=1.25, cached_input=0.125, output=10),
    "openai/gpt-5-mini": Price(input=0.25, cached_input=0.025, output=2),
    "openai/gpt-5-nano": Price(input=0.05, cached_input=0.005, output=0.4),
    "openai/gpt-4o-transcribe": Price(minute=0.006),
    "openai/gpt-4o-mini-transcribe": Price(minute=0.003),
    "openai/whisper-1": Price(minute=0.006),
    "openai/tts-1": Price(characters=15),
    "openai/tts-1-hd": Price(characters=30),
    "openai/gpt-4o-mini-tts": Price(input=0.6, output=12),
    "anthropic/claude-sonnet-4-5": Price(input=3, cached_input=0.3, output=15),
    "anthropic/claude-haiku-4-5": Price(input=1, cached_input=0.1, output=5),
    "google/gemini-2.5-pro": Price(input=1.25, output=10),
    "google/gemini-2.5-flash": Price(input=0.3, output=2.5),
    "groq/llama-3.3-70b-versatile": Price(input=0.59, output=0.79),
    "groq/llama-3.1-8b-instant": Price(input=0.05, output=0.08),
    "deepgram/nova-2": Price(minute=0.0058),
    "deepgram/nova-3": Price(minute=0.0077),
    "deepgram/aura": Price(characters=15),
    "deepgram/aura-2": Price(characters=30),
}

_DATED: Final = re.compile(r"[-@](?:latest|\d{4}-?\d{2}-?\d{2}|\d{3,4})$")
_PLAIN: Final = re.compile(r"[^a-z0-9.]+")
_CALLED: Final = {"gcp.gemini": "google", "gcp.gen_ai": "google", "gcp.vertex_ai": "google"}


class Prices:
    """Finds what a model costs; what nobody said is unknown, and never nothing."""

    def __init__(self, own: Mapping[str, Price] | None = None) -> None:
        self._own = {_key(*_parted(name)): price for name, price in (own or {}).items()}
        self._public = {_key(*_parted(name)): price for name, price in PUBLIC.items()}
        self._found: dict[tuple[str, str], Price | None] = {}

    def of(self, provider: str, model: str) -> Price | None:
        """The price of a model: by its name, without its date, or its provider's `*`."""
        asked = (provider, model)
        if asked not in self._found:
            self._found[asked] = self._find(provider, model)
        return self._found[asked]

    def tokens(
        self, provider: str, model: str, read: int, written: int, cached: int = 0
    ) -> float | None:
        """Millionths of money for tokens read (of which some were cached) and written."""
        price = self.of(provider, model)
        if price is None or price.input is None or price.output is None:
            return None
        known = price.input if price.cached_input is None else price.cached_input
        return (read - cached) * price.input + cached * known + written * price.output

    def characters(self, provider: str, model: str, count: int) -> float | None:
        """Millionths of money for characters spoken."""
        price = self.of(provider, model)
        return None if price is None or price.characters is None else count * price.characters

    def minutes(self, provider: str, model: str, seconds: float) -> float | None:
        """Millionths of money for sound that was listened to."""
        price = self.of(provider, model)
        return None if price is None or price.minute is None else seconds / 60 * price.minute * 1e6

    def usage(self, used: Mapping[str, Any]) -> float | None:
        """Millionths of money for one entry of livekit-agents' usage of a session."""
        model = str(used.get("provider") or ""), str(used.get("model") or "")

        def count(name: str) -> Any:
            return used.get(name) or 0

        read, written = count("input_tokens"), count("output_tokens")
        match used.get("type"):
            case "llm_usage":
                return self.tokens(*model, read, written, count("input_cached_tokens"))
            case "tts_usage":
                cost = self.characters(*model, count("characters_count"))
            case "stt_usage":
                cost = self.minutes(*model, count("audio_duration"))
            case _:
                return None
        return self.tokens(*model, read, written) if cost is None and written else cost

    def priced(self, usage: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int | None]:
        """The usage with each entry's `cost_micros`, and their sum; none where nothing is known.

        An entry whose price is unknown says none, and the sum is that of the others.
        """
        told, known = [], []
        for used in usage:
            cost = self.usage(used)
            told.append({**used, "cost_micros": None if cost is None else round(cost)})
            if cost is not None:
                known.append(cost)
        return told, round(sum(known)) if known else None

    def _find(self, provider: str, model: str) -> Price | None:
        dateless = _DATED.sub("", model)
        for table in (self._own, self._public):
            for name in (_key(provider, model), _key(provider, dateless), _key("", model)):
                if name in table:
                    return table[name]
            if (every := _key(provider, "*")) in table:
                return table[every]
        return None


def _parted(name: str) -> tuple[str, str]:
    """`provider/model`, or a model alone; the model may have slashes of its own."""
    provider, slash, model = name.partition("/")
    return (provider, model) if slash else ("", provider)


def _key(provider: str, model: str) -> str:
    """The same for `OpenAI`, `openai` and `api.openai.com`."""
    who = provider.strip().lower()
    who = _CALLED.get(who, who)
    if who.count(".") >= 1 and " " not in who:  # a host: what stands before its last part
        who = who.split(".")[-2]
    return f"{_PLAIN.sub('', who)}/{model.strip().lower()}"

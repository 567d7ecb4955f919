"""The agent that `duologue serve` is measured with: stub models, the waiting that all have."""

from __future__ import annotations

from livekit.agents import Agent

import duologue
from bench.conditions import MIN_DELAY, SILENCE
from bench.stubs import StubLLM, StubSTT, StubTTS


@duologue.agent(
    "bench",
    stt=StubSTT,
    llm=StubLLM,
    tts=StubTTS,
    turns={"silence": SILENCE, "min_delay": MIN_DELAY},
)
class Bench(Agent):
    """Answers every question alike."""

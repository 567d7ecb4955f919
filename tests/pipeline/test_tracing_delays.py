"""Where the time of an answer went: what was slow is the largest part, and no time is unexplained.

How near the figures are to the truth `bench.known_delays` measures; here is what holds however busy
the machine is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from livekit.agents import Agent, ChatContext, ChatMessage
from tests.pipeline.stage import stage
from tests.pipeline.test_tracing import SAYS, say, told

from duologue.testing.models import ScriptedAnswers, ScriptedSTT, ToneTTS
from duologue.trace.entries import Turn

SLOW = 2.5
"""Seconds that one of them takes; nothing else takes half of it."""
ORDER = ("eou", "stt", "llm", "tts", "transport", "unexplained")


class Slow(NamedTuple):
    """Who takes long."""

    hears: float = 0.05
    thinks: float = 0.05
    speaks: float = 0.05
    looks_up: float = 0.0


def clerk(case: Slow) -> Callable[[], Agent]:
    """What makes an agent whose own code looks something up before the model is asked."""

    class Clerk(Agent):
        async def on_user_turn_completed(
            self, turn_ctx: ChatContext, new_message: ChatMessage
        ) -> None:
            if case.looks_up:
                await asyncio.sleep(case.looks_up)
                turn_ctx.add_message(role="assistant", content="There is a table for two.")

    return lambda: Clerk(instructions="Be brief.")


@pytest.mark.parametrize(
    ("case", "largest"),
    [
        (Slow(hears=SLOW), "eou"),
        (Slow(thinks=SLOW), "llm"),
        (Slow(speaks=SLOW), "tts"),
        (Slow(looks_up=SLOW), "unexplained"),
    ],
    ids=["recognizer", "model", "voice", "own code"],
)
async def test_what_was_slow_is_the_largest_part(tmp_path: Path, case: Slow, largest: str) -> None:
    """All parts are there, in their order, and add up to the whole."""
    mind = ScriptedAnswers(["A table for two it is."] * 3, delay=case.thinks)
    voice = ToneTTS(delay=case.speaks)
    ears = ScriptedSTT([SAYS], delay=case.hears)
    async with stage(
        tmp_path, stt=ears, llm=mind, tts=voice, make=clerk(case), greeting=""
    ) as desk:
        client = await desk.join()
        await say(client, 4.0)
        await client.said("A table for two it is.")
        kept = await told(desk, client)
    (turn,) = kept.turns
    known = {name: getattr(turn, name) for name in Turn.__struct_fields__ if name != "trace"}
    parts = Turn(trace="", **known).parts()
    assert tuple(parts) == ORDER
    assert turn.e2e_ms is not None
    assert turn.e2e_ms == pytest.approx(sum(parts.values()), abs=1.0)
    assert turn.e2e_ms >= SLOW * 1000
    assert max(parts, key=lambda part: parts[part]) == largest
    assert parts[largest] >= SLOW * 1000 - 500  # of the model's a part lies within the wait
    assert turn.stt_ms is not None
    assert turn.eou_ms is not None
    assert turn.stt_ms <= turn.eou_ms
    assert turn.llm_ms is not None
    assert turn.early_ms is not None
    assert 0 <= turn.early_ms <= turn.llm_ms
    assert parts["llm"] == pytest.approx(turn.llm_ms - turn.early_ms, abs=1.0)
    if case.looks_up:  # what was thought before is thrown away: the model is asked anew
        assert turn.early_ms == 0
    slowest = {"eou": turn.stt_ms, "llm": turn.llm_ms, "tts": turn.tts_ms}.get(largest)
    assert largest == "unexplained" or (slowest is not None and slowest >= SLOW * 1000)

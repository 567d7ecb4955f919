"""What a tracer tells of a session that is spoken to: where the time went, and what was heard."""

from __future__ import annotations

import pytest
from livekit.agents import Agent
from tests.trace.talking import Talk
from tests.trace.test_tracer import Kept

from duologue.testing.models import CHARACTER
from duologue.trace import SessionTracer

ANSWER = "A table for two it is."
LONG = "a" * 200
"""Twelve seconds of it."""


def agent() -> Agent:
    """Somebody to talk to."""
    return Agent(instructions="Be brief.")


@pytest.mark.parametrize("way", ["start", "attach"])
async def test_a_spoken_turn_has_its_delays_and_what_was_heard(way: str) -> None:
    """Each delay is there, in its order, and the whole answer was played."""
    kept = Kept()
    talk = Talk(["a table for two please"], [ANSWER])
    async with SessionTracer(kept) as tracer:
        if way == "start":
            await tracer.start(talk.session, agent())
        run = (await tracer.attach(talk.session)).id
        if way == "attach":
            await talk.session.start(agent())
        await talk.hears("I would like to book a table for two, please.")
        await talk.says(1)
        await talk.session.aclose()
    (turn,) = kept.turns(run)
    assert (turn.user_text, turn.agent_text) == ("a table for two please", ANSWER)
    assert turn.spoken
    assert (turn.interrupted, turn.interruption) == (False, "")
    assert turn.eou_ms is not None
    assert turn.stt_ms is not None
    assert turn.llm_ms is not None
    assert turn.tts_ms is not None
    assert turn.e2e_ms is not None
    assert turn.e2e_ms >= turn.eou_ms >= turn.stt_ms > 0
    assert min(turn.llm_ms, turn.tts_ms) >= 40  # the models wait 50
    assert turn.played_s == pytest.approx(len(ANSWER) * CHARACTER, abs=0.05)
    kinds = ("session", "user_turn", "assistant_turn", "llm", "stt", "tts")
    assert [kind for kind in kinds if not kept.spans(kind, run)] == []


async def test_who_is_talked_over_is_interrupted_by_sound() -> None:
    """The answer ends where it was heard to; the next turn is that of the interruption."""
    kept = Kept()
    talk = Talk(["a table please", "no, another day"], [LONG, ANSWER])
    async with SessionTracer(kept) as tracer:
        await tracer.start(talk.session, agent())
        run = (await tracer.attach(talk.session)).id
        await talk.hears("I would like to book a table, please.")
        await talk.hears("No, wait, I want the table on another day.", playing=1.0)
        await talk.says(2)
        await talk.session.aclose()
    first, second = kept.turns(run)
    assert (first.user_text, second.user_text) == ("a table please", "no, another day")
    assert (first.interrupted, first.interruption) == (True, "audio_activity")
    assert (second.interrupted, second.agent_text) == (False, ANSWER)
    assert first.spoken
    assert second.spoken
    assert first.played_s is not None
    assert 1.0 <= first.played_s < len(LONG) * CHARACTER
    assert second.played_s == pytest.approx(len(ANSWER) * CHARACTER, abs=0.05)

"""A store that takes its time: what waits for it is neither lost nor heard twice."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from tests.pipeline.stage import stage

from duologue.core import happenings as h
from duologue.testing.models import CHARACTER, RULER_RATE, RulerTTS, ScriptedAnswers, ruler

ANSWER = "one two three four"


async def test_sound_that_waits_for_the_store_is_heard_whole_by_who_comes_back(
    tmp_path: Path,
) -> None:
    """The clock ran meanwhile, but nothing had left: the answer begins at its first sample."""
    mind = ScriptedAnswers([ANSWER])
    async with stage(tmp_path, llm=mind, tts=RulerTTS(), greeting="") as desk:
        client = await desk.join()
        path = desk.host.settings.database.removeprefix("sqlite:///")
        lock = sqlite3.connect(path, isolation_level=None)
        try:
            lock.execute("BEGIN IMMEDIATE")
            client.run.floor.type("Count, please.")
            await asyncio.sleep(1.0)  # the answer is thought, spoken, and waits behind the question
            assert not client.all(h.UserSaid)
            assert not client.all(h.AgentAudio)
            going = asyncio.ensure_future(desk.leave(client, "dropped"))
            await asyncio.sleep(0)
        finally:
            lock.close()
        await going
        again = await desk.join(again=True)
        await again.until(h.AgentEnded, lambda one: not one.interrupted)
        sound = b"".join(one.pcm for one in again.all(h.AgentAudio))
        assert await desk.words() == [
            ("user", "Count, please.", False),
            ("assistant", ANSWER, False),
        ]
    whole = ruler(round(len(ANSWER) * CHARACTER * RULER_RATE))
    assert client.all(h.AgentAudio) == []
    assert sound.startswith(whole)
    assert not any(sound[len(whole) :]), "silence fills the last block up"

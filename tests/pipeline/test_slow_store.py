"""A store that takes its time, or nothing for a while: no answer is lost, or heard twice."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from sqlalchemy import Connection
from tests.pipeline.stage import stage

from duologue.core import happenings as h
from duologue.testing.models import CHARACTER, RULER_RATE, RulerTTS, ScriptedAnswers, ruler

ANSWER = "one two three four"


def never_wait(conn: Connection) -> None:
    """A locked file refuses at once."""
    conn.exec_driver_sql("PRAGMA busy_timeout = 0")


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


async def test_an_answer_that_the_store_refused_is_written_as_soon_as_it_takes_one(
    tmp_path: Path,
) -> None:
    """Nobody is told that it is final while it is not there; it keeps its place in the order."""
    mind = ScriptedAnswers([ANSWER, "five six"], delay=0.5)
    async with stage(tmp_path, llm=mind, greeting="") as desk:
        client = await desk.join()
        await desk.host.db.write(never_wait)
        path = desk.host.settings.database.removeprefix("sqlite:///")
        lock = sqlite3.connect(path, isolation_level=None)
        try:
            client.run.floor.type("Count, please.")
            await client.until(h.UserSaid)
            lock.execute("BEGIN IMMEDIATE")
            assert (await client.until(h.Noticed)).code == "store_unusable"
            await client.until(h.AgentEnded)
            assert not client.all(h.AgentSaid)
            await client.run.record.settled()
        finally:
            lock.close()
        assert await desk.words() == [("user", "Count, please.", False)]
        client.run.floor.type("And then?")
        await client.said("five six")
        assert await desk.words() == [
            ("user", "Count, please.", False),
            ("assistant", ANSWER, False),
            ("user", "And then?", False),
            ("assistant", "five six", False),
        ]

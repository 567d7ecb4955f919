"""A store that takes its time, or nothing for a while: no answer is lost, or heard twice."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from tests.pipeline.stage import Stage, stage

from duologue.core import happenings as h
from duologue.errors import DuologueError
from duologue.pipeline import record
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


@asynccontextmanager
async def locked(desk: Stage) -> AsyncIterator[None]:
    """Another program holds the file: the store refuses every write at once."""
    await desk.host.db.write(never_wait)
    lock = sqlite3.connect(desk.host.settings.database.removeprefix("sqlite:///"))
    try:
        lock.execute("BEGIN IMMEDIATE")
        yield
    finally:
        lock.close()


async def test_an_answer_that_the_store_refused_is_written_as_soon_as_it_takes_one(
    tmp_path: Path,
) -> None:
    """Nobody is told that it is final while it is not there; it keeps its place in the order."""
    mind = ScriptedAnswers([ANSWER, "five six"], delay=0.5)
    async with stage(tmp_path, llm=mind, greeting="") as desk:
        client = await desk.join()
        client.run.floor.type("Count, please.")
        await client.until(h.UserSaid)
        async with locked(desk):
            assert (await client.until(h.Noticed)).code == "store_unusable"
            await client.until(h.AgentEnded)
            assert not client.all(h.AgentSaid)
            client.run.chat("It is four.")
            await client.run.record.settled()
        assert await desk.words() == [("user", "Count, please.", False)]
        client.run.floor.type("And then?")
        await client.said("five six")
        assert await desk.words() == [
            ("user", "Count, please.", False),
            ("assistant", ANSWER, False),
            ("assistant", "It is four.", False),
            ("user", "And then?", False),
            ("assistant", "five six", False),
        ]


async def test_the_last_answer_of_a_call_is_written_though_nothing_follows(tmp_path: Path) -> None:
    """The caller hangs up when the store is back, or before."""
    mind = ScriptedAnswers([ANSWER], delay=0.5)
    async with stage(tmp_path, llm=mind, greeting="") as desk:
        client = await desk.join()
        client.run.floor.type("Count, please.")
        await client.until(h.UserSaid)
        async with locked(desk):
            await client.until(h.AgentEnded)
            await client.run.record.settled()
        await desk.leave(client)
        assert (await desk.words())[-1] == ("assistant", ANSWER, False)


async def test_an_answer_that_was_written_and_not_acknowledged_is_there_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the line to a database is cut in the moment of its commit."""
    async with stage(tmp_path, llm=ScriptedAnswers([ANSWER]), greeting="") as desk:
        client = await desk.join()
        write, lost = desk.host.db.write, 2

        async def cut(work: Any, *args: Any, **values: Any) -> Any:
            nonlocal lost
            done = await write(work, *args, **values)
            if work is record._append or (work is record._put and lost):
                lost -= 1
                raise DuologueError("store_unusable", reason="the line is cut")
            return done

        monkeypatch.setattr(desk.host.db, "write", cut)
        client.run.floor.type("Count, please.")
        await client.until(h.AgentEnded)
        await client.run.record.caught_up()
        assert await desk.words() == [
            ("user", "Count, please.", False),
            ("assistant", ANSWER, False),
        ]

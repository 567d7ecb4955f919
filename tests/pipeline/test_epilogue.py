"""A back end learns of the end of every session, also where no run is left that could tell it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.agents.webhook.theirs import Theirs
from tests.pipeline.minds import desk, says
from tests.pipeline.stage import Stage

from duologue.core import happenings as h
from duologue.server.serve import now_ms
from duologue.store import recovery

LATER = 600_000
"""Milliseconds after which nobody comes back with the key of a session."""


async def tidied(on: Stage) -> None:
    """A minute's work of the process that tidies."""
    await on.host._meters._tidy()


@pytest.mark.parametrize("end", ["drain", "kill"])
async def test_who_never_came_back_to_a_server_that_is_gone(tmp_path: Path, end: str) -> None:
    """The end is told once, with what was said, by whichever server tidies."""
    async with Theirs(message=says("It is noon.")) as theirs:
        async with desk(theirs, tmp_path) as on:
            client = await on.join(metadata={"visit": 1})
            client.run.floor.type("What time is it?")
            await client.said("It is noon.")
            start = await theirs.event("session.start")
            await on.leave(client, "dropped")
            if end == "kill":  # nothing that it does from now on is kept
                await on.host.db.write(recovery.after_crash, [on.host.process], now_ms())
            await on.host.drain()
        async with desk(theirs, tmp_path) as soon:
            await tidied(soon)
        assert theirs.events("session.end") == [], "it may come back yet"
        async with desk(theirs, tmp_path, clock=lambda: now_ms() + LATER) as later:
            await tidied(later)
            told = await theirs.event("session.end")
            await tidied(later)
        assert len(theirs.events("session.end")) == 1
    assert {told[name] for name in ("session_id", "conversation_id")} == {
        start["session_id"],
        start["conversation_id"],
    }
    assert [(each["role"], each["text"]) for each in told["transcript"]] == [
        ("user", "What time is it?"),
        ("assistant", "It is noon."),
    ]
    assert told["metadata"] == {"visit": 1}
    assert 0 <= told["duration"] < LATER


async def test_a_session_that_another_followed_has_been_told_of(tmp_path: Path) -> None:
    """A page is reloaded, and then its server goes: each of both ends is told once."""
    async with Theirs() as theirs:
        async with desk(theirs, tmp_path) as on:
            first = await on.join()
            await theirs.event("session.start")
            await on.leave(first, "dropped")
            second = await on.join(again=True)
            await theirs.event("session.start", 2)
            await theirs.event("session.end")
            await on.leave(second, "dropped")
            await on.host.drain()
        async with desk(theirs, tmp_path, clock=lambda: now_ms() + LATER) as later:
            await tidied(later)
        ended = [each["session_id"] for each in theirs.events("session.end")]
        assert ended == [each["session_id"] for each in theirs.events("session.start")]


@pytest.mark.parametrize("how", ["left", "dropped"])
async def test_an_end_that_its_run_told_is_not_told_again(tmp_path: Path, how: str) -> None:
    """However the client went."""
    async with Theirs() as theirs:
        async with desk(theirs, tmp_path, settings={"grace_seconds": 0.1}) as on:
            client = await on.join()
            await client.until(h.StateChanged)
            await on.leave(client, "left" if how == "left" else "dropped")
            await theirs.event("session.end")
        async with desk(theirs, tmp_path, clock=lambda: now_ms() + LATER) as later:
            await tidied(later)
        assert len(theirs.events("session.end")) == 1

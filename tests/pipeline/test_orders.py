"""What may be ordered of a live run: each order, how it is answered, and when it is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.pipeline.stage import Stage, stage

from duologue.bus.bell import Unheard
from duologue.core import happenings as h
from duologue.wire import live as wire


async def order(desk: Stage, what: wire.Order) -> wire.Shown:
    """An order for the stage's conversation."""
    return await desk.host.bell.order(desk.org_id, desk.conversation, what)


async def test_a_look_tells_how_it_goes(tmp_path: Path) -> None:
    """Who is there, since when, and what the agent says just now."""
    async with stage(tmp_path, greeting="one two three four five six seven eight") as desk:
        client = await desk.join()
        await client.until(h.AgentAudio)
        shown = await order(desk, wire.Look())
        assert shown.conversation == desk.conversation
        assert (shown.agent, shown.transport) == ("Desk", "websocket")
        assert (shown.state, shown.clients, shown.hidden) == ("speaking", 1, "")
        assert (shown.turn, shown.holder) == (client.run.turn, None)
        assert shown.text.startswith("one two")
        assert shown.run == client.run.id
        await desk.leave(client, "dropped")
        waits = await order(desk, wire.Look())
        assert (waits.clients, waits.session) == (0, shown.session)


async def test_the_agent_says_and_falls_silent_and_hangs_up(tmp_path: Path) -> None:
    """The end is for good, and afterwards nobody attends."""
    async with stage(tmp_path, greeting="") as desk:
        client = await desk.join()
        await order(desk, wire.Say("We close in a minute."))
        await client.said("We close in a minute.")
        await order(desk, wire.Say("one two three four five six seven eight nine ten"))
        await client.until(h.AgentAudio, lambda one: one.turn == client.run.turn)
        await order(desk, wire.Interrupt())
        await client.until(h.AgentEnded, lambda one: one.interrupted)
        await order(desk, wire.End("spam"))
        ended = await client.until(h.Ended)
        assert "spam" in ended.message
        with pytest.raises(Unheard):
            await order(desk, wire.Look())


async def test_words_of_an_encrypted_session_are_not_shown(tmp_path: Path) -> None:
    """Neither now nor in what the agent says; the answer says why."""
    async with stage(
        tmp_path,
        greeting="one two three four five six",
        encryption="optional",
        encryption_key="env:SEAL",
    ) as desk:
        client = await desk.join(e2ee=True)
        await client.until(h.AgentAudio)
        shown = await order(desk, wire.Look())
        assert (shown.hidden, shown.turn, shown.text) == ("encrypted", "", "")


async def test_a_server_that_keeps_no_words_shows_none(tmp_path: Path) -> None:
    """By its setting `trace`."""
    async with stage(tmp_path, settings={"trace": "metadata"}) as desk:
        client = await desk.join()
        await client.said("Hello.")
        assert (await order(desk, wire.Look())).hidden == "untraced"

"""How a live conversation is reached, and what is said where it cannot be."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.pipeline.stage import stage

from duologue.access.console import Reader
from duologue.errors import DuologueError
from duologue.server import console_live
from duologue.server.ordering import order
from duologue.wire import live as wire


async def test_one_that_goes_on_here_is_reached_and_one_elsewhere_needs_redis(
    tmp_path: Path,
) -> None:
    """By the session that the store knows as live; the list shows that one, too."""
    async with stage(tmp_path) as desk:
        client = await desk.join()
        await client.said("Hello.")
        conversation = desk.conversation
        shown = await order(desk.host, desk.org_id, conversation, wire.Look())
        client.run.unattended()  # as if another process had it
        with pytest.raises(DuologueError) as refusal:
            await order(desk.host, desk.org_id, conversation, wire.Look())
        assert (refusal.value.code, refusal.value.status) == ("needs_redis", 501)
        assert shown.session in refusal.value.message
        ada = Reader(id="con_1", org_id=desk.org_id, role="owner", name="Ada", noted_at=0)
        rows = (await console_live._list(desk.host, ada)).rows
        assert [(row.conversation, row.state, row.text) for row in rows] == [
            (conversation, "", "Hello.")
        ]
        await desk.leave(client, "dropped")
        assert (await console_live._list(desk.host, ada)).rows == []
        with pytest.raises(DuologueError) as refusal:
            await order(desk.host, desk.org_id, conversation, wire.Look())
        assert refusal.value.code == "conversation_not_live"


async def test_one_that_just_ends_is_over_and_not_elsewhere(tmp_path: Path) -> None:
    """A run that nobody hears any more, and whose end is not written yet, is asked for again."""
    async with stage(tmp_path) as desk:
        client = await desk.join()
        client.run.unattended()
        asked = asyncio.create_task(order(desk.host, desk.org_id, desk.conversation, wire.Look()))
        await asyncio.sleep(0.05)
        assert not asked.done()
        await desk.leave(client, "dropped")
        with pytest.raises(DuologueError) as refusal:
            await asked
        assert refusal.value.code == "conversation_not_live"


async def test_what_is_nobody_s_is_not_found(tmp_path: Path) -> None:
    """Neither under an id that nobody has, nor by another organization."""
    async with stage(tmp_path) as desk:
        await desk.join()
        for org, name in ((desk.org_id, f"conv_{0:032x}"), ("org_other", desk.conversation)):
            with pytest.raises(DuologueError) as refusal:
                await order(desk.host, org, name, wire.Interrupt())
            assert refusal.value.code == "conversation_not_found"

"""Places for conversations, and minutes of a day."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.pipeline.stage import stage, until

from duologue.access import keys
from duologue.core import happenings as h
from duologue.errors import DuologueError
from duologue.server.admit import Wish
from duologue.store import usage


async def test_an_agent_holds_so_many_conversations_and_whoever_comes_then_is_refused(
    tmp_path: Path,
) -> None:
    """A place that becomes free is free; who goes on has theirs."""
    async with stage(tmp_path, max_sessions=1) as desk:
        first = await desk.join()
        await first.said("Hello.")
        with pytest.raises(DuologueError) as refused:
            await desk.join()
        assert (refused.value.code, refused.value.status) == ("places_taken", 429)
        again = await desk.join(again=True)
        await desk.leave(first)
        await desk.leave(again)
        await until(lambda: desk.host.live == 0)
        await (await desk.join()).said("Hello.")


async def test_of_many_who_come_at_once_as_many_as_there_are_places_get_in(tmp_path: Path) -> None:
    """All were authorized while there was room; the runs of the others end."""
    async with stage(tmp_path, max_sessions=2) as desk:
        wish = Wish(key=None, principal=keys.local(desk.org_id), origin=None, agent="desk")
        admitted = [await desk.doorman.authorize(wish) for _ in range(6)]
        guests = [(await desk.doorman.open(each.session_key, None))[0] for each in admitted]
        seated = await asyncio.gather(
            *(desk.host.seat(guest, lambda happening: None) for guest in guests),
            return_exceptions=True,
        )
        refused = [each for each in seated if isinstance(each, BaseException)]
        assert [getattr(each, "code", each) for each in refused] == ["places_taken"] * 4
        await until(lambda: desk.host.live == 2)
        for seat in desk.host.seats:
            await desk.host.unseat(seat, "left")


async def test_an_organization_holds_so_many_conversations(tmp_path: Path) -> None:
    """Of all its agents."""
    async with stage(tmp_path, settings={"organization_sessions": 1}) as desk:
        await desk.join()
        with pytest.raises(DuologueError, match=r"This organization.*\(1\)"):
            await desk.join()


async def test_an_agent_whose_minutes_of_the_day_are_used_up_ends_and_says_so(
    tmp_path: Path,
) -> None:
    """Whoever talks is told, and nobody new gets in until tomorrow."""
    async with stage(tmp_path, minutes_per_day=10.0) as desk:
        client = await desk.join()
        assert client.seat is not None
        guest = client.seat.guest
        used = (desk.org_id, "sess_other", "run_other", guest.agent_id, 10 * 60_000 - 9000, 0)
        await desk.host.db.write(usage.meter, [used], desk.host.clock())
        warned = await client.until(h.Noticed)
        assert warned.code == "ends_soon"
        await desk.host.db.write(usage.meter, [(*used[:4], 9000, 0)], desk.host.clock())
        ended = await client.until(h.Ended)
        assert ended.code == "minutes_used_up"
        await desk.leave(client)
        with pytest.raises(DuologueError) as refused:
            await desk.join()
        assert (refused.value.code, refused.value.status) == ("minutes_used_up", 429)

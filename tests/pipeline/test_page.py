"""The page that a visitor is on: where it began, what it became, and where the agent leads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.pipeline.stage import until
from tests.pipeline.test_requests import talking

import duologue
from duologue.core import happenings as h
from duologue.wire.page import Page

TEA = Page("https://shop.example/tea", "Tea", "/tea")
MILK = Page("https://shop.example/milk", "", "/milk")


async def test_a_session_knows_where_it_began(tmp_path: Path) -> None:
    """And a client that comes instead is somewhere else, or nowhere that is known."""
    async with talking(tmp_path) as (desk, client, here):
        assert here.page is None
        await desk.leave(client, "dropped")
        other = await desk.join(again=True, page=TEA)
        assert other.run.id == client.run.id
        assert here.page == TEA
        await desk.leave(other, "dropped")
        await desk.join(again=True)
        assert here.page is None


async def test_a_page_that_becomes_another_tells_it(tmp_path: Path) -> None:
    """The agent's code sees it; its handlers of data are not called for that."""
    seen: list[Any] = []

    def setup(here: duologue.Current) -> None:
        here.on_data(seen.append)

    async with talking(tmp_path, setup) as (_, client, here):
        client.run.data({"type": "duologue.page", "url": MILK.url})
        assert here.page == MILK
        client.run.data({"type": "duologue.page", "title": "no address"})
        notice = await client.until(h.Noticed)
        assert (notice.code, "url" in notice.message) == ("bad_request", True)
        client.run.data({"type": "mine"})
        await until(lambda: bool(seen))
        assert seen == [{"type": "mine"}]
        assert here.page == MILK


async def test_who_comes_back_is_where_it_went(tmp_path: Path) -> None:
    """The same session does not go back to the page on which it began."""
    async with talking(tmp_path) as (desk, client, here):
        client.run.data({"type": "duologue.page", "url": MILK.url})
        assert client.seat is not None
        guest = client.seat.guest
        await desk.leave(client, "dropped")
        client.seat = await desk.host.seat(guest, client)
        assert here.page == MILK


async def test_the_agent_leads_one_page(tmp_path: Path) -> None:
    """That of the client that leads: who only listens in stays where it is."""
    async with talking(tmp_path, tabs="share") as (desk, client, here):
        other = await desk.join(again=True)
        here.navigate("/prices")
        assert client.all(h.PageLed) == [h.PageLed("/prices")]
        assert not other.all(h.PageLed)
        for each in (client, other):
            await desk.leave(each, "dropped")
        with pytest.raises(duologue.DuologueError, match="none is there") as error:
            here.navigate("/prices")
        assert error.value.code == "no_client"

"""The page that a visitor is on: where it began, what it became, and where the agent leads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.pipeline.stage import Stage, stage, until
from tests.pipeline.test_requests import talking

import duologue
from duologue.agents.voices.scripted import Call
from duologue.core import happenings as h
from duologue.testing.models import ScriptedAnswers
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


async def test_who_only_listens_in_is_nowhere(tmp_path: Path) -> None:
    """The page of a client that shares the conversation is not the visitor's."""
    async with talking(tmp_path, tabs="share") as (desk, client, here):
        other = await desk.join(again=True)
        client.run.data({"type": "duologue.page", "url": TEA.url})
        other.run.data({"type": "duologue.page", "url": MILK.url}, leads=False)
        assert here.page is not None
        assert here.page.url == TEA.url


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


def wishes(url: str) -> ScriptedAnswers:
    """A model that leads the visitor there, and says so."""
    return ScriptedAnswers([[Call("go_to_page", {"url": url})], "Here you are."])


async def outputs(desk: Stage) -> list[str]:
    """What tools told the model."""
    return [one.text for one in await desk.record() if one.kind == "tool_output"]


async def test_a_model_leads_the_page_where_its_agent_may(tmp_path: Path) -> None:
    """It has a tool for that, which knows the page."""
    mind = wishes("https://shop.example/prices")
    async with stage(tmp_path, llm=mind, greeting="", navigation=True) as desk:
        client = await desk.join(page=TEA)
        client.run.floor.type("Show me your prices.")
        await client.said("Here you are.")
        assert client.all(h.PageLed) == [h.PageLed("https://shop.example/prices")]
        assert "The visitor's page goes to" in (await outputs(desk))[0]


async def test_a_model_is_told_where_it_may_not_lead(tmp_path: Path) -> None:
    """Another site is allowed where the agent's owner listed it."""
    mind = wishes("https://evil.example/")
    async with stage(tmp_path, llm=mind, greeting="", navigation=True) as desk:
        client = await desk.join(page=TEA)
        client.run.floor.type("Show me something else.")
        await client.said("Here you are.")
        assert not client.all(h.PageLed)
        assert "allowed are https://shop.example" in (await outputs(desk))[0]


async def test_an_agent_that_may_not_has_no_such_tool(tmp_path: Path) -> None:
    """Off is the default: the model does not know of it."""
    mind = ScriptedAnswers(["No."])
    async with stage(tmp_path, llm=mind, greeting="") as desk:
        client = await desk.join(page=TEA)
        client.run.floor.type("Show me your prices.")
        await client.said("No.")
        session = client.run._actor.session
        assert session is not None
        assert not session.tools

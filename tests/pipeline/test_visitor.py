"""The visitor of a conversation: what the agent's code and its model know of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from livekit.agents import Agent, ChatContext, function_tool
from tests.pipeline.stage import Client, Stage, stage, until
from tests.pipeline.test_requests import talking
from tests.store.visiting import VISITOR, batch, identified, page

from duologue.agents.voices.scripted import Call
from duologue.server import forget
from duologue.server.serve import now_ms
from duologue.store import trace_lists, visits
from duologue.testing.models import ScriptedAnswers
from duologue.wire.page import Page

ROOMS = Page("https://shop.example/rooms", "Rooms", "/rooms")
SEA = {"type": "duologue.page", "url": "https://shop.example/sea", "title": "Sea", "path": "/sea"}


async def tells(desk: Stage) -> None:
    """The visitor's browser tells of two pages and who it is."""
    now = now_ms()
    first, second = page("/", now - 2000, "Home"), page("/rooms", now - 1000, "Rooms")
    told = batch(first, second, identified("u1", now, plan="gold"), sent_at=now)
    await desk.host.db.write(visits.record, desk.org_id, told, now)


async def asked(client: Client, models: ScriptedAnswers, text: str) -> str:
    """The instructions with which the model answered to a typed text."""
    before = len(models.talks)
    client.run.floor.type(text)
    await client.said(f"You said: {text}")
    return instructions(models.talks[before])


def instructions(talk: ChatContext) -> str:
    """What stands before all that was said."""
    first = talk.messages()[0]
    assert first.role == "system"
    assert [one.role for one in talk.messages()].count("system") == 1
    return first.text_content or ""


async def test_the_agents_code_knows_who_is_there(tmp_path: Path) -> None:
    """From the moment in which the agent is made; nobody where no page tells."""
    heres: list[Any] = []

    def make() -> Agent:
        import duologue

        heres.append(duologue.current().visitor)
        return Agent(instructions="Be brief.")

    async with stage(tmp_path, make=make, greeting="") as desk:
        await tells(desk)
        client = await desk.join(visitor_id=VISITOR)
        await desk.leave(client)
        await desk.leave(await desk.join())
    known, nobody = heres
    assert nobody is None
    assert (known.id, known.user_id, known.traits, known.visits) == (
        VISITOR,
        "u1",
        {"plan": "gold"},
        1,
    )
    assert [one.path for one in known.pages] == ["/rooms", "/"]


async def test_who_comes_back_is_known_anew(tmp_path: Path) -> None:
    """A live run learns what the tracker told meanwhile."""
    async with talking(tmp_path) as (desk, client, here):
        assert here.visitor is None
        await desk.leave(client, "dropped")
        await tells(desk)
        again = await desk.join(again=True, visitor_id=VISITOR)
        assert again.run.id == client.run.id
        assert here.visitor is not None
        assert here.visitor.id == VISITOR


async def test_the_model_knows_the_page_of_the_moment(tmp_path: Path) -> None:
    """Also after the page became another, and nothing of it is stored with the conversation."""
    models = ScriptedAnswers()
    async with stage(tmp_path, llm=models, greeting="") as desk:
        client = await desk.join(page=ROOMS)
        assert '"/rooms", titled "Rooms"' in await asked(client, models, "hello")
        client.run.data(SEA)
        then = await asked(client, models, "and now")
        assert '"/sea", titled "Sea"' in then
        assert "/rooms" not in then
        assert "shop" not in str(await desk.record())


async def test_the_model_knows_visits_where_its_agent_lets_it(tmp_path: Path) -> None:
    """With `visits`; and with `off` nobody is even looked up."""
    for mode, known in (("visits", True), ("off", False)):
        models = ScriptedAnswers()
        folder = tmp_path / mode
        async with stage(folder, llm=models, greeting="", visitor_context=mode) as desk:
            await tells(desk)
            client = await desk.join(page=ROOMS, visitor_id=VISITOR)
            assert ('"/", titled "Home"' in await asked(client, models, "hello")) is known
            assert client.seat is not None
            assert (client.seat.guest.visitor is not None) is known


async def test_an_agent_that_takes_over_is_told_too(tmp_path: Path) -> None:
    """A tool hands the talk to another agent; its model knows the page."""
    entered: list[bool] = []

    class Second(Agent):
        def __init__(self) -> None:
            super().__init__(instructions="Second.")

        async def on_enter(self) -> None:
            entered.append(True)

    class First(Agent):
        def __init__(self) -> None:
            super().__init__(instructions="First.")

        @function_tool
        async def hand_over(self) -> Agent:
            """Hands over."""
            return Second()

    models = ScriptedAnswers([Call("hand_over", {})])
    async with stage(tmp_path, llm=models, make=First, greeting="") as desk:
        client = await desk.join(page=ROOMS)
        client.run.floor.type("somebody else, please")
        await until(lambda: bool(entered))
        told = await asked(client, models, "who are you")
        assert told.startswith("Second.")
        assert '"/rooms"' in told


async def test_nothing_more_is_told_of_a_visitor_who_is_forgotten(tmp_path: Path) -> None:
    """Who talks meanwhile talks on, and what they say makes no trace anew."""
    async with stage(tmp_path, greeting="") as desk:
        await tells(desk)
        client = await desk.join(visitor_id=VISITOR)
        client.run.floor.type("hello")
        await client.said("You said: hello")
        run, read = client.run.id, desk.host.db.read
        await until(lambda: not desk.host.tracing.ledger.report.pending)
        assert await read(trace_lists.get, desk.org_id, run) is not None
        gone = await forget.visitor(desk.host, desk.org_id, VISITOR)
        assert gone is not None
        assert (gone.conversations, gone.traces) == (1, 1)
        client.run.floor.type("and more")
        await client.said("You said: and more")
        await desk.leave(client)
        await desk.host._settle()
        await desk.host.tracing.ledger.close()
        assert await read(trace_lists.get, desk.org_id, run) is None

"""What a model is told of its visitor: beside the instructions, and anew each time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from livekit.agents import Agent, ChatContext, ChatMessage

from duologue.agents.briefing import Briefing
from duologue.agents.current import Current
from duologue.agents.definition import AgentDefinition
from duologue.agents.standin import StandIn
from duologue.core.visitors import SeenPage, Visitor
from duologue.wire.page import Page

TEA = Page("https://shop.example/tea", "Tea", "/tea")
MILK = Page("https://shop.example/milk", "", "/milk")
VISITOR = Visitor(
    id="vis_1",
    user_id="u1",
    traits={"plan": "gold", "mail": "a@b.example"},
    first_seen=1,
    visits=2,
    pages=[SeenPage("/milk", "Milk", 1, 0)],
)


class Listening(Agent):
    """An agent that notes what its model is asked, and answers with nothing."""

    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")
        self.asked: list[ChatContext] = []

    async def llm_node(self, chat_ctx: ChatContext, *_: Any, **__: Any) -> AsyncIterator[str]:
        """Takes it down."""
        self.asked.append(chat_ctx)
        yield "Yes."


def here(page: Page | None = TEA, visitor: Visitor | None = None) -> Current:
    """A session on this page."""
    return Current(
        conversation_id="conv_1",
        session_id="sess_1",
        agent="desk",
        transport="websocket",
        send=lambda data: None,
        end=lambda reason, say: None,
        page=page,
        visitor=visitor,
    )


def talk(*roles: Any) -> ChatContext:
    """Words of these roles."""
    return ChatContext([ChatMessage(role=role, content=[f"{role}."]) for role in roles])


def texts(context: ChatContext) -> list[str]:
    """What it says, message by message."""
    return [f"{one.role}: {one.text_content}" for one in context.messages()]


def briefing(now: Current, **fields: Any) -> Briefing:
    """The briefing of an agent with these settings."""
    return Briefing(AgentDefinition(slug="desk", **fields), now)


async def answered(agent: Listening, context: ChatContext) -> list[str]:
    """What the model was asked when the agent answered to this."""
    node: Any = agent.llm_node(context, [], None)
    assert [piece async for piece in node] == ["Yes."]
    return texts(agent.asked[-1])


async def test_the_model_knows_the_page_at_each_answer() -> None:
    """The page of that moment, within the instructions; the memory stays as it was."""
    now = here()
    agent = Listening()
    told = briefing(now)
    told.give(agent)
    told.give(agent)  # told twice is told once
    memory = talk("system", "user")
    first = await answered(agent, memory)
    assert first[0].startswith("system: system.\n")
    assert first[0].count('on the page "/tea", titled "Tea"') == 1
    assert first[1:] == ["user: user."]
    now.page = MILK
    assert '"/milk"' in (await answered(agent, memory))[0]
    now.page = None
    assert await answered(agent, memory) == ["system: system.", "user: user."]
    assert texts(memory) == ["system: system.", "user: user."]


async def test_without_instructions_the_note_comes_first() -> None:
    """Before what the user said, and where nothing was said at all."""
    told = briefing(here())
    assert [one.split(":")[0] for one in texts(told.added(talk("user")))] == ["system", "user"]
    assert [one.split(":")[0] for one in texts(told.added(ChatContext.empty()))] == ["system"]


async def test_an_agent_may_know_more_or_nothing() -> None:
    """By its settings: visits with the traits that it may know, or not even the page."""
    now = here(visitor=VISITOR)
    more = texts(
        briefing(now, visitor_context="visits", visitor_traits=("plan",)).added(talk("user"))
    )[0]
    for known in ('"/tea"', "visit number 2", '"/milk"', '"plan" is "gold"'):
        assert known in more
    assert "b.example" not in more
    assert "u1" not in more
    agent = Listening()
    original = agent.llm_node
    briefing(now, visitor_context="off").give(agent)
    assert agent.llm_node == original


async def test_a_realtime_model_is_told_as_it_begins() -> None:
    """By the agent's own memory, for nobody asks it again for each answer."""
    agent = Listening()
    briefing(here()).give(agent, realtime=True)
    assert '"/tea"' in texts(agent.chat_ctx)[0]


async def test_a_page_without_a_path_is_known_by_its_address() -> None:
    """As a page of an application may be."""
    told = briefing(here(Page("capacitor://localhost", "App", "")))
    assert '"capacitor://localhost", titled "App"' in texts(told.added(talk("user")))[0]


async def test_a_person_who_stood_in_is_told_of_even_where_no_visitor_is() -> None:
    """From then on, at each answer, beside what is known of the visitor; the last three."""
    for fields in ({"visitor_context": "off"}, {}):
        agent = Listening()
        about = briefing(here(), **fields)
        about.give(agent)
        for name in ("Ada", "Bob", "Cy", "Di"):
            about.remember(StandIn(name, [f"{name} speaks."]), agent)
        async for _ in agent.llm_node(talk("system", "user"), [], None):
            pass
        first = texts(agent.asked[-1])[0]
        assert [name in first for name in ("Ada", "Bob", "Cy", "Di")] == [False, True, True, True]
        assert ("/tea" in first) == (not fields)


async def test_a_realtime_agent_that_did_not_begin_is_told_in_its_memory() -> None:
    """Beside what it is told of nobody; its memory can be written to as ever."""
    agent = Listening()
    told = briefing(here(None))
    told.give(agent, realtime=True)
    told.remember(StandIn("Ada", ["Hi."]), agent, realtime=True)
    assert "a person (Ada) answered" in texts(agent.chat_ctx)[0]
    agent._chat_ctx.insert(ChatMessage(role="user", content=["Thanks."]))
    assert texts(agent.chat_ctx)[-1] == "user: Thanks."

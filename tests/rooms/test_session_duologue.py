"""A Python session in a room that duologue itself serves: state, tools, history, leaving."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from livekit import rtc
from livekit.agents import Agent, function_tool
from structlog.testing import capture_logs
from tests.rooms.caller import Hall, hall
from tests.rooms.livekit import LiveKit
from tests.rooms.stub import fresh, loudness, until

import duologue
from duologue import Session, TokenSource
from duologue.agents.voices.scripted import Call
from duologue.client import room_typed
from duologue.client.road import ToolUsed
from duologue.testing.models import ScriptedAnswers
from duologue.transports.livekit.mail import Mail
from duologue.wire.rooms import TYPED, Claim


class Waiter(Agent):
    """Takes orders, and shares them."""

    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")

    async def on_enter(self) -> None:
        """Answers requests."""
        duologue.current().on_rpc("menu", lambda payload: f"menu of {payload}")

    @function_tool
    async def order(self, dish: str) -> str:
        """Orders a dish."""
        duologue.current().state.set("dish", dish)
        return f"{dish} is ordered"


async def call(house: Hall, claim: Claim, **given: Any) -> Session:
    """A session in the room of a claim, with the agent."""
    source = TokenSource.literal(
        {
            "server_url": house.livekit.url,
            "participant_token": house.token(claim, ours=True),
        }
    )
    session = Session(source, **given)
    house.send_agent(claim)
    await session.start(timeout=60)
    return session


async def test_a_talk_with_our_own_agent(tmp_path: Path, livekit: LiveKit) -> None:
    """Greeted, heard, written to, answered, and asked."""
    async with hall(tmp_path, livekit, make=Waiter, greeting="Welcome to the inn.") as house:
        session = await call(house, await house.claim(fresh()))
        heard = bytearray()
        session.listen(lambda pcm, rate: heard.extend(pcm))
        await until(lambda: any(m.text == "Welcome to the inn." for m in session.messages))
        await session.messages.send("soup, please")
        await until(lambda: any("soup" in m.text for m in session.messages if m.role == "agent"))
        await until(lambda: loudness(bytes(heard)) > 2000)
        assert [m.role for m in session.messages] == ["agent", "user", "agent"]
        assert await session.rpc("menu", "today") == "menu of today"
        assert session.agent.name == "desk"
        await session.end()


async def test_a_written_message_that_was_lost_comes_again_and_is_one_turn(
    tmp_path: Path, livekit: LiveKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first sending never reaches the agent; the second is answered, and nothing follows."""
    monkeypatch.setattr(room_typed, "CONFIRM", 1.0)
    took, arrived = Mail._chat, []

    def lossy(mail: Mail, reader: rtc.TextStreamReader, identity: str) -> None:
        arrived.append((reader.info.attributes or {})[TYPED])
        if len(arrived) > 1:
            took(mail, reader, identity)

    monkeypatch.setattr(Mail, "_chat", lossy)
    async with hall(tmp_path, livekit, make=Waiter, greeting="") as house:
        session = await call(house, await house.claim(fresh()))
        await session.messages.send("soup, please")
        await until(lambda: any("soup" in m.text for m in session.messages if m.role == "agent"))
        await asyncio.sleep(2.5)
        assert [m.role for m in session.messages] == ["user", "agent"]
        assert len(arrived) == 2
        assert arrived[0] == arrived[1]
        await session.end()


async def test_tools_and_shared_state_are_told(tmp_path: Path, livekit: LiveKit) -> None:
    """What the agent does and sets is known in the room, and what we set is known to it."""
    mind = ScriptedAnswers([[Call("order", {"dish": "soup"})], "Ordered."])
    async with hall(tmp_path, livekit, make=Waiter, greeting="", llm=mind) as house:
        session = await call(house, await house.claim(fresh()))
        tools: list[ToolUsed] = []
        changes: list[tuple[str, Any]] = []
        session.on("tool", tools.append)
        session.on("shared_state", lambda *change: changes.append(change))
        await session.state.set("table", 7)
        await session.messages.send("soup")
        await until(lambda: session.state.get("dish") == "soup")
        await until(lambda: any("Ordered" in m.text for m in session.messages))
        assert [(each.name, each.status) for each in tools] == [
            ("order", "started"),
            ("order", "done"),
        ]
        assert ("dish", "soup") in changes
        assert session.state["table"] == 7
        await session.end()


async def test_an_interrupted_answer_is_known_to_be_cut(tmp_path: Path, livekit: LiveKit) -> None:
    """`interrupt` silences the agent, and its message says so."""
    long = "This is a greeting that goes on and on, for nobody ever said that it should end here."
    async with hall(tmp_path, livekit, make=Waiter, greeting=long) as house:
        session = await call(house, await house.claim(fresh()))
        await until(lambda: any(m.text for m in session.messages))
        await asyncio.sleep(0.5)
        await session.interrupt()
        await until(lambda: session.messages[0].final)
        assert session.messages[0].interrupted
        assert len(session.messages[0].text) < len(long)
        await session.end()


async def test_leaving_on_purpose_ends_the_agents_stay(tmp_path: Path, livekit: LiveKit) -> None:
    """`end` is a word to the agent: it does not wait for us to come back."""
    settings = {"grace_seconds": 600}
    async with hall(
        tmp_path, livekit, make=Waiter, greeting="Welcome to the inn.", settings=settings
    ) as house:
        session = await call(house, await house.claim(fresh()))
        # LiveKit does not say who sent what comes before its sender is announced to the agent.
        await until(lambda: any(m.final for m in session.messages))
        with capture_logs() as lines:
            await session.end()
            async with asyncio.timeout(60):
                await asyncio.wait(house.jobs)
            await until(lambda: any(one["event"] == "run ended" for one in lines))
        # LiveKit sends an agent away that waits alone for 20 s, but then nobody has left.
        assert [one["reason"] for one in lines if one["event"] == "run ended"] == ["left"]


async def test_a_conversation_goes_on_where_it_was(tmp_path: Path, livekit: LiveKit) -> None:
    """Who comes back is shown what was said, each message once and in its place."""
    async with hall(tmp_path, livekit, make=Waiter, greeting="Welcome to the inn.") as house:
        first = await house.claim(fresh())
        session = await call(house, first)
        await until(lambda: any(m.final for m in session.messages))
        await session.messages.send("soup, please")
        await until(
            lambda: any("soup" in m.text and m.final for m in session.messages if m.role == "agent")
        )
        said = [(m.role, m.text) for m in session.messages]
        await session.end()
        async with asyncio.timeout(60):
            await asyncio.wait(house.jobs)
        second = await house.claim(fresh(), conversation=first.conversation, known=True)
        again = await call(house, second)
        await until(lambda: len(again.messages) >= 3)
        assert [(m.role, m.text) for m in again.messages][:3] == said
        assert all(m.past for m in again.messages[:3])
        again.messages.restore(session.messages)
        await again.end()

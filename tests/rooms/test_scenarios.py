"""Conversations by voice alone with the Python session: over rooms, and between the roads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.rooms.livekit import LiveKit, server
from tests.rooms.talker import PATIENCE, Talker
from tests.serving import House

from duologue.client.errors import TokenSourceError
from duologue.client.session import Session
from duologue.client.tokens import TokenSource
from duologue.testing.speech import understand, words

pytestmark = pytest.mark.voice

TABLE = "I would like to book a table for four people please."
DAY = "On Friday please."
TIME = "At half past seven."
NAME = "My name is Barbara."
YES = "Yes that's right."
FIRST = "What did I say first?"
KEY = "our key"
SHOP = "https://shop.example"
AGENTS = """
import duologue
from duologue.agents.demo.agent import DemoAgent
from duologue.agents.demo.brain import DemoBrain
from duologue.agents.demo.phrases import EVERY

for slug, encryption, recorded in (
    ("table", "off", False), ("secret", "required", False), ("noted", "required", True)
):
    duologue.agent(
        slug, greeting="Hello! This is the Corner Table.", phrases=EVERY, llm=DemoBrain,
        encryption=encryption, encryption_key=lambda: "our key", record_encrypted=recorded,
    )(DemoAgent)
"""


class Place:
    """A server with rooms, and the ways to its agents."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.key = house.secret_key()

    def room(self, agent: str = "table", *, key: str = "", **given: Any) -> Talker:
        """Somebody who comes by a room."""
        headers = {"authorization": f"Bearer {key or self.key}", "origin": SHOP}
        source = TokenSource.endpoint(f"{self.house.url}/api/token", headers=headers)
        return Talker(Session(source, agent_name=agent, agent_connect_timeout=PATIENCE, **given))

    def socket(self, **given: Any) -> Talker:
        """Somebody who comes by a WebSocket."""
        source = TokenSource.duologue(self.house.url, self.key, "table")
        return Talker(Session(source, transport="websocket", **given))

    async def said(self, conversation: str) -> list[dict[str, Any]]:
        """What was said in a conversation, as the store has it."""
        return await asyncio.to_thread(self.house.messages, conversation)

    async def runs(self, conversation: str) -> list[str]:
        """The runs of the agent that serve a conversation now."""
        async with httpx.AsyncClient(timeout=PATIENCE) as http:
            answer = await http.get(
                f"{self.house.url}/v1/sessions",
                params={"state": "live"},
                headers={"x-api-key": self.key},
            )
        live = answer.json()["items"]
        return [one["run_id"] for one in live if one["conversation_id"] == conversation]


@contextmanager
def opened(folder: Path, livekit: LiveKit, **settings: Any) -> Iterator[Place]:
    """A server with agents who take bookings, each with a secrecy of its own."""
    file = folder / "tables.py"
    file.write_text(AGENTS)
    with House(folder / "data", file, **livekit.settings, **settings) as house:
        house.publish("table", "secret", "noted")
        yield Place(house)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, livekit: LiveKit) -> Iterator[Place]:
    """A server whose agents wait a minute for who dropped: 10 s are fewer on any machine."""
    with opened(tmp_path_factory.mktemp("place"), livekit, grace_seconds=60.0) as place:
        yield place


def booked(answer: str) -> bool:
    """Whether an answer repeats all that was said in the turns before it."""
    return {"4", "friday", "seven", "barbara", "booked"} <= set(words(answer))


async def test_a_table_is_booked_in_five_turns(place: Place) -> None:
    """Every turn is understood, answered aloud, shown to both sides, and kept."""
    ann = place.room()
    await ann.start()
    assert "Corner Table" in await ann.answer()
    answers = [await ann.say(line) for line in (TABLE, DAY, TIME, NAME, YES)]
    assert booked(answers[-1])
    assert {"friday", "seven"} <= set(words(understand(ann.sound)))
    shown = [message.text for message in ann.session.messages if message.role == "user"]
    conversation = ann.session.conversation_id
    await ann.session.end()
    said = await place.said(conversation)
    assert [one["role"] for one in said] == ["assistant"] + ["user", "assistant"] * 5
    assert [one["text"] for one in said if one["role"] == "user"] == shown
    assert said[-1]["text"] == answers[-1]
    assert not any(one["interrupted"] for one in said)


async def test_it_begins_on_a_socket_and_ends_in_a_room(place: Place) -> None:
    """The conversation goes on by its id, with what was said, and goes back; for its owner only."""
    first = place.socket()
    await first.start()
    await first.answer()
    for line in (TABLE, DAY, TIME):
        await first.say(line)
    conversation = first.session.conversation_id
    await first.session.end()

    public = place.house.command(
        "keys", "create", "--kind", "public", "--agent", "table", "--origin", SHOP
    )["key"]
    stranger = place.room(key=public, conversation_id=conversation)
    with pytest.raises(TokenSourceError) as refused:
        await stranger.start()
    assert refused.value.status == 404

    second = place.room(conversation_id=conversation)
    await second.start()
    assert second.session.conversation_id == conversation
    await second.say(NAME)
    assert booked(await second.say(YES))
    past = [message.text for message in second.session.messages if message.past]
    assert len(past) == 7, past
    await second.session.end()

    third = place.socket(conversation_id=conversation)
    await third.start()
    assert "table" in words(await third.say(FIRST))
    await third.session.end()
    said = await place.said(conversation)
    assert [one["role"] for one in said] == ["assistant"] + ["user", "assistant"] * 6


@pytest.mark.parametrize(("agent", "kept"), [("secret", False), ("noted", True)])
async def test_an_encrypted_conversation(place: Place, agent: str, kept: bool) -> None:
    """It is as good as any; its words are kept only where the agent's owner asked for them."""
    ann = place.room(agent, encryption=KEY)
    await ann.start()
    await ann.answer()
    answers = [await ann.say(line) for line in (TABLE, DAY, TIME, NAME, YES)]
    assert booked(answers[-1])
    assert {"friday", "seven"} <= set(words(understand(ann.sound)))
    conversation = ann.session.conversation_id
    await ann.session.end()
    said = await place.said(conversation)
    assert [one["role"] for one in said] == ["assistant"] + ["user", "assistant"] * 5
    assert [bool(one["text"]) for one in said] == [kept] * 11
    exported = await asyncio.to_thread(place.house.command, "conversations", "export", conversation)
    assert ("barbara" in str(exported).lower()) is kept


async def test_who_returns_after_ten_seconds_meets_the_same_agent(place: Place) -> None:
    """It waited, with the booking half made; nothing is greeted or asked again."""
    ann = place.room()
    await ann.start()
    await ann.answer()
    for line in (TABLE, DAY, TIME):
        await ann.say(line)
    conversation = ann.session.conversation_id
    before = await place.runs(conversation)
    await ann.drop()
    await asyncio.sleep(10)
    await ann.start()
    await ann.say(NAME)
    assert booked(await ann.say(YES))
    assert ann.session.conversation_id == conversation
    assert await place.runs(conversation) == before
    await ann.session.end()
    said = await place.said(conversation)
    assert [one["role"] for one in said] == ["assistant"] + ["user", "assistant"] * 5


async def test_who_returns_at_once_stays(place: Place) -> None:
    """What is still told of the first room ends nothing in the second."""
    ann = place.room()
    await ann.start()
    await ann.answer()
    await ann.say(TABLE)
    before = await place.runs(str(ann.session.conversation_id))
    await ann.drop()
    await ann.start()
    await ann.say(DAY)
    await ann.say(TIME)
    assert await place.runs(str(ann.session.conversation_id)) == before
    await ann.session.end()


async def returns_late(place: Place, livekit: LiveKit, away: float) -> None:
    """A user goes in the middle of a booking, and comes back when the agent is gone.

    The LiveKit is the server's own: another server's agents would take its rooms.
    """
    ann = place.room()
    await ann.start()
    await ann.answer()
    for line in (TABLE, DAY, TIME):
        await ann.say(line)
    conversation = ann.session.conversation_id
    room = ann.session.room
    assert room is not None
    before = await place.runs(conversation)
    await ann.drop()
    left = time.monotonic()
    await livekit.crowd(room.name, 0)
    await asyncio.sleep(max(0.0, left + away - time.monotonic()))
    await ann.start()
    await ann.say(NAME)
    assert booked(await ann.say(YES))
    assert ann.session.conversation_id == conversation
    after = await place.runs(conversation)
    assert len(after) == 1
    assert after != before
    await ann.session.end()
    said = await place.said(conversation)
    assert [one["role"] for one in said] == ["assistant"] + ["user", "assistant"] * 5


async def test_who_returns_when_the_agent_is_gone_is_remembered(tmp_path: Path) -> None:
    """Another agent has read what was said, and goes on with the booking."""
    with server() as livekit, opened(tmp_path, livekit, grace_seconds=1.0) as place:
        await returns_late(place, livekit, 0.0)


@pytest.mark.soak
async def test_who_returns_after_two_minutes_is_remembered(tmp_path: Path) -> None:
    """The same with the grace time that every server has, and in real time."""
    with server() as livekit, opened(tmp_path, livekit) as place:
        await returns_late(place, livekit, 120.0)

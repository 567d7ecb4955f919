"""Conversations by voice with the Python `Session`, over both roads, while processes end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit import rtc
from tests.processes.alone import require_one_agent
from tests.processes.cluster import Cluster
from tests.processes.guest import passing
from tests.processes.proxy import Proxy
from tests.rooms.talker import PATIENCE, Talker

from duologue.client.errors import SessionError
from duologue.client.session import Session
from duologue.client.tokens import TokenSource
from duologue.testing.speech import speak, understand, words

# Two processes, LiveKit and recognizers need more than two cores that others use, too.
pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.rooms, pytest.mark.soak]

TABLE = "I would like to book a table for four people please."
DAY = "On Friday please."
TIME = "At half past seven."
NAME = "My name is Barbara."
YES = "Yes that's right."
AGENT = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT


class Visitor(Talker):
    """A talker who comes again until a process takes it, and counts the agents in its room."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.most = 0
        """The most agents that were in the room at once."""
        self.states: list[str] = []
        session.on("connection", self.states.append)

    async def start(self) -> None:
        """Comes in, as soon as somebody is there who is not going away."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    await super().start()
                    break
                except SessionError as error:
                    if not passing(error):
                        raise
                    await asyncio.sleep(1)
        if (room := self.session.room) is not None:
            room.on("participant_connected", lambda _: self._count(room))
            self._count(room)

    async def speaks(self, line: str) -> None:
        """Speaks, and waits only until the answer is heard to begin."""
        spoken = await asyncio.to_thread(speak, line)
        self.heard.clear()
        await self._mouth.say(spoken)
        begun = lambda: self.sound.audible_from < self.sound.samples  # noqa: E731
        await self.until(begun, "the answer to begin")

    def _count(self, room: rtc.Room) -> None:
        agents = [one for one in room.remote_participants.values() if one.kind == AGENT]
        self.most = max(self.most, len(agents))


def by_socket(door: Proxy, key: str) -> Visitor:
    """Somebody who comes by a WebSocket, at whichever process."""
    return Visitor(Session(TokenSource.duologue(door.url, key, "table"), transport="websocket"))


def by_room(door: Proxy, key: str, **given: Any) -> Visitor:
    """Somebody who comes by a room, with a token of whichever process."""
    headers = {"authorization": f"Bearer {key}"}
    source = TokenSource.endpoint(f"{door.url}/api/token", headers=headers)
    return Visitor(Session(source, agent_name="table", agent_connect_timeout=PATIENCE, **given))


async def test_it_begins_on_a_socket_and_ends_in_a_room_though_processes_end(
    rooms: Cluster, rooms_key: str, rooms_door: Proxy
) -> None:
    """One is killed under the socket, one drained under the room: the booking is made all the same.

    Who drops from the room in between and comes back meets the same agent.
    """
    ann = by_socket(rooms_door, rooms_key)
    await ann.start()
    await ann.answer()
    await ann.say(TABLE)
    conversation = ann.session.conversation_id
    await rooms.settled(conversation)
    killed = await rooms.holder(conversation)
    await asyncio.to_thread(killed.kill)
    starting = asyncio.create_task(asyncio.to_thread(killed.start))
    await ann.until(lambda: ann.states[-2:] == ["reconnecting", "connected"], "another process")
    await ann.say(DAY)
    await ann.session.end()
    await starting

    ann = by_room(rooms_door, rooms_key, conversation_id=conversation)
    await ann.start()
    await ann.speaks(TIME)
    drained = await rooms.holder(conversation)
    draining = asyncio.create_task(asyncio.to_thread(rooms.again, drained, "drain"))
    assert "name" in words(await ann.answer())
    await ann.until(lambda: not ann.session.is_connected, "the end of the room")
    await ann.start()
    assert {"4", "friday", "seven", "barbara", "right"} <= set(words(await ann.say(NAME)))
    await draining
    before = await rooms.runs(conversation)
    await ann.drop()
    await ann.start()
    assert await rooms.runs(conversation) == before
    assert {"4", "friday", "seven", "barbara", "booked"} <= set(words(await ann.say(YES)))
    assert {"four", "friday", "seven"} <= set(words(understand(ann.sound)))
    assert ann.session.conversation_id == conversation
    shown = [(one.role, one.text) for one in ann.session.messages]
    await ann.session.end()

    assert ann.most == 1
    said = await rooms.said(conversation)
    assert [one["role"] for one in said] == ["assistant"] + ["user", "assistant"] * 5
    assert [one["text"] for one in said if one["interrupted"]] == []
    names = {"user": "user", "assistant": "agent"}
    assert shown == [(names[one["role"]], one["text"]) for one in said]
    spoken = [set(words(one["text"])) for one in said if one["role"] == "user"]
    expected = ("four", "friday", "seven", "barbara", "yes")
    assert [word in heard for word, heard in zip(expected, spoken, strict=True)] == [True] * 5
    runs = await require_one_agent(rooms, conversation)
    assert [run.end_reason == "server_lost" for run in runs] == [True, False, False, False]
    assert rooms.faults() == []

"""Somebody else in the room of a Python session, who says that it is the agent, or the server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from livekit import rtc
from tests.rooms.livekit import LiveKit
from tests.rooms.stub import fresh, session_to, stub, until

from duologue.client.road import DataReceived
from duologue.wire.rooms import FINAL, SEGMENT, TRACK, TRANSCRIPTION


@asynccontextmanager
async def stranger(livekit: LiveKit, name: str) -> AsyncIterator[rtc.Room]:
    """Somebody in a room, who is seen at once: for that it needs a track."""
    room = rtc.Room()
    await room.connect(livekit.url, livekit.token(name, "bob"))
    source = rtc.AudioSource(48000, 1)
    await room.local_participant.publish_track(
        rtc.LocalAudioTrack.create_audio_track("bob", source)
    )
    try:
        yield room
    finally:
        await room.disconnect()
        await source.aclose()


async def test_words_of_a_stranger_are_not_the_agents(livekit: LiveKit) -> None:
    """Naming the agent's track makes nobody the agent, naming its segment changes no message."""
    name = fresh()
    async with stub(livekit, name, greeting="Good morning to you.") as agent:
        session = session_to(livekit, name)
        await session.start()
        await until(lambda: any(message.final for message in session.messages))
        before = session.messages[0]
        (track,) = agent.room.local_participant.track_publications
        async with stranger(livekit, name) as bob:
            for segment in (before.id, "SG_bob"):
                await bob.local_participant.send_text(
                    "Send me your password.",
                    topic=TRANSCRIPTION,
                    attributes={SEGMENT: segment, TRACK: track, FINAL: "true"},
                )
            await until(lambda: any("password" in message.text for message in session.messages))
        assert session.messages[0] == before
        said = [message.role for message in session.messages if "password" in message.text]
        assert said == ["user"]
        await session.end()


async def test_a_stranger_gives_no_notices(livekit: LiveKit) -> None:
    """What calls itself a notice of the server is data of whoever sent it."""
    name = fresh()
    notice = {"type": "duologue.notice", "code": "insufficient_balance", "message": "Pay here."}
    async with stub(livekit, name) as agent:
        session = session_to(livekit, name)
        got: list[DataReceived] = []
        told: list[str] = []
        session.on("data", got.append)
        session.on("notice", lambda notice: told.append(notice.message))
        await session.start()
        async with stranger(livekit, name) as bob:
            await until(lambda: "bob" in room_of(session.room).remote_participants)
            await bob.local_participant.publish_data(json.dumps(notice))
            await until(lambda: [each.sender for each in got] == ["bob"])
        notice["message"] = "It is the agent who says so."
        await agent.room.local_participant.publish_data(json.dumps(notice))
        await until(lambda: told == ["It is the agent who says so."])
        await session.end()


async def test_a_stranger_is_answered_nothing_before_an_agent_is_there(livekit: LiveKit) -> None:
    """Requests are the agent's, and so nobody's while there is none."""
    name = fresh()
    session = session_to(livekit, name)
    session.on_rpc("location", lambda payload: "52.5, 13.4")
    await session.start(wait_for_agent=False)
    async with stranger(livekit, name) as bob:
        await until(lambda: "ann" in bob.remote_participants)
        with pytest.raises(rtc.RpcError) as refused:
            await bob.local_participant.perform_rpc(
                destination_identity="ann", method="location", payload=""
            )
        assert refused.value.code == 1400
    await session.end()


def room_of(room: rtc.Room | None) -> rtc.Room:
    """The room of a session that has one."""
    assert room is not None
    return room

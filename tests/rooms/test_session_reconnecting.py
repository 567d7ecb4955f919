"""A session whose line breaks and is mended: the agent is not gone, and everything goes on."""

from __future__ import annotations

import asyncio

import pytest
from livekit.rtc._proto.room_pb2 import SimulateScenarioKind
from tests.rooms.livekit import LiveKit
from tests.rooms.stub import Tone, fresh, loudness, session_to, stub, until

SCENARIOS = ["SIMULATE_SIGNAL_RECONNECT", "SIMULATE_FULL_RECONNECT", "SIMULATE_NODE_FAILURE"]


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_a_mended_line_keeps_agent_words_and_sound(scenario: str, livekit: LiveKit) -> None:
    """No state says that the agent left; chat, transcripts and sound go on, also under new sids."""
    room = fresh()
    async with stub(livekit, room, heard=["again"], answers=["One.", "Two.", "Three."]):
        session = session_to(livekit, room)
        tone = Tone()
        await session.start(microphone=tone)
        await session.messages.send("first")
        await until(lambda: any("One." in m.text for m in session.messages))
        lines: list[str] = []
        states: list[str] = []
        session.on("connection", lines.append)
        session.on("agent_state", states.append)
        assert session.room is not None
        kind = SimulateScenarioKind.Value(scenario)
        async with asyncio.timeout(60):
            await session.room.simulate_scenario(kind)
        await until(lambda: lines[-1:] == ["connected"])
        assert lines[0] == "reconnecting"
        await asyncio.sleep(6)  # longer than an agent that vanished is waited for
        assert session.agent.is_connected
        assert not {"failed", "disconnected"} & set(states)
        await session.messages.send("second")
        await until(lambda: any("Two." in m.text for m in session.messages))
        heard = bytearray()
        session.listen(lambda pcm, rate: heard.extend(pcm))
        tone.speak(0.6)
        await until(lambda: any(m.text == "again" and m.final for m in session.messages))
        said = next(m for m in session.messages if m.text == "again")
        assert said.kind == "user_transcript"
        await until(lambda: loudness(bytes(heard)) > 2000)
        await session.end()


async def test_a_server_that_is_gone_for_good_ends_the_session(livekit: LiveKit) -> None:
    """After LiveKit's client gave up, the session says so, and start works again."""
    room = fresh()
    session = session_to(livekit, room)
    told: list[object] = []
    session.on("ended", told.append)
    await session.start(wait_for_agent=False)
    livekit.stop()
    try:
        await until(lambda: told, within=120)
        assert session.connection_state == "failed"
        assert session.error is not None
        assert session.error is told[0]
    finally:
        livekit.start()
    await until(lambda: session.room is None)
    await session.start(wait_for_agent=False)
    assert session.is_connected
    await session.end()

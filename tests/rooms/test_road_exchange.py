"""Requests, shared state, attributes and files between an agent and LiveKit's own client."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from livekit import rtc
from livekit.agents import Agent
from tests.rooms.caller import Caller, hall
from tests.rooms.livekit import LiveKit

import duologue


class Clerk(Agent):
    """Answers requests, keeps state, takes and gives files."""

    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")

    async def on_enter(self) -> None:
        """Says what it takes."""
        here = duologue.current()
        here.on_rpc("double", lambda payload: str(2 * int(payload)))
        here.on_attributes(lambda told: here.send({"attributes": told}))
        here.on_file(lambda file: here.send({"file": [file.name, len(file.content)]}))
        here.state.on(lambda key, value: here.send({"state": [key, value]}))

        async def obey(data: Any) -> None:
            if data == "ask":
                here.send({"answered": await here.rpc("name", "you")})
            elif data == "keep":
                here.state.set("colour", "red")
            elif data == "describe":
                here.set_attributes({"mood": "calm"})
            elif data == "file":
                await here.send_file(b"x" * 200_000, name="big.bin", attributes={"of": "clerk"})

        here.on_data(obey)


async def begun(ann: Caller) -> rtc.RemoteParticipant:
    """The agent, which has said what it takes."""
    agent = await ann.agent()
    await ann.reads("Hello.")
    return agent


async def test_a_user_asks_and_is_answered(tmp_path: Path, livekit: LiveKit) -> None:
    """By LiveKit's own requests; what nobody answers is refused with LiveKit's number."""
    async with hall(tmp_path, livekit, make=Clerk) as house:
        ann, _ = await house.call()
        agent = await begun(ann)

        async def ask(method: str, payload: str) -> str:
            async with asyncio.timeout(30):
                return await ann.room.local_participant.perform_rpc(
                    destination_identity=agent.identity, method=method, payload=payload
                )

        assert await ask("double", "21") == "42"
        with pytest.raises(rtc.RpcError) as failed:
            await ask("double", "many")
        assert failed.value.code == 1500
        with pytest.raises(rtc.RpcError) as unknown:
            await ask("treble", "1")
        assert unknown.value.code == 1400


async def test_the_agent_asks_and_is_answered(tmp_path: Path, livekit: LiveKit) -> None:
    """The user's client answers as to anybody in a room."""
    async with hall(tmp_path, livekit, make=Clerk) as house:
        ann, _ = await house.call()
        await begun(ann)
        ann.room.local_participant.register_rpc_method(
            "name", lambda asked: f"Ann, {asked.payload}"
        )
        await ann.send("ask")
        await ann.until(lambda: {"answered": "Ann, you"} in ann.data)


async def test_state_is_shared_with_clients_of_ours(tmp_path: Path, livekit: LiveKit) -> None:
    """Both ways, and with who comes later; others are not bothered."""
    async with hall(tmp_path, livekit, make=Clerk) as house:
        claim = await house.claim("room-state")
        ann = await house.enter(claim, ours=True)
        house.send_agent(claim)
        await begun(ann)
        await ann.send("keep")
        shared = {"type": "state.set", "key": "colour", "value": "red"}
        await ann.until(lambda: shared in ann.packets)
        await ann.send({"type": "state.set", "key": "size", "value": 3}, topic="duologue")
        await ann.until(lambda: {"state": ["size", 3]} in ann.data)
        await ann.leave()
        again = await house.enter(claim, ours=True)
        whole = {"type": "state.snapshot", "values": {"colour": "red", "size": 3}}
        await again.until(lambda: whole in again.packets)


async def test_attributes_are_the_participants(tmp_path: Path, livekit: LiveKit) -> None:
    """The agent reads the user's, without the claim, and has its own."""
    async with hall(tmp_path, livekit, make=Clerk) as house:
        ann, _ = await house.call()
        agent = await begun(ann)
        await ann.room.local_participant.set_attributes({"page": "/prices"})
        await ann.until(lambda: {"attributes": {"page": "/prices"}} in ann.data)
        await ann.send("describe")
        await ann.until(lambda: agent.attributes.get("mood") == "calm")
        assert agent.attributes["lk.agent.state"]


async def test_files_travel_both_ways(tmp_path: Path, livekit: LiveKit) -> None:
    """As LiveKit's byte streams, of any topic."""
    async with hall(tmp_path, livekit, make=Clerk) as house:
        ann, _ = await house.call()
        agent = await begun(ann)
        writer = await ann.room.local_participant.stream_bytes(
            "photo.jpg", topic="photos", destination_identities=[agent.identity]
        )
        await writer.write(b"y" * 100_000)
        await writer.aclose()
        await ann.until(lambda: {"file": ["photo.jpg", 100_000]} in ann.data)
        got: list[tuple[str, int, str]] = []

        def take(reader: rtc.ByteStreamReader, sender: str) -> None:
            async def read() -> None:
                size = sum([len(piece) async for piece in reader])
                got.append((reader.info.name, size, sender))

            ann._spawn(read())

        ann.room.register_byte_stream_handler("files", take)
        await ann.send("file")
        await ann.until(lambda: bool(got))
        assert got == [("big.bin", 200_000, agent.identity)]

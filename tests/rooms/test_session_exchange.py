"""Requests, files, attributes, data and pictures between a Python session and its agent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from livekit import rtc
from tests.rooms.livekit import LiveKit
from tests.rooms.stub import fresh, session_to, stub, until

from duologue.client.errors import MediaError, RpcError
from duologue.client.road import DataReceived, FileComing, ReceivedFile


async def test_requests_go_both_ways(livekit: LiveKit) -> None:
    """Answers, the handlers' own errors, unknown methods, and handlers that fail."""
    room = fresh()
    async with stub(livekit, room) as agent:
        session = session_to(livekit, room)

        async def weather(payload: str) -> str:
            if payload == "mars":
                raise RpcError(2404, "no such town", "mars")
            return f"sunny in {payload}"

        session.on_rpc("weather", weather)
        await session.start()
        theirs = agent.room.local_participant

        async def greet(asked: rtc.RpcInvocationData) -> str:
            if asked.payload == "nobody":
                raise rtc.RpcError(3001, "whom?", "data")
            return f"hello {asked.payload}"

        theirs.register_rpc_method("greet", greet)
        assert await session.rpc("greet", "ann") == "hello ann"
        with pytest.raises(RpcError) as error:
            await session.rpc("greet", "nobody")
        assert (error.value.code, error.value.message, error.value.data) == (3001, "whom?", "data")
        with pytest.raises(RpcError) as error:
            await session.rpc("sing")
        assert error.value.code == 1400

        async def ask(town: str) -> str:
            return await theirs.perform_rpc(
                destination_identity="ann", method="weather", payload=town
            )

        assert await ask("rome") == "sunny in rome"
        with pytest.raises(rtc.RpcError) as refused:
            await ask("mars")
        assert (refused.value.code, refused.value.data) == (2404, "mars")
        await session.end()


async def test_a_request_that_nobody_answers_ends_in_time(livekit: LiveKit) -> None:
    """Nobody there: at once. Nobody answering: when the time is over."""
    room = fresh()
    session = session_to(livekit, room)
    await session.start(wait_for_agent=False)
    before = time.monotonic()
    with pytest.raises(RpcError, match="no agent in the room") as error:
        await session.rpc("greet")
    assert error.value.code == 1401
    assert time.monotonic() - before < 5
    async with stub(livekit, room) as agent:
        await session.agent.wait_until_connected()

        async def sleep(asked: rtc.RpcInvocationData) -> str:
            await asyncio.sleep(30)
            return "late"

        agent.room.local_participant.register_rpc_method("sleep", sleep)
        with pytest.raises(RpcError) as late:
            await session.rpc("sleep", timeout=1.0)
        assert late.value.code == 1502
        await session.end()


async def test_only_the_agent_is_answered(livekit: LiveKit) -> None:
    """A stranger in the room gets a refusal, and the handler is not asked."""
    room = fresh()
    async with stub(livekit, room):
        session = session_to(livekit, room)
        asked: list[str] = []

        def secret(payload: str) -> str:
            asked.append(payload)
            return "no"

        session.on_rpc("secret", secret)
        await session.start()
        stranger = rtc.Room()
        await stranger.connect(livekit.url, livekit.token(room, "eve"))
        with pytest.raises(rtc.RpcError, match="the agent alone"):
            await stranger.local_participant.perform_rpc(
                destination_identity="ann", method="secret", payload="x"
            )
        assert not asked
        await stranger.disconnect()
        await session.end()


async def test_files_go_both_ways_with_their_progress(livekit: LiveKit) -> None:
    """A megabyte out and in: whole, with name, type and attributes, and told in parts."""
    room = fresh()
    content = bytes(range(256)) * 4096
    async with stub(livekit, room) as agent:
        got: list[tuple[str, str, dict[str, str], bytes]] = []
        tasks: list[asyncio.Task[None]] = []

        def opened(reader: rtc.ByteStreamReader, sender: str) -> None:
            async def read() -> None:
                data = b"".join([piece async for piece in reader])
                info = reader.info
                got.append((info.name, info.mime_type, info.attributes or {}, data))

            tasks.append(asyncio.create_task(read()))

        agent.room.register_byte_stream_handler("photos", opened)
        session = session_to(livekit, room)
        files: list[ReceivedFile] = []
        coming: list[FileComing] = []
        session.on_file(files.append, topic="photos", progress=coming.append)
        await session.start()
        shares: list[float] = []
        await session.send_file(
            content, name="cat.png", topic="photos", attributes={"a": "b"}, progress=shares.append
        )
        await until(lambda: got)
        assert got == [("cat.png", "image/png", {"a": "b"}, content)]
        assert shares == sorted(shares)
        assert len(shares) > 2
        assert shares[-1] == 1.0

        writer = await agent.room.local_participant.stream_bytes(
            "dog.png", total_size=len(content), mime_type="image/png", topic="photos"
        )
        await writer.write(content)
        await writer.aclose()
        await until(lambda: files)
        assert (files[0].name, files[0].mime_type) == ("dog.png", "image/png")
        assert files[0].content == content
        assert files[0].sender == agent.identity
        assert coming[0].size == len(content)
        assert coming[-1].received == len(content)
        await session.end()
        await asyncio.wait(tasks)


async def test_a_message_brings_its_files(livekit: LiveKit) -> None:
    """Between two of our sessions: text and attachments are one message on both sides."""
    room = fresh()
    async with stub(livekit, room):
        ann, bob = session_to(livekit, room), session_to(livekit, room, "bob")
        await ann.start()
        await bob.start()
        await until(lambda: ann.room is not None and "bob" in ann.room.remote_participants)
        picture = ReceivedFile("f1", "cat.png", "image/png", "lk.chat", b"meow" * 9)
        sent = await ann.messages.send("look", attachments=[picture])
        assert sent.files == (picture,)
        await until(lambda: any(m.text == "look" for m in bob.messages))
        seen = next(m for m in bob.messages if m.text == "look")
        assert [(f.id, f.name, f.content) for f in seen.files] == [("f1", "cat.png", b"meow" * 9)]
        assert seen.role == "user"
        await bob.end()
        await ann.end()


async def test_attributes_go_both_ways(livekit: LiveKit) -> None:
    """Ours are seen by the agent, the agent's by us, each with a word of the change."""
    room = fresh()
    async with stub(livekit, room) as agent:
        session = session_to(livekit, room)
        await session.start()
        changes: list[dict[str, str]] = []
        session.agent.on("attributes", lambda all_: changes.append(dict(all_)))
        await session.set_attributes({"mood": "good"})
        people = agent.room.remote_participants
        await until(lambda: "ann" in people and people["ann"].attributes.get("mood") == "good")
        await agent.room.local_participant.set_attributes({"page": "menu"})
        await until(lambda: session.agent.attributes.get("page") == "menu")
        assert changes[-1]["page"] == "menu"
        await session.end()


async def test_data_packets_go_both_ways(livekit: LiveKit) -> None:
    """With their topic and sender, reliable or not."""
    room = fresh()
    async with stub(livekit, room) as agent:
        packets: list[rtc.DataPacket] = []
        agent.room.on("data_received", packets.append)
        session = session_to(livekit, room)
        got: list[DataReceived] = []
        session.on_data(got.append)
        await session.start()
        await session.send_data({"a": 1}, topic="t")
        await session.send_data(b"\x00\x01", reliable=False)
        await until(lambda: len(packets) == 2)
        assert {(p.topic, p.data) for p in packets} == {("t", b'{"a": 1}'), ("", b"\x00\x01")}
        await agent.room.local_participant.publish_data(b"back", topic="u")
        await until(lambda: got)
        assert got == [DataReceived(b"back", "u", agent.identity)]
        await session.end()


async def test_a_camera_is_seen_by_the_agent(livekit: LiveKit) -> None:
    """Frames are published until they end or are taken away; a screen is told apart."""
    room = fresh()

    async def frames() -> AsyncIterator[rtc.VideoFrame]:
        pixels = bytes([200, 30, 30, 255]) * (64 * 48)
        while True:
            yield rtc.VideoFrame(64, 48, rtc.VideoBufferType.RGBA, pixels)
            await asyncio.sleep(0.05)

    async with stub(livekit, room) as agent:
        seen: list[tuple[int, int]] = []
        gone: list[int] = []
        tasks: list[asyncio.Task[None]] = []

        async def look(track: rtc.Track) -> None:
            stream = rtc.VideoStream(track)
            async for event in stream:
                seen.append((event.frame.width, event.frame.height))
                break
            await stream.aclose()

        def subscribed(track: rtc.Track, publication: rtc.RemoteTrackPublication) -> None:
            if publication.source == rtc.TrackSource.SOURCE_CAMERA:
                tasks.append(asyncio.create_task(look(track)))

        agent.room.on("track_subscribed", subscribed)
        agent.room.on("track_unpublished", lambda publication: gone.append(publication.source))
        session = session_to(livekit, room)
        await session.start(camera=frames())
        await session.share_screen(frames())
        await until(lambda: seen)
        assert seen[0] == (64, 48)
        await session.set_camera(None)
        await until(lambda: rtc.TrackSource.SOURCE_CAMERA in gone)
        await session.end()
        await asyncio.wait(tasks)


async def test_a_camera_that_gives_no_frames_is_an_error(livekit: LiveKit) -> None:
    """Nothing, or something else than frames, is said at once."""
    session = session_to(livekit, fresh())
    await session.start(wait_for_agent=False)

    async def nothing() -> AsyncIterator[str]:
        return
        yield ""

    async def words() -> AsyncIterator[str]:
        yield "cheese"

    with pytest.raises(MediaError, match="gave no frame"):
        await session.set_camera(nothing())
    with pytest.raises(MediaError, match=r"rtc\.VideoFrame, not str"):
        await session.set_camera(words())
    await session.end()


async def test_an_avatars_tracks_are_the_agents(livekit: LiveKit) -> None:
    """A worker that publishes on the agent's behalf is its picture, and is not the agent."""
    room = fresh()
    async with stub(livekit, room) as agent:
        session = session_to(livekit, room)
        await session.start()
        from tests.rooms.stub import StubAgent

        avatar = StubAgent(livekit, room, attributes={"lk.publish_on_behalf": agent.identity})
        await avatar.room.connect(livekit.url, avatar.token())
        source = rtc.VideoSource(64, 48)
        track = rtc.LocalVideoTrack.create_video_track("face", source)
        await avatar.room.local_participant.publish_track(track)
        assert await session.agent.wait_until_video_track(timeout=60) is not None
        assert session.agent.identity == agent.identity
        await avatar.room.disconnect()
        await until(lambda: session.agent.video_track is None)
        await avatar.session.aclose()
        await source.aclose()
        await session.end()

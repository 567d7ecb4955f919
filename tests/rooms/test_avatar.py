"""Avatars: a worker that publishes for the agent is its face, and is neither user nor agent."""

from __future__ import annotations

import asyncio
from pathlib import Path

from livekit import rtc
from livekit.agents.voice.avatar import (
    AvatarOptions,
    AvatarRunner,
    DataStreamAudioOutput,
    DataStreamAudioReceiver,
)
from tests.rooms.avatars import RATE, DrawnVideo, SwellingTTS, Watcher, standing_in
from tests.rooms.caller import hall
from tests.rooms.livekit import LiveKit
from tests.rooms.pictures import GREY, shown
from tests.rooms.stub import PATIENCE, fresh, loudness, session_to, stub, until
from tests.rooms.test_session_duologue import call

from duologue.testing.avatar import FPS, Avatar
from duologue.testing.face import HEIGHT, WIDTH
from duologue.wire.rooms import ON_BEHALF


async def test_the_avatar_of_an_agent_of_ours_moves_its_lips(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """A session sees a face whose mouth follows the agent's loudness, and is shut at the end."""
    async with hall(tmp_path, livekit, tts=SwellingTTS(), greeting="") as house:
        claim = await house.claim(fresh())
        session = await call(house, claim)
        assert session.agent.video_track is None
        async with standing_in(livekit, claim.room, session.agent.identity) as room:
            async with Avatar(room, session.agent.identity):
                track = await session.agent.wait_until_video_track(timeout=PATIENCE)
                async with Watcher(track) as watcher:
                    session.listen(watcher.hear)
                    await until(lambda: len(watcher.mouth) > 3)
                    assert watcher.opened < 0.1
                    await session.messages.send("hello")
                    await until(lambda: watcher.opened > 0.7)
                    await until(lambda: session.agent.state == "listening")
                    await until(lambda: watcher.opened < 0.1)
                    assert watcher.likeness() > 0.8
            await until(lambda: session.agent.video_track is None)
        await session.end()


async def test_an_avatar_is_no_user_and_no_agent(tmp_path: Path, livekit: LiveKit) -> None:
    """What it says and shows is not the user's, and the agent does not stay for it."""
    settings = {"grace_seconds": 0}
    async with hall(tmp_path, livekit, greeting="", vision=True, settings=settings) as house:
        claim = await house.claim(fresh())
        session = await call(house, claim)
        identity = session.agent.identity
        async with standing_in(livekit, claim.room, identity) as room, shown(room, GREY):
            await session.agent.wait_until_video_track(timeout=PATIENCE)
            await room.local_participant.send_text("I am a face", topic="lk.chat")
            await room.local_participant.publish_data(b'{"type": "client.end"}', topic="duologue")
            await session.messages.send("I am a user")
            await until(lambda: any("You said: I am a user" in m.text for m in session.messages))
            await until(lambda: session.agent.state == "listening")
            (seat,) = house.stage.host.attached(claim.conversation)
            assert seat.run.eye is not None
            assert seat.run.eye.newest() is None
            assert session.agent.identity == identity
            await session.end()
            async with asyncio.timeout(PATIENCE):
                await asyncio.wait(house.jobs)
            await until(lambda: not room.isconnected())
        house.stage.conversation = claim.conversation
        said = [text for role, text, _ in await house.stage.words() if role == "user"]
        assert said == ["I am a user"]


async def test_an_avatar_worker_of_livekit_is_the_agents_face_and_voice(livekit: LiveKit) -> None:
    """The agent sends its sound to the worker, and a session sees and hears the worker."""
    name = fresh()
    async with stub(livekit, name) as agent, standing_in(livekit, name, agent.identity) as room:
        runner = AvatarRunner(
            room,
            audio_recv=DataStreamAudioReceiver(room, sender_identity=agent.identity),
            video_gen=DrawnVideo(RATE),
            options=AvatarOptions(WIDTH, HEIGHT, FPS, RATE, 1),
        )
        await runner.start()
        own = agent.session.output.audio
        agent.session.output.audio = DataStreamAudioOutput(
            agent.room, destination_identity=room.local_participant.identity, sample_rate=RATE
        )
        session = session_to(livekit, name)
        await session.start()
        heard = bytearray()
        session.listen(lambda pcm, rate: heard.extend(pcm))
        async with Watcher(await session.agent.wait_until_video_track(timeout=PATIENCE)) as watcher:
            mine = session.room.remote_participants if session.room else {}
            avatar = mine[room.local_participant.identity]
            sids = set(avatar.track_publications)
            await until(lambda: session.agent.audio_track is not None)
            await until(lambda: session.agent.audio_track.sid in sids)
            assert session.agent.video_track.sid in sids
            assert session.agent.identity == agent.identity
            heard.clear()
            await session.messages.send("hello, face")
            await until(lambda: watcher.opened > 0.5)
            await until(lambda: loudness(bytes(heard)) > 2000)
            await until(lambda: any(m.role == "agent" and m.final for m in session.messages))
            await until(lambda: watcher.opened < 0.1)
        await session.end()
        agent.session.output.audio = own
        await runner.aclose()


async def test_an_avatar_that_came_before_its_agent_is_known_later(livekit: LiveKit) -> None:
    """Its picture is the agent's from the moment that the agent is there."""
    name = fresh()
    session = session_to(livekit, name)
    await session.start(wait_for_agent=False)
    async with standing_in(livekit, name, "agent-late") as room, shown(room, GREY):
        here = session.room
        assert here is not None
        await until(
            lambda: any(
                publication.track is not None
                for participant in here.remote_participants.values()
                for publication in participant.track_publications.values()
            )
        )
        assert session.agent.video_track is None
        assert session.agent.identity == ""
        async with stub(livekit, name, identity="agent-late"):
            assert await session.agent.wait_until_video_track(timeout=PATIENCE) is not None
            assert session.agent.identity == "agent-late"
    await session.end()


async def test_people_do_not_pass_for_the_agents_face(livekit: LiveKit) -> None:
    """Anybody may write the attribute on itself; only agents are believed."""
    name = fresh()
    async with stub(livekit, name) as agent:
        session = session_to(livekit, name)
        await session.start()
        here = session.room
        assert here is not None
        room = rtc.Room()
        opens = livekit.token(name, "mallory", **{ON_BEHALF: agent.identity})
        await room.connect(livekit.url, opens)
        async with shown(room, GREY):
            await until(
                lambda: (
                    any(
                        one.track is not None
                        for one in here.remote_participants["mallory"].track_publications.values()
                    )
                    if "mallory" in here.remote_participants
                    else False
                )
            )
            assert session.agent.video_track is None
        await room.disconnect()
        await session.end()

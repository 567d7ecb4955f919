"""What a user shows in a room reaches an agent that asks for it, and no other."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import Agent, ChatContext, ModelSettings, llm
from tests.rooms.caller import PATIENCE, hall
from tests.rooms.livekit import LiveKit
from tests.rooms.pictures import BRIGHT, DARK, GREY, SIZE, is_shade, shown
from tests.rooms.seeing import SeeingModel

import duologue
from duologue.agents.current import Current
from duologue.testing.models import ScriptedAnswers
from duologue.transports.livekit import visit
from duologue.transports.livekit.mail import AttentiveRoom


class Looker(Agent):
    """Gives its model what the user shows, with each message of the user."""

    def __init__(self, here: list[Current]) -> None:
        super().__init__(instructions="Say what you see.")
        here.append(duologue.current())

    def llm_node(
        self, chat_ctx: ChatContext, tools: list[llm.Tool], model_settings: ModelSettings
    ) -> Any:
        """Looks."""
        if (frame := duologue.current().frame()) is not None:
            shown = llm.ImageContent(image=frame)
            chat_ctx.add_message(role="user", content=["This is what I show.", shown])
        return Agent.default.llm_node(self, chat_ctx, tools, model_settings)


def pictures_of(talk: ChatContext) -> list[Any]:
    """The pictures that a model was given."""
    parts = [part for message in talk.messages() for part in message.content]
    return [part.image for part in parts if isinstance(part, llm.ImageContent)]


async def test_a_model_is_given_what_the_camera_shows(tmp_path: Path, livekit: LiveKit) -> None:
    """Agent code takes the newest picture, and the model gets it with the user's words."""
    here: list[Current] = []
    mind = ScriptedAnswers()
    make = lambda: Looker(here)  # noqa: E731
    async with hall(tmp_path, livekit, make=make, llm=mind, greeting="", vision=True) as house:
        ann, _ = await house.call()
        await ann.until(lambda: "listening" in ann.states)
        assert here[0].frame() is None
        async with shown(ann.room, GREY) as camera:
            await ann.until(lambda: is_shade(here[0].frame(), GREY))
            await ann.write("what is this?")
            await ann.reads("You said: This is what I show.")
            seen = pictures_of(mind.talks[-1])
            assert len(seen) == 1
            assert is_shade(seen[0], GREY)
            await camera.withdraw()
        await ann.until(lambda: here[0].frame() is None)
        await ann.write("and now?")
        await ann.reads("You said: and now?")
        assert not pictures_of(mind.talks[-1])  # what was seen is not said again each time


async def test_a_realtime_model_gets_frames(tmp_path: Path, livekit: LiveKit) -> None:
    """It sees the camera, and then the screen that is shared beside it."""
    model = SeeingModel()
    make = lambda: Agent(instructions="Look.", llm=model)  # noqa: E731
    async with hall(tmp_path, livekit, make=make, greeting="Hello.", vision=True) as house:
        ann, _ = await house.call()
        await ann.reads("Hello.")
        async with shown(ann.room, DARK):
            await ann.until(lambda: any(is_shade(one, DARK) for one in model.seen))
            async with shown(ann.room, BRIGHT, screen=True):
                await ann.until(lambda: is_shade(model.seen[-1], BRIGHT))
                assert all(is_shade(one, DARK) or is_shade(one, BRIGHT) for one in model.seen)


async def test_the_screen_comes_before_the_camera(tmp_path: Path, livekit: LiveKit) -> None:
    """When it is taken away, the camera is seen again; when that is muted, nothing is."""
    here: list[Current] = []
    make = lambda: Looker(here)  # noqa: E731
    async with hall(tmp_path, livekit, make=make, greeting="", vision=True) as house:
        claim = await house.claim("showing")
        ann = await house.enter(claim)
        async with shown(ann.room, BRIGHT, screen=True) as screen:  # before the agent comes
            house.send_agent(claim)
            await ann.until(lambda: bool(here) and is_shade(here[0].frame(), BRIGHT))
            async with shown(ann.room, DARK) as camera:
                await ann.until(lambda: len(ann.room.local_participant.track_publications) == 3)
                assert is_shade(here[0].frame(), BRIGHT)
                await screen.withdraw()
                await ann.until(lambda: is_shade(here[0].frame(), DARK))
                camera.track.mute()
                await ann.until(lambda: here[0].frame() is None)
                camera.track.unmute()
                await ann.until(lambda: is_shade(here[0].frame(), DARK))
                await camera.withdraw()
                await ann.until(lambda: here[0].frame() is None)


async def test_nothing_is_fetched_for_an_agent_that_does_not_ask(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """Its microphone is taken, its camera is not; who looks all the same is told how to ask."""
    here: list[Current] = []
    taken: list[str] = []
    make = lambda: Looker(here)  # noqa: E731
    async with hall(tmp_path, livekit, make=make, greeting="Hello.") as house:
        claim = await house.claim("blind")
        ann = await house.enter(claim)
        ann.room.on("local_track_subscribed", lambda track: taken.append(track.name))
        async with shown(ann.room, GREY):
            house.send_agent(claim)
            await ann.reads("Hello.")
            await ann.until(lambda: "mic" in taken)
            await ann.write("look!")
            await ann.until(lambda: "listening" in ann.states[1:])
        assert taken == ["mic"]
        with pytest.raises(duologue.DuologueError, match="asks for no pictures"):
            here[0].frame()


@pytest.mark.parametrize("whose", ["user", "agent"])
async def test_a_mended_line_shows_again(
    whose: str, tmp_path: Path, livekit: LiveKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a full reconnect of either side the camera is seen as before."""
    here: list[Current] = []
    rooms: list[AttentiveRoom] = []

    def enter() -> AttentiveRoom:
        rooms.append(AttentiveRoom())
        return rooms[-1]

    monkeypatch.setattr(visit, "AttentiveRoom", enter)
    make = lambda: Looker(here)  # noqa: E731
    async with hall(tmp_path, livekit, make=make, greeting="", vision=True) as house:
        ann, claim = await house.call()
        async with shown(ann.room, GREY) as camera:
            await ann.until(lambda: bool(here) and is_shade(here[0].frame(), GREY))
            mended: list[bool] = []
            room = ann.room if whose == "user" else rooms[0]
            room.on("reconnected", lambda: mended.append(True))
            async with asyncio.timeout(PATIENCE):
                await room.simulate_scenario(rtc.SimulateScenarioKind.SIMULATE_FULL_RECONNECT)
            await ann.until(lambda: bool(mended))
            run = house.stage.host.run_of(claim.conversation)
            assert run is not None
            assert run.eye is not None
            before = run.eye.newest()
            await ann.until(lambda: here[0].frame() not in (before, None))
            assert is_shade(here[0].frame(), GREY)
            await camera.withdraw()
            await ann.until(lambda: here[0].frame() is None)


async def test_an_encrypted_picture_is_seen_with_the_key(
    tmp_path: Path, livekit: LiveKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pictures are encrypted as sound is."""
    monkeypatch.setenv("ROOM_KEY", "a key that both sides have")
    here: list[Current] = []
    make = lambda: Looker(here)  # noqa: E731
    secret: dict[str, Any] = {"encryption": "required", "encryption_key": "env:ROOM_KEY"}
    async with hall(tmp_path, livekit, make=make, vision=True, **secret) as house:
        claim = await house.claim("secret-picture", e2ee=True)
        ann = await house.enter(claim, key=b"a key that both sides have")
        house.send_agent(claim)
        await ann.reads("Hello.")
        async with shown(ann.room, BRIGHT) as camera:
            assert camera.publication.encryption_type == rtc.EncryptionType.GCM
            await ann.until(lambda: is_shade(here[0].frame(), BRIGHT))


async def test_what_a_phone_films_lying_is_seen_upright(tmp_path: Path, livekit: LiveKit) -> None:
    """LiveKit's server has the sender turn it: the agent need not."""
    here: list[Current] = []
    make = lambda: Looker(here)  # noqa: E731
    width, height = SIZE
    pixels = np.full((height, width, 4), DARK, dtype=np.uint8)
    pixels[:, : width // 2] = BRIGHT  # on the left: it belongs on top
    frame = rtc.VideoFrame(width, height, rtc.VideoBufferType.RGBA, pixels.tobytes())
    async with hall(tmp_path, livekit, make=make, greeting="", vision=True) as house:
        ann, _ = await house.call()
        source = rtc.VideoSource(width, height)
        track = rtc.LocalVideoTrack.create_video_track("phone", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA, simulcast=False)
        await ann.room.local_participant.publish_track(track, options)

        async def film() -> None:
            while True:
                source.capture_frame(frame, rotation=rtc.VideoRotation.VIDEO_ROTATION_90)
                await asyncio.sleep(0.1)

        filming = asyncio.create_task(film())
        try:
            await ann.until(lambda: bool(here) and here[0].frame() is not None)
            seen = here[0].frame()
            assert seen is not None
            assert (seen.width, seen.height) == (height, width)
            rgba = np.frombuffer(seen.convert(rtc.VideoBufferType.RGBA).data, dtype=np.uint8)
            rows = rgba.reshape(width, height, 4)[..., 0].mean(axis=1)
            assert rows[: width // 4].mean() > 150
            assert rows[-width // 4 :].mean() < 100
        finally:
            filming.cancel()
            await asyncio.wait([filming])
            await source.aclose()

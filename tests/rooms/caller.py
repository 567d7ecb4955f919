"""A plain LiveKit client in a room with an agent: what it saw, read and heard, and what it does."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from livekit import api, rtc
from tests.pipeline.stage import Stage, stage
from tests.rooms.livekit import LiveKit

from duologue.access import claims
from duologue.server.join import Join
from duologue.store import agents
from duologue.store.ids import fresh
from duologue.testing.speech import Recording
from duologue.transports.livekit import secrecy
from duologue.transports.livekit.jobs import Job
from duologue.transports.livekit.names import livekit as found
from duologue.transports.livekit.road import RoomRoad
from duologue.wire.rooms import (
    AGENT_STATE,
    CHAT,
    CLAIM,
    CLIENT,
    FINAL,
    OURS,
    PRE_CONNECT,
    SEGMENT,
    TRACK,
    TRANSCRIPTION,
    Claim,
)

PATIENCE = 25.0
RATE = 16000
SHOWN = ("captions", "chats", "data", "packets", "states", "ended")
TIMES = 8
"""How much louder sound is than silence that went through WebRTC."""


@dataclass(slots=True)
class Caption:
    """One stream of `lk.transcription`, in the order in which the streams were opened."""

    sender: str
    segment: str
    track: str
    text: str = ""
    final: bool = False
    done: bool = False
    attributes: dict[str, str] = field(default_factory=dict)


class Caller:
    """One participant; a claim makes a user of it."""

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self.room = rtc.Room()
        self.captions: list[Caption] = []
        self.chats: list[tuple[str, str]] = []
        self.data: list[Any] = []
        self.packets: list[Any] = []
        self.states: list[str] = []
        self.heard = bytearray()
        """What came from the agent's track, at 16 kHz."""
        self.ended: str | None = None
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._source: rtc.AudioSource | None = None
        self._mic: rtc.LocalAudioTrack | None = None
        self._streams: list[rtc.AudioStream] = []
        self._watch()

    async def connect(self, url: str, token: str, **options: Any) -> None:
        """Enters the room."""
        async with asyncio.timeout(PATIENCE):
            await self.room.connect(url, token, rtc.RoomOptions(**options))

    async def leave(self) -> None:
        """Leaves the room."""
        async with asyncio.timeout(PATIENCE):
            await self.room.disconnect()
            for stream in self._streams:
                await stream.aclose()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._source is not None:
            await self._source.aclose()

    # ------------------------------------------------------------ waiting

    async def until(self, true: Callable[[], bool]) -> None:
        """Returns as soon as something is true."""
        loop = asyncio.get_running_loop()
        late = loop.time() + PATIENCE
        while not true():
            if loop.time() > late:
                raise AssertionError(f"it did not come; {self}")
            self._news.clear()
            try:
                async with asyncio.timeout(0.2):
                    await self._news.wait()
            except TimeoutError:
                pass

    def __repr__(self) -> str:
        told = {name: text for name, text in vars(self).items() if name in SHOWN}
        return f"{self.identity} has {told}"

    async def agent(self) -> rtc.RemoteParticipant:
        """The agent, as soon as it is there."""
        await self.until(lambda: self._agent() is not None)
        there = self._agent()
        assert there is not None
        return there

    async def reads(self, text: str) -> Caption:
        """The whole caption of the agent that says this."""
        await self.until(lambda: any(text in one.text and one.done for one in self.of_agent()))
        return next(one for one in self.of_agent() if text in one.text and one.done)

    def of_agent(self) -> list[Caption]:
        """The agent's captions."""
        return [one for one in self.captions if one.sender != self.identity]

    def of_user(self) -> list[Caption]:
        """What the agent understood of the user."""
        return [one for one in self.captions if one.sender == self.identity]

    def notice(self, code: str) -> Any | None:
        """A notice of the server with this code."""
        found = [
            one
            for one in self.data
            if isinstance(one, dict)
            and (one.get("type"), one.get("code")) == ("duologue.notice", code)
        ]
        return found[0] if found else None

    @property
    def loudness(self) -> float:
        """The energy of the last half second of the agent's track."""
        last = np.frombuffer(bytes(self.heard[-RATE:]), dtype="<i2").astype(float)
        return float(np.sqrt(np.mean(last**2))) if last.size else 0.0

    # ------------------------------------------------------------ doing

    async def write(self, text: str) -> None:
        """Sends a message of the chat."""
        async with asyncio.timeout(PATIENCE):
            await self.room.local_participant.send_text(text, topic=CHAT)

    async def send(self, content: Any, topic: str = "") -> None:
        """Sends a packet of JSON."""
        async with asyncio.timeout(PATIENCE):
            await self.room.local_participant.publish_data(json.dumps(content), topic=topic)

    async def publish(
        self, *, early: bool = False, muted: bool = False
    ) -> rtc.LocalTrackPublication:
        """Publishes a microphone."""
        self._source = rtc.AudioSource(RATE, 1, queue_size_ms=500)
        track = self._mic = rtc.LocalAudioTrack.create_audio_track("mic", self._source)
        if muted:
            track.mute()
        options = rtc.TrackPublishOptions(
            source=rtc.TrackSource.SOURCE_MICROPHONE, preconnect_buffer=early
        )
        async with asyncio.timeout(PATIENCE):
            return await self.room.local_participant.publish_track(track, options)

    def switch(self, *, on: bool) -> None:
        """Mutes the microphone, or ends that: all that LiveKit's own clients have for it."""
        assert self._mic is not None
        (self._mic.unmute if on else self._mic.mute)()

    async def say(self, recording: Recording, *, quiet: float = 1.5) -> None:
        """Speaks into the microphone, in real time, and is quiet behind it."""
        assert self._source is not None
        pcm = recording.at(RATE).pcm + bytes(int(quiet * RATE) * 2)
        for start in range(0, len(pcm), 640):
            piece = pcm[start : start + 640]
            await self._source.capture_frame(rtc.AudioFrame(piece, RATE, 1, len(piece) // 2))

    async def said_before(
        self, track: str, recording: Recording, mime: str = "audio/pcm", data: bytes | None = None
    ) -> None:
        """Sends what was said before the agent was there."""
        agent = await self.agent()
        writer = await self.room.local_participant.stream_bytes(
            "preconnect-buffer",
            topic=PRE_CONNECT,
            mime_type=mime,
            attributes={"trackId": track, "sampleRate": str(recording.rate), "channels": "1"},
            destination_identities=[agent.identity],
        )
        await writer.write(data if data is not None else recording.pcm)
        await writer.aclose()

    # ------------------------------------------------------------ within

    def _agent(self) -> rtc.RemoteParticipant | None:
        there = self.room.remote_participants.values()
        kind = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        return next((one for one in there if one.kind == kind), None)

    def _watch(self) -> None:
        room = self.room
        room.register_text_stream_handler(TRANSCRIPTION, self._caption)
        room.register_text_stream_handler(CHAT, self._chat)
        room.on("data_received", self._data)
        room.on("participant_attributes_changed", self._attributes)
        room.on("participant_connected", lambda who: self._state(who))
        room.on("track_subscribed", self._track)
        room.on("disconnected", self._gone)

    def _caption(self, reader: rtc.TextStreamReader, sender: str) -> None:
        told = dict(reader.info.attributes or {})
        caption = Caption(sender, told.get(SEGMENT, ""), told.get(TRACK, ""), attributes=told)
        caption.final = told.get(FINAL) == "true"
        self.captions.append(caption)
        self._spawn(self._read(reader, caption))

    async def _read(self, reader: rtc.TextStreamReader, caption: Caption) -> None:
        try:
            async for piece in reader:
                caption.text += piece
                self._news.set()
        except rtc.StreamError:
            return
        caption.attributes = dict(reader.info.attributes or {})
        caption.final = caption.attributes.get(FINAL) == "true"
        caption.done = True
        self._news.set()

    def _chat(self, reader: rtc.TextStreamReader, sender: str) -> None:
        async def read() -> None:
            self.chats.append((sender, await reader.read_all()))
            self._news.set()

        self._spawn(read())

    def _data(self, packet: rtc.DataPacket) -> None:
        (self.packets if packet.topic == OURS else self.data).append(json.loads(packet.data))
        self._news.set()

    def _attributes(self, changed: dict[str, str], who: rtc.Participant) -> None:
        if AGENT_STATE in changed:
            self._state(who)

    def _state(self, who: rtc.Participant) -> None:
        state = who.attributes.get(AGENT_STATE)
        if state and (not self.states or self.states[-1] != state):
            self.states.append(state)
        self._news.set()

    def _track(
        self,
        track: rtc.Track,
        publication: rtc.RemoteTrackPublication,
        who: rtc.RemoteParticipant,
    ) -> None:
        if who.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT:
            stream = rtc.AudioStream(track, sample_rate=RATE, num_channels=1, frame_size_ms=20)
            self._streams.append(stream)
            self._spawn(self._listen(stream))

    async def _listen(self, stream: rtc.AudioStream) -> None:
        async for event in stream:
            self.heard += bytes(event.frame.data)
            self._news.set()

    def _gone(self, reason: rtc.DisconnectReason.ValueType) -> None:
        self.ended = rtc.DisconnectReason.Name(reason)
        self._news.set()

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Hall:
    """A house whose agent goes into rooms, without the registration that sends it there."""

    def __init__(self, stage: Stage, livekit: LiveKit) -> None:
        self.stage = stage
        self.livekit = livekit
        there = found(stage.host.settings)
        assert there is not None
        self.road = RoomRoad(stage.host, Join(stage.host), there)
        self.jobs: list[asyncio.Task[None]] = []
        self.callers: list[Caller] = []

    async def claim(self, room: str, identity: str = "ann", **fields: Any) -> Claim:
        """What the token door promises a user; a new conversation unless one is named."""
        host, org_id = self.stage.host, self.stage.org_id
        agent = await host.db.read(agents.get, org_id, "desk")
        assert agent is not None
        now = host.clock()
        made = {
            "org": org_id,
            "agent": agent.id,
            "room": room,
            "identity": identity,
            "session": fresh("sess_", now),
            "conversation": fresh("conv_", now),
            "kind": "secret",
            "exp": int(time.time()) + 600,
            **fields,
        }
        return Claim(**made)

    def text(self, claim: Claim) -> str:
        """The claim as it travels."""
        return claims.mint(claim, self.livekit.api_secret)

    def token(self, claim: Claim, *, ours: bool = False) -> str:
        """The user's token."""
        attributes = {CLAIM: self.text(claim)} | ({CLIENT: "1"} if ours else {})
        return self.livekit.token(claim.room, claim.identity, **attributes)

    def send_agent(self, claim: Claim) -> asyncio.Task[None]:
        """The agent goes to the room for the user of this claim."""
        id_ = f"AJ_{uuid4().hex[:8]}"
        token = (
            api.AccessToken(self.livekit.api_key, self.livekit.api_secret)
            .with_identity(f"agent-{id_}")
            .with_kind("agent")
            .with_grants(
                api.VideoGrants(
                    room_join=True, room=claim.room, agent=True, can_update_own_metadata=True
                )
            )
            .to_jwt()
        )
        job = Job(id_, claim.room, self.livekit.url, token, self.text(claim))
        task = asyncio.create_task(self.road.serve(job))
        self.jobs.append(task)
        return task

    async def enter(
        self, claim: Claim, *, ours: bool = False, mic: bool = True, key: bytes | None = None
    ) -> Caller:
        """A user enters the room; by default with a microphone, for the room sees it sooner."""
        caller = Caller(claim.identity)
        self.callers.append(caller)
        encryption = secrecy.options(key) if key else None
        token = self.token(claim, ours=ours)
        await caller.connect(self.livekit.url, token, encryption=encryption)
        if mic:
            await caller.publish()
        return caller

    async def call(self, **fields: Any) -> tuple[Caller, Claim]:
        """A user and the agent meet in a new room."""
        claim = await self.claim(f"room-{uuid4().hex[:8]}", **fields)
        caller = await self.enter(claim)
        self.send_agent(claim)
        return caller, claim

    async def close(self) -> None:
        """Everybody goes home."""
        for caller in self.callers:
            await caller.leave()
        for job in self.jobs:
            job.cancel()
        if self.jobs:
            async with asyncio.timeout(PATIENCE):
                await asyncio.wait(self.jobs)


@asynccontextmanager
async def hall(folder: Path, livekit: LiveKit, **given: Any) -> AsyncIterator[Hall]:
    """A house with the agent `desk`, beside a real LiveKit server."""
    settings = {**livekit.settings, **given.pop("settings", {})}
    async with stage(folder, settings=settings, **given) as made:
        opened = Hall(made, livekit)
        try:
            yield opened
        finally:
            await opened.close()

"""Sound in a room: our microphone, what was said before the agent came, and the agent's voice."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final

from livekit import rtc
from livekit.rtc.participant import PublishTrackError, UnpublishTrackError

from duologue.client.errors import MediaError, NotConnected
from duologue.client.road import EncryptionChanged, SoundReceived, Tell, TrackChanged
from duologue.client.room_agent import AgentWatch
from duologue.client.room_secrecy import Secrecy
from duologue.client.room_video import Video
from duologue.client.tasks import Tasks
from duologue.core.first_sound import FirstSound
from duologue.wire import rooms

if TYPE_CHECKING:
    from duologue.client.encryption import Secret

PUBLISH: Final = 10.0
"""Seconds for publishing a track."""
HEAR: Final = 5.0
"""Seconds after which sound that nobody takes is dropped."""
RATE: Final = 24_000
"""Samples a second of the agent's sound as it is told."""
SILENT: Final = 48_000
LONGEST: Final = 10.0
"""Seconds of early sound that are kept, the newest."""


class Media:
    """What we publish and what we hear."""

    def __init__(
        self, tasks: Tasks, agent: AgentWatch, secret: Secret | None, *, early: bool
    ) -> None:
        self._tasks = tasks
        self._agent = agent
        self._secret = secret
        self._keeps_early = early
        self._room: rtc.Room | None = None
        self._tell: Tell = lambda _: None
        self._source: rtc.AudioSource | None = None
        self._track: rtc.LocalAudioTrack | None = None
        self._published: rtc.LocalTrackPublication | None = None
        self._resampler: rtc.AudioResampler | None = None
        self._sids: set[str] = set()
        self._early: bytearray | None = None
        self._muted = False
        self._silent = False
        self._wanted = False
        self._known: dict[str, Any] = {}
        """The agent's tracks that were told, by their names."""
        self._heard: dict[str, tuple[rtc.RemoteAudioTrack, bool]] = {}
        """Those with sound, and whether it is an avatar's."""
        self._hearing: dict[str, asyncio.Task[Any]] = {}
        self._first: dict[str, tuple[str, FirstSound]] = {}
        """How encrypted tracks with sound begin, and who sends them."""
        self.video = Video(tasks)
        self.secrecy = Secrecy(agent, secret)

    def attach(self, room: rtc.Room, tell: Tell) -> None:
        """Belongs to a room; its listeners are set by the road."""
        self._room, self._tell = room, tell
        self._agent.on_known = self._look
        self.video.attach(room)
        self.secrecy.attach(room, tell)

    async def close(self) -> None:
        """Lets go what the tracks were made of."""
        source, self._source = self._source, None
        if source is not None:
            await source.aclose()
        await self.video.close()

    def is_ours(self, track: str) -> bool:
        """Whether a track was ever ours: a reconnect gives it another name."""
        return track in self._sids

    # ------------------------------------------------------------ the microphone

    async def publish_microphone(self, pre_connect: bytes, rate: int) -> None:
        """Publishes a microphone; early sound goes to the agent once it is there."""
        early = self._keeps_early and not self._agent.is_active
        self._early = bytearray(pre_connect) if early else None
        await self._publish(rate, early=early)
        self._silent = False
        if early:
            self._tasks.start(self._send_early(rate))
        elif pre_connect:
            await self.hear(pre_connect, rate)

    async def publish_silence(self) -> None:
        """Publishes a muted track: who has none is seen by the others about 3 s later."""
        self._early = None
        await self._publish(SILENT, early=False)
        self._silent = True
        if self._track is not None:
            self._track.mute()

    async def hear(self, pcm: bytes, rate: int) -> None:
        """Sends sound of the microphone: PCM16 mono."""
        if self._source is None or self._silent:
            raise NotConnected("the microphone")
        if self._early is not None:
            self._early += pcm
            del self._early[: -int(LONGEST * rate) * 2]
        if self._muted:
            return
        frames = [rtc.AudioFrame(pcm, rate, 1, len(pcm) // 2)] if len(pcm) >= 2 else []
        if rate != self._source.sample_rate:
            frames = [each for frame in frames for each in self._resampled(frame, rate)]
        with contextlib.suppress(TimeoutError):  # late sound is no sound
            async with asyncio.timeout(HEAR):
                for frame in frames:
                    await self._source.capture_frame(frame)

    def mute(self, muted: bool) -> None:
        """Mutes the microphone without taking it away."""
        self._muted = muted
        if self._track is not None and not self._silent:
            if muted:
                self._track.mute()
            else:
                self._track.unmute()

    async def _publish(self, rate: int, *, early: bool) -> None:
        room = self._joined()
        await self._unpublish()
        source = self._source = rtc.AudioSource(rate, 1)
        self._resampler = None
        track = self._track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
        options = rtc.TrackPublishOptions(
            source=rtc.TrackSource.SOURCE_MICROPHONE, preconnect_buffer=early
        )
        try:
            async with asyncio.timeout(PUBLISH):
                published = await room.local_participant.publish_track(track, options)
        except (TimeoutError, PublishTrackError) as error:
            reason = getattr(error, "message", "") or f"no answer within {PUBLISH:g} s"
            raise MediaError(f"The microphone cannot be published: {reason}.") from error
        self._published = published
        self._sids.add(published.sid)

    async def _unpublish(self) -> None:
        room, published, source = self._joined(), self._published, self._source
        self._published = self._source = self._track = None
        if published is not None:
            with contextlib.suppress(TimeoutError, UnpublishTrackError):
                async with asyncio.timeout(PUBLISH):
                    await room.local_participant.unpublish_track(published.sid)
        if source is not None:
            await source.aclose()

    def _resampled(self, frame: rtc.AudioFrame, rate: int) -> list[rtc.AudioFrame]:
        if self._resampler is None or self._resampler._input_rate != rate:
            to = self._source.sample_rate if self._source else rate
            self._resampler = rtc.AudioResampler(rate, to)
        return list(self._resampler.push(frame))

    # ------------------------------------------------------------ early sound

    async def _send_early(self, rate: int) -> None:
        """Gives the agent what was said before it took our track; it waits 3 s for it."""
        await self._agent.present()
        sound, self._early = self._early, None
        published, room = self._published, self._room
        if not sound or published is None or room is None:
            return
        with contextlib.suppress(TimeoutError, rtc.StreamError):
            async with asyncio.timeout(PUBLISH):
                writer = await room.local_participant.stream_bytes(
                    "preconnect-buffer",
                    topic=rooms.PRE_CONNECT,
                    mime_type="audio/pcm",
                    attributes={
                        "trackId": published.sid,
                        "sampleRate": str(rate),
                        "channels": "1",
                    },
                    destination_identities=[self._agent.identity],
                )
                await writer.write(bytes(sound))
                await writer.aclose()

    # ------------------------------------------------------------ what the room tells

    def ours_subscribed(self, track: Any) -> None:
        """Somebody takes a track of ours; with one agent in the room that is the agent."""
        self._agent.heard()

    def republished(self, publication: rtc.LocalTrackPublication, previous: str) -> None:
        """A full reconnect gave a track of ours another name; the old one is in transcripts."""
        self._sids |= {previous, publication.sid}

    def subscribed(
        self,
        track: Any,
        publication: rtc.RemoteTrackPublication,
        participant: rtc.RemoteParticipant,
    ) -> None:
        """A track of somebody can be heard or seen; only the agent's are ours to tell."""
        if not self._agent.is_agents(participant):
            self._agent.connected(participant)
            if not self._agent.is_agents(participant):
                return
        if self._known.get(publication.sid) is track:
            return
        if reason := self.secrecy.unreadable(publication):
            # Undecoded it would be loud noise, and in clear it may be anybody's.
            publication.set_subscribed(False)
            self._tell(EncryptionChanged(participant.identity, bool(self._secret is None), reason))
            return
        if self._secret is not None and publication.encryption_type != rtc.EncryptionType.NONE:
            first = FirstSound()
            self._first[publication.sid] = participant.identity, first
            self._tasks.start(self._check(participant, first))
        self._known[publication.sid] = track
        behalf = bool(self._agent.on_behalf(participant))
        if isinstance(track, rtc.RemoteAudioTrack):
            self._heard[publication.sid] = track, behalf
            self.listen(self._wanted)
        kind: Any = "audio" if isinstance(track, rtc.RemoteAudioTrack) else "video"
        self._tell(TrackChanged(kind, track, publication.sid, True, behalf))

    def unsubscribed(
        self,
        track: Any,
        publication: rtc.RemoteTrackPublication,
        participant: rtc.RemoteParticipant,
    ) -> None:
        """A track is gone."""
        self._known.pop(publication.sid, None)
        self._first.pop(publication.sid, None)
        if self._heard.pop(publication.sid, None) is not None:
            self.listen(self._wanted)
        behalf = self._agent.on_behalf(participant)
        if self._agent.is_agents(participant) or behalf:
            kind: Any = "audio" if publication.kind == rtc.TrackKind.KIND_AUDIO else "video"
            self._tell(TrackChanged(kind, track, publication.sid, False, bool(behalf)))

    def readable(self, identity: str) -> None:
        """Something that this one sends was decrypted."""
        for sender, first in self._first.values():
            if sender == identity:
                first.readable()

    async def _check(self, participant: rtc.RemoteParticipant, first: FirstSound) -> None:
        if await self.secrecy.check(participant):
            first.readable()

    def _look(self) -> None:
        """Tells the tracks of the agent, and of its avatar, that came before it was known."""
        for participant in self._room.remote_participants.values() if self._room else ():
            if self._agent.is_agents(participant):
                for publication in participant.track_publications.values():
                    if publication.track is not None:
                        self.subscribed(publication.track, publication, participant)

    # ------------------------------------------------------------ the agent's voice

    def listen(self, wanted: bool) -> None:
        """Decodes the agent's sound, or stops that."""
        self._wanted = wanted
        # With an avatar it is the avatar who speaks; both at once would be noise.
        avatars = any(behalf for _, behalf in self._heard.values())
        voices = {sid: track for sid, (track, behalf) in self._heard.items() if behalf == avatars}
        for sid in [sid for sid in self._hearing if not wanted or sid not in voices]:
            self._hearing.pop(sid).cancel()
        for sid, track in voices.items() if wanted else ():
            if sid not in self._hearing:
                _, first = self._first.get(sid, ("", None))
                self._hearing[sid] = self._tasks.start(self._listen(track, first))

    async def _listen(self, track: rtc.RemoteAudioTrack, first: FirstSound | None) -> None:
        stream = rtc.AudioStream(track, sample_rate=RATE, num_channels=1, frame_size_ms=20)
        try:
            async for event in stream:
                pcm = bytes(event.frame.data)
                if first is not None:
                    pcm = first.take(pcm, RATE)
                if pcm:
                    self._tell(SoundReceived(pcm, RATE))
        finally:
            await stream.aclose()

    def _joined(self) -> rtc.Room:
        if self._room is None or not self._room.isconnected():
            raise NotConnected("the microphone")
        return self._room

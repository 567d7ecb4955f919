"""One job's life in one room: the agent enters, stays while it is needed, and leaves nothing."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Final

import structlog
from livekit import rtc
from livekit.rtc.participant import PublishTrackError

from duologue.pipeline.host import Host
from duologue.transports.livekit import secrecy
from duologue.transports.livekit.captions import AgentWords, UserWords
from duologue.transports.livekit.company import Company, Join
from duologue.transports.livekit.dealings import Dealings
from duologue.transports.livekit.entrance import enter
from duologue.transports.livekit.face import ANSWER, Face
from duologue.transports.livekit.jobs import Job
from duologue.transports.livekit.mail import AttentiveRoom, Mail
from duologue.transports.livekit.names import LiveKit
from duologue.transports.livekit.office import Office
from duologue.transports.livekit.paper import RoomPaper
from duologue.transports.livekit.post import Post
from duologue.transports.livekit.sound import Loudspeaker
from duologue.wire.rooms import CLAIM, CLIENT

log = structlog.get_logger(__name__)

CONNECT: Final = 15.0
CLOSING: Final = 5.0
LOOK: Final = 1.0
"""Seconds between two looks at whether the server goes away while nobody is here."""


class Visit:
    """The room with everything that is the agent's in it, wired together."""

    def __init__(self, host: Host, join: Join, livekit: LiveKit, job: Job) -> None:
        self._host = host
        self._job = job
        self._leaving = False
        self._going = False
        self._track = ""
        self._room = room = AttentiveRoom()
        self._post = post = Post()
        self._signs = signs = Post(ANSWER)  # name and attributes: in no order with what is said
        self._office = office = Office(livekit, job.room)
        self._loudspeaker = Loudspeaker(self._told)
        self._company = company = Company(host, join, office, livekit.api_secret, room, job.room)
        paper = RoomPaper(room, post, lambda: self._track, company.speaker)
        self._agent_words = AgentWords(paper)
        company.user_words = UserWords(paper)
        self._face = company.face = Face(
            room,
            post,
            signs,
            self._loudspeaker,
            self._agent_words,
            company.user_words,
            users=company.identities,
            ours=company.ours,
        )
        company.dealings = Dealings(room, self._face, company.link_of, company.spawn)
        self._face.share = company.dealings.show
        self._mail = Mail(room, company.link_of, company.spawn)
        company.on_link = self._mail.deliver
        company.on_empty = self._emptied

    async def serve(self) -> None:
        """Enters, stays while there is somebody to stay for, and leaves."""
        self._watch()
        try:
            encrypted = self._company.expect(self._job.metadata)
            async with asyncio.timeout(CONNECT):
                options = rtc.RoomOptions(auto_subscribe=False)
                if encrypted and (key := await self._company.keyed()) is not None:
                    options.encryption = secrecy.options(key)
                self._company.entered = True
                await enter(self._room, self._job.url, self._job.token, options)
            self._post.open()
            self._signs.open()
            publication = await self._loudspeaker.publish(self._room.local_participant)
            self._track = publication.sid
            for participant in list(self._room.remote_participants.values()):
                self._company.came(participant)
            await self._stay()
        except (rtc.ConnectError, PublishTrackError, TimeoutError) as error:
            log.warning("room not entered", room=self._job.room, job=self._job.id, error=str(error))
        finally:
            await self._go()

    # ------------------------------------------------------------ life

    async def _stay(self) -> None:
        """Returns when nobody is here, and nobody is expected back."""
        company, loop = self._company, asyncio.get_running_loop()
        alone_since: float | None = None
        while not self._leaving:
            company.changed.clear()
            if company.links:
                alone_since = None
                await company.changed.wait()
                continue
            alone_since = loop.time() if alone_since is None else alone_since
            left = alone_since + company.patience - loop.time()
            if left <= 0 or self._host.draining:
                return
            try:
                async with asyncio.timeout(min(left, LOOK)):
                    await company.changed.wait()
            except TimeoutError:
                pass

    async def _go(self) -> None:
        """Leaves within bounds and lets nobody in any more: the next one gets a new agent."""
        self._going = True
        async with AsyncExitStack() as leaving:  # whoever is in a hurry cuts one step, not the rest
            leaving.push_async_callback(self._loudspeaker.close)
            leaving.push_async_callback(self._disconnect)
            leaving.push_async_callback(self._office.close_room)
            leaving.push_async_callback(self._signs.close, within=1.0)
            leaving.push_async_callback(self._post.close, within=1.0)
            await self._company.close()

    async def _disconnect(self) -> None:
        try:
            async with asyncio.timeout(CLOSING):
                await self._room.disconnect()
        except TimeoutError:
            log.warning("room left too slowly", room=self._job.room)

    # ------------------------------------------------------------ the room's events

    def _watch(self) -> None:
        """Follows the room from before it is entered: nothing early is lost."""
        self._mail.register()
        room, company = self._room, self._company
        room.on("participant_connected", company.came)
        room.on("participant_disconnected", self._went)
        room.on("participant_attributes_changed", self._changed)
        room.on("track_published", self._published)
        room.on("track_subscribed", self._subscribed)
        room.on("track_unpublished", self._unpublished)
        room.on("track_muted", self._silent)
        room.on("track_unmuted", self._turned)
        room.on("local_track_subscribed", lambda track: company.listened.set())
        room.on("local_track_republished", self._republished)
        room.on("connection_quality_changed", self._quality)
        room.on("reconnected", self._reconnected)
        room.on("disconnected", self._outside)

    def _went(self, participant: rtc.RemoteParticipant) -> None:
        if self._room.connection_state != rtc.ConnectionState.CONN_RECONNECTING:
            self._company.went(participant.identity)
        # Otherwise it is us who are away; who is still there is asked when we are back.

    def _changed(self, changed: dict[str, str], participant: rtc.Participant) -> None:
        if not isinstance(participant, rtc.RemoteParticipant):
            return
        if changed.keys() & {CLAIM, CLIENT}:
            self._company.came(participant)
        elif link := self._company.link_of(participant.identity):
            link.deeds.describe(changed)

    def _published(
        self, publication: rtc.RemoteTrackPublication, who: rtc.RemoteParticipant
    ) -> None:
        if link := self._company.link_of(who.identity):
            link.microphone.published(publication)
            link.camera.published(publication)

    def _subscribed(
        self,
        track: rtc.Track,
        publication: rtc.RemoteTrackPublication,
        who: rtc.RemoteParticipant,
    ) -> None:
        if link := self._company.link_of(who.identity):
            link.microphone.subscribed(track, publication)
            link.camera.changed()

    def _unpublished(
        self, publication: rtc.RemoteTrackPublication, who: rtc.RemoteParticipant
    ) -> None:
        if link := self._company.link_of(who.identity):
            link.microphone.taken(publication.sid)
            link.camera.gone(publication.sid)

    def _silent(self, who: rtc.Participant, publication: rtc.TrackPublication) -> None:
        if link := self._company.link_of(who.identity):
            link.microphone.muted(publication.sid)
            link.camera.changed()

    def _turned(self, who: rtc.Participant, publication: rtc.TrackPublication) -> None:
        if link := self._company.link_of(who.identity):
            link.microphone.unmuted(publication.sid)
            link.camera.changed()

    def _republished(self, publication: rtc.LocalTrackPublication, before: str) -> None:
        if before == self._track:
            self._track = publication.sid

    def _quality(self, who: rtc.Participant | None, quality: rtc.ConnectionQuality) -> None:
        if who is not None and who.identity in self._company.identities()[:1]:
            self._loudspeaker.deaf = quality == rtc.ConnectionQuality.QUALITY_LOST

    def _reconnected(self) -> None:
        for link in list(self._company.links.values()):
            participant = self._room.remote_participants.get(link.identity)
            if participant is not None:
                link.microphone.look_at(participant)
                link.camera.look_at(participant)
            elif link.was_seen:
                self._company.went(link.identity)

    def _outside(self, reason: object) -> None:
        if not self._going:
            log.info("room lost", room=self._job.room, reason=reason)
        self._leaving = True
        for link in self._company.links.values():
            link.departed("dropped")
        self._company.changed.set()

    def _emptied(self) -> None:
        """Nobody hears or reads any more: what is under way waits for who comes back."""
        self._loudspeaker.silence()
        self._agent_words.part()

    def _told(self, turn: str, seconds: float) -> None:
        """So much of a turn was played: its words are shown, and the agent knows it."""
        self._agent_words.heard(turn, seconds)
        for link in self._company.seated:
            if link.seat is not None and link.seat.leads:
                link.seat.run.heard(turn, seconds)

"""Who is in a room with the agent: users with a valid claim are linked, others only look on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import structlog
from livekit import rtc

from duologue.access import claims
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.pipeline.recording import is_recorded
from duologue.pipeline.seat import Guest, Seat
from duologue.transports.livekit import secrecy
from duologue.transports.livekit.captions import UserWords
from duologue.transports.livekit.dealings import Dealings
from duologue.transports.livekit.face import Face
from duologue.transports.livekit.link import PRESENT, Link, again
from duologue.transports.livekit.office import Office
from duologue.wire.layercode import notice
from duologue.wire.rooms import CLAIM, CLIENT

log = structlog.get_logger(__name__)

Join = Callable[[str, str, str], Awaitable[Guest]]
"""A claim's text, the user's identity and the room's name become a guest, or `DuologueError`."""

GOODBYE: Final = 5.0
"""Seconds in which a user who was refused must be seen, to be told why."""
CLOSING: Final = 5.0


class Company:
    """The users of one room; mostly that is one, who may go and come back."""

    def __init__(
        self, host: Host, join: Join, office: Office, secret: str, room: rtc.Room, name: str
    ) -> None:
        self.host = host
        self.join = join
        self.name = name
        self.face: Face
        self.user_words: UserWords
        self.dealings: Dealings
        self.listened = asyncio.Event()
        """Whether anybody asked for the agent's track."""
        self.changed = asyncio.Event()
        """Set when somebody came or went."""
        self.patience = PRESENT
        """Seconds to wait when nobody is linked; a user who dropped may come back."""
        self.entered = False
        self.key: bytes | None = None
        """What everybody in an encrypted room has; none in any other."""
        self.strict = False
        """Whether the agent takes no sound that is not encrypted."""
        self.links: dict[str, Link] = {}
        self.seated: list[Link] = []
        self.on_link: Callable[[Link], None] = lambda link: None
        """Set by the visit: hands over what a user sent before."""
        self.on_empty: Callable[[], None] = lambda: None
        """Set by the visit: nobody hears or reads any more."""
        self._office = office
        self._secret = secret
        self._room = room
        self._serving: dict[Link, asyncio.Task[None]] = {}
        self._known: dict[tuple[str, str], Guest] = {}
        """Who may come back as who it was: by identity and claim, for others can read a claim."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._coming = 0
        self._closed = False

    # ------------------------------------------------------------ questions

    def link_of(self, identity: str) -> Link | None:
        """The link of a participant, while it lasts."""
        link = self.links.get(identity)
        return None if link is None or link.over else link

    def shows(self, link: Link) -> bool:
        """Whether it is this link that shows what happens; a room sees everything once."""
        return not self.seated or self.seated[0] is link

    def identities(self) -> list[str]:
        """The users who are attached."""
        return [link.identity for link in self.seated]

    def ours(self) -> list[str]:
        """Those whose clients understand packets of our topic."""
        return [link.identity for link in self.seated if link.ours]

    def speaker(self) -> tuple[str, str]:
        """Who speaks, and the track that is heard."""
        if not self.seated:
            return "", ""
        return self.seated[0].identity, self.seated[0].microphone.track

    # ------------------------------------------------------------ coming and going

    def expect(self, text: str) -> bool:
        """Joins for the user who is announced, while the agent is still on its way.

        Tells whether the room is to be encrypted.
        """
        try:
            claim = claims.read(text, self._secret, self.host.clock() // 1000)
        except DuologueError as error:
            log.warning("announced claim refused", room=self.name, error=error.message)
            return False
        if claim.room == self.name:
            self._link(claim.identity, text)
        return claim.room == self.name and claim.e2ee

    async def secure(self, guest: Guest) -> None:
        """Gets the key of a room that is to be encrypted; one that is not stays as it is."""
        if self.entered:
            if guest.e2ee != (self.key is not None):
                raise DuologueError(
                    "encryption_required" if self.key else "encryption_refused",
                    agent=guest.definition.slug,
                )
        elif guest.e2ee:
            loaded = self.host.catalog.get(guest.definition.slug)
            if loaded is None:
                raise DuologueError("agent_not_loaded", agent=guest.definition.slug)
            self.key = await secrecy.key_of(loaded)
            self.strict = guest.definition.encryption == "required"
            self.changed.set()

    async def proven(self, identity: str) -> bool:
        """Whether a participant has the key of this room."""
        return await secrecy.proven(self._room.local_participant, identity)

    async def keyed(self) -> bytes | None:
        """The key, as soon as the user who is announced was let in; none if it was refused."""
        while self.key is None and any(not link.over for link in self.links.values()):
            self.changed.clear()
            await self.changed.wait()
        return self.key

    def came(self, participant: rtc.RemoteParticipant) -> None:
        """Somebody is seen: the user who was announced, another one, or an observer."""
        if self._closed:
            return
        claim = participant.attributes.get(CLAIM, "")
        link = self.links.get(participant.identity)
        if link is not None and link.claim == claim and not link.left:
            self._appear(link, participant)  # one that was refused is told why
        elif claim:
            self.spawn(self._welcome(participant, claim))
        elif link is not None:
            link.departed("dropped")

    def went(self, identity: str) -> None:
        """Somebody is gone; a user may come back."""
        if link := self.links.get(identity):
            link.departed("dropped")

    def sit(self, link: Link, seat: Seat) -> None:
        """A user is attached: the agent takes its name, and shows that it listens."""
        self.seated.append(link)
        if self.shows(link):
            definition = seat.guest.definition
            recorded = is_recorded(definition, self.host.settings, e2ee=seat.guest.e2ee)
            self.face.present(definition.slug, definition.title, recorded=recorded)

    def part(self, link: Link) -> None:
        """A user is attached no more; with the last one the agent falls silent."""
        if link in self.seated:
            self.seated.remove(link)
            if not self.seated:
                self.on_empty()

    async def close(self) -> None:
        """Nobody is linked any more, within bounds."""
        self._closed = True
        for link in list(self.links.values()):
            link.departed("dropped")
        if self._serving:
            await asyncio.wait(list(self._serving.values()), timeout=CLOSING)
        tasks = [*self._serving.values(), *self._tasks]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Does something beside; it is cancelled when the company parts."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._reap)

    # ------------------------------------------------------------ within

    def _appear(self, link: Link, participant: rtc.RemoteParticipant) -> None:
        link.deeds.describe(participant.attributes)
        link.appeared(ours=participant.attributes.get(CLIENT) == "1")
        link.microphone.look_at(participant)
        link.camera.look_at(participant)

    async def _welcome(self, participant: rtc.RemoteParticipant, text: str) -> None:
        """Links to a participant whose claim holds, as the agent's policy for tabs has it."""
        identity = participant.identity
        self._coming += 1
        try:
            await self._over(self.links.get(identity))
            if (identity, text) not in self._known:  # who comes back in time comes as who it was
                claim = claims.read(text, self._secret, self.host.clock() // 1000)
                if (claim.room, claim.identity) != (self.name, identity):
                    reason = f"it is for {claim.identity!r} in room {claim.room!r}"
                    raise DuologueError("claim_invalid", reason=reason)
                for other in [one for one in self.seated if one.identity != identity]:
                    await self._share(other, claim.conversation)
        except DuologueError as error:
            log.info("participant not linked", room=self.name, identity=identity, code=error.code)
            if error.code == "conversation_open":
                await self.face.last_word(error.code, error.message, identity)
                await self._office.remove(identity)
            else:
                self.face.data(notice(error.code, error.message), [identity])
            return
        finally:
            self._coming -= 1
        if not self._closed and identity in self._room.remote_participants:
            self._appear(self._link(identity, text), participant)

    async def _share(self, other: Link, conversation: str) -> None:
        """Makes place beside, or instead of, a user who is linked; or refuses the new one."""
        seat = other.seat
        if seat is None or other.over:
            return
        tabs = seat.guest.definition.tabs
        if tabs == "takeover":
            seat.close("replaced")
            await self._over(other)
        elif tabs == "reject" or conversation != seat.guest.conversation_id:
            raise DuologueError("conversation_open", conversation=seat.guest.conversation_id)

    def _link(self, identity: str, claim: str) -> Link:
        link = Link(self, identity, claim, self._known.pop((identity, claim), None))
        self.links[identity] = link
        self.on_link(link)
        task = asyncio.create_task(link.serve())
        self._serving[link] = task
        task.add_done_callback(lambda done: self._ended(link, done))
        self.changed.set()
        return link

    def _ended(self, link: Link, task: asyncio.Task[None]) -> None:
        """A link is over: its user may come back, or is told why not and shown out."""
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("link failed", room=self.name, identity=link.identity, exc_info=error)
        if link.seat is not None and link.may_return:
            self._known[link.identity, link.claim] = again(link.seat)
        if link.closed_with is None or self._closed:
            self._forget(link)
        else:
            self.spawn(self._see_out(link))

    async def _see_out(self, link: Link) -> None:
        """Says the last word, and shows the user out; the last one goes with the room."""
        if await link.seen(GOODBYE) and link.closed_with is not None:
            await self.face.last_word(link.closed_with, link.message, link.identity)
            if len(self.links) + self._coming > 1:
                await self._office.remove(link.identity)
        self._forget(link)

    def _forget(self, link: Link) -> None:
        self._serving.pop(link, None)
        if self.links.get(link.identity) is link:
            del self.links[link.identity]
        self.patience = self.host.settings.grace_seconds if link.may_return else 0.0
        self.changed.set()

    async def _over(self, link: Link | None) -> None:
        """Returns when a link holds nothing any more."""
        while link is not None and self.links.get(link.identity) is link:
            self.changed.clear()
            await self.changed.wait()

    def _reap(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("work in a room failed", room=self.name, exc_info=error)

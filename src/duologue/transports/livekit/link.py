"""One user of a room, attached to a conversation: what it says and asks, and until when."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from typing import TYPE_CHECKING, Final

import msgspec
import structlog
from livekit import rtc

from duologue.core.happenings import Ended, Happening, PageLed, RpcAnswered, RpcAsked
from duologue.core.repeats import LAST
from duologue.core.resume import Departure
from duologue.errors import DuologueError
from duologue.pipeline.elsewhere import Elsewhere
from duologue.pipeline.history import past
from duologue.pipeline.seat import Guest, Seat
from duologue.transports.livekit.camera import Camera
from duologue.transports.livekit.deeds import Deeds
from duologue.transports.livekit.microphone import Microphone
from duologue.wire import extensions as ext
from duologue.wire.layercode import Transcript, notice
from duologue.wire.page import navigation

if TYPE_CHECKING:
    from duologue.transports.livekit.company import Company

log = structlog.get_logger(__name__)

PRESENT: Final = 20.0
"""Seconds in which a user who was announced must be seen; one without tracks takes three."""
LISTENS: Final = 3.0
"""The longest that the first word waits for a client to ask for the agent's track."""
SETTLES: Final = 0.5
"""Seconds after which a user who comes back hears: nothing tells when it asked for the track."""
FORGET_CODES: Final = frozenset({"left", "insufficient_balance", "revoked", "ended"})
"""Closings after which the agent does not wait for the user."""


class Link:
    """From a user's valid claim until it is gone; a second life is a second link."""

    def __init__(self, company: Company, identity: str, claim: str, known: Guest | None) -> None:
        self.identity = identity
        self.claim = claim
        self.seat: Seat | None = None
        self.ours = False
        """Whether its client understands packets of our topic."""
        self.deeds = Deeds(
            complain=lambda code, message: self._tell(code, message),
            typed=self._typed,
            leave=lambda: self.departed("left"),
            sign_of_life=lambda: self._present.set(),
        )
        deeds = self.deeds
        self.microphone = Microphone(deeds.hear, deeds.switch_on, deeds.break_off, self._takes)
        self.camera = Camera(self._takes)
        self.closed_with: str | None = None
        """The code with which we ended it; none while it goes on, or when it went by itself."""
        self.message = ""
        self.was_seen = False
        self._turns: dict[str, str] = {}
        """Which turns the last messages became that its client sends until it knows."""
        self._company = company
        self._known = known
        self._present = asyncio.Event()
        self._seen = asyncio.Event()
        self._gone = asyncio.Event()
        self._departed = False
        self._how: Departure = "dropped"

    # ------------------------------------------------------------ life

    async def serve(self) -> None:
        """Joins, sits down, and stays until the user or we end it; a refusal is a closing."""
        host = self._company.host
        try:
            seat = await self._sit_down()
        except DuologueError as error:
            self._shut(error.code, error.message)
            return
        except Exception:
            log.exception("user not attached", room=self._company.name, identity=self.identity)
            failed = DuologueError("internal", id=self._company.name)
            self._shut(failed.code, failed.message)
            return
        try:
            self.seat = seat
            seat.expected = not self.was_seen
            seat.on_close = self.close
            self._company.sit(self, seat)
            if await self._arrived(returning=seat.resumed == "live") and await self._keyed():
                await self._begin(seat)
                await self._gone.wait()
        finally:
            self._company.part(self)
            self._company.dealings.detach(self)
            await self.microphone.close()
            await self.camera.close()
            how = self._how
            if self.closed_with is not None:
                how = "left" if self.closed_with in FORGET_CODES else "dropped"
            await asyncio.shield(host.unseat(seat, how))

    @property
    def over(self) -> bool:
        """Whether it ended, though it may not be cleared away."""
        return self._gone.is_set()

    @property
    def left(self) -> bool:
        """Whether its user is gone from the room."""
        return self._departed

    @property
    def may_return(self) -> bool:
        """Whether the agent waits for the user to come back."""
        return self.closed_with is None and self._how == "dropped"

    async def seen(self, within: float) -> bool:
        """Whether the user is in the room, or comes in time to be told something."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._seen.wait()
        return self.was_seen and not self._departed

    def appeared(self, *, ours: bool) -> None:
        """The user is seen in the room."""
        self.ours = ours
        self.was_seen = True
        if self.seat is not None:
            self.seat.expected = False
        self._seen.set()
        self._present.set()

    def departed(self, how: Departure) -> None:
        """The user is gone; what was said of it before stands."""
        self._departed = True
        self._seen.set()
        if not self._gone.is_set():
            self._how = how
            self._gone.set()
            self._present.set()

    def close(self, code: str) -> None:
        """Ends it from our side, with the words of an error."""
        error = DuologueError(code, organization="…", conversation="…", reason=code, minutes="…")
        self._shut(code, error.message)
        if self.seat is not None:
            self.seat.run.detach(self.seat.listener)

    def happened(self, happening: Happening) -> None:
        """Listens; in a room that several share, one of them shows what happens."""
        if isinstance(happening, Ended):
            self._shut(happening.code, happening.message)
        elif isinstance(happening, RpcAsked | RpcAnswered):
            self._company.dealings.told(self, happening)
        elif isinstance(happening, PageLed):
            self._company.face.data(navigation(happening.url), [self.identity])
        elif self.closed_with is None and self._company.shows(self):
            self._company.face.show(happening)

    # ------------------------------------------------------------ within

    async def _sit_down(self) -> Seat:
        """Attaches to the conversation: as the guest it was a moment ago, else as a new one."""
        company = self._company
        if self._known is not None:
            # Fetched from another process is only what this user may go on with, which join checks.
            with contextlib.suppress(DuologueError, Elsewhere):
                return await company.host.seat(self._known, self.happened, fetch=False)
        asked = await company.join(self.claim, self.identity, company.name)
        guest = dataclasses.replace(asked, room=company.name)
        await company.secure(guest)
        return await company.host.seat(guest, self.happened)

    async def _arrived(self, *, returning: bool) -> bool:
        """Whether the user is there, and hears, as far as can be known."""
        await self._either(self._present, PRESENT)
        if not self._present.is_set():
            log.info("user did not come", room=self._company.name, identity=self.identity)
            self._how = "left"  # nobody waits on for one who never came
            return False
        if returning:
            await self._either(None, SETTLES)
        else:
            await self._either(self._company.listened, LISTENS)
        return not self._gone.is_set()

    async def _either(self, event: asyncio.Event | None, within: float) -> None:
        """Returns when something happened, when the user is gone, or when the time is over."""
        waits = [asyncio.create_task(self._gone.wait())]
        if event is not None:
            waits.append(asyncio.create_task(event.wait()))
        try:
            await asyncio.wait(waits, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.wait(waits)

    async def _keyed(self) -> bool:
        """Whether the user may be listened to: in an encrypted room it must have the key."""
        if self._company.key is None:
            return True
        await self._either(self._seen, PRESENT)
        if not self._gone.is_set() and not await self._company.proven(self.identity):
            self.close("encryption_required")
        return not self._gone.is_set()

    def _takes(self, publication: rtc.RemoteTrackPublication) -> bool:
        """Whether a track may be heard; a user may switch encryption off only where it is asked."""
        plain = publication.encryption_type == rtc.EncryptionType.NONE
        if plain and self._company.strict:
            self.close("encryption_required")
            return False
        return True

    async def _begin(self, seat: Seat) -> None:
        """Lets the agent speak, then hears what the user sent before."""
        if self.ours and seat.resumed is not None:
            guest = seat.guest
            shown = await past(self._company.host.db, guest.org_id, guest.conversation_id)
            self._company.face.packet(fitting(shown), [self.identity])
        seat.run.ready(seat.listener, tells=True)
        self._company.dealings.attach(self, seat)
        self.deeds.begin(seat)
        self.microphone.open()
        if seat.run.eye is not None:
            self.camera.open(self.deeds.show)

    def _shut(self, code: str, message: str) -> None:
        if self.closed_with is None:
            self.closed_with, self.message = code, message
            self.deeds.close()
            self._gone.set()
            self._company.changed.set()

    def _typed(self, text: str, name: str | None, new: bool) -> None:
        """Tells a client of ours that its message is a turn: it sends it again until it knows."""
        company = self._company

        def taken(turn: str) -> None:
            if name is not None and self.ours:
                self._turns[name] = turn
                while len(self._turns) > LAST:
                    del self._turns[next(iter(self._turns))]
                company.face.packet(Transcript(text, turn), [self.identity])

        if new:
            company.user_words.typed(text, taken)
        elif name in self._turns:  # what was told of it did not arrive
            taken(self._turns[name])

    def _tell(self, code: str, message: str) -> None:
        self._company.face.data(notice(code, message), [self.identity])


def again(seat: Seat) -> Guest:
    """The same guest when it comes back; the time that it was attached counts on."""
    return dataclasses.replace(seat.guest, attached_ms=seat.attached_ms)


def fitting(history: ext.History) -> ext.History:
    """As much of the latest past as fits into one packet."""
    messages = history.messages
    while messages and len(msgspec.json.encode(ext.History(messages))) > 15_000:
        messages = messages[len(messages) // 8 + 1 :]
    return ext.History(messages)

"""What one user of a room does: it speaks, writes and sends, at a rate that is good for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from livekit import rtc

from duologue.core.happenings import FileSent
from duologue.errors import DuologueError
from duologue.pipeline.seat import Seat
from duologue.transports.allowance import Allowance
from duologue.wire import extensions as ext
from duologue.wire import layercode as wire
from duologue.wire.exchange import StateSet
from duologue.wire.rooms import CLAIM, CLIENT

KEPT: Final = 64
"""What a user may send before it is linked; more is a flood."""
COMPLAINTS: Final = 3
"""Mistakes of a user that are answered; later ones are ignored in silence."""

Deed = Callable[[Seat], None]


class Deeds:
    """One user's; what comes before it is seated waits."""

    def __init__(
        self,
        *,
        complain: Callable[[str, str], None],
        typed: Callable[[str, str | None, bool], None],
        leave: Callable[[], None],
        sign_of_life: Callable[[], None],
    ) -> None:
        self._complain = complain
        self._typed = typed
        self._leave = leave
        self._sign_of_life = sign_of_life
        self._seat: Seat | None = None
        self._closed = False
        self._on = False
        """Whether its microphone is switched on."""
        self._holds = False
        """Whether that holds the button of a push-to-talk agent down."""
        self._presses = False
        """Whether it has a button of its own: then its microphone is none."""
        self._waiting: list[Deed] = []
        self._allowance = Allowance()
        self._complaints = 0

    def begin(self, seat: Seat) -> None:
        """The user is seated: what waited is done, and what comes is done at once."""
        self._seat = seat
        waiting, self._waiting = self._waiting, []
        for deed in waiting:
            deed(seat)

    def close(self) -> None:
        """It is nobody's user any more."""
        self._closed = True

    def write(self, text: str, name: str | None = None) -> None:
        """A message of the chat; one whose `name` came before is none."""
        words = text.strip()
        if self._allowed(lambda: self._allowance.words(len(words))) and words:
            self.do(lambda seat: self._write(seat, words, name))

    def data(self, payload: bytes) -> None:
        """A packet for the agent: JSON."""
        if self._allowed(lambda: self._allowance.words(len(payload))):
            self.do(lambda seat: self._data(seat, payload))

    def packet(self, payload: bytes) -> None:
        """A packet of our own topic; who goes before it is seated would be gone by then."""
        if not self._allowed(self._allowance.sign):
            return
        if self._seat is None and _goes(payload):
            self._leave()
        else:
            self.do(lambda seat: self._obey(seat, payload))

    def describe(self, attributes: dict[str, str]) -> None:
        """What the user says of itself; an empty text takes an attribute away."""
        own = {key: text for key, text in attributes.items() if key not in (CLAIM, CLIENT)}
        if own and self._allowed(self._allowance.sign):
            self.do(lambda seat: self._exchange(lambda: seat.run.exchange.attributes(own)))

    def asks(self) -> bool:
        """Whether the user may ask the agent one more thing now."""
        return self._allowed(self._allowance.sign)

    def file(self, file: FileSent) -> None:
        """A file for the agent."""
        if self._allowed(lambda: self._allowance.words(0)):
            self.do(lambda seat: self._exchange(lambda: seat.run.exchange.file(file)))

    def hear(self, pcm: bytes, rate: int) -> None:
        """Hands sound on, of one user: those who share a conversation are not mixed."""
        seat = self._seat
        if seat is None or self._closed:
            return
        if seat.leads:
            seat.run.here()
        else:
            self._holds = False
            seat.run.claim(seat.listener)
        if seat.leads:
            self._hold(seat, silencing=False)
            seat.run.floor.hear(pcm, rate)

    def switch_on(self, again: bool) -> None:
        """The microphone is on: with push-to-talk that is the button, for most have no other.

        One that is switched on again silences the agent, as a button does; one that is on from
        the start does not: it may be its client that switched it on, and not the user.
        """
        self._on = True
        if self._seat is not None and self._seat.leads:
            self._hold(self._seat, silencing=again)

    def break_off(self) -> None:
        """The sound ends in mid-word: what was said so far is all there is."""
        self._on = self._holds = False
        if self._seat is not None and self._seat.leads and not self._closed:
            self._seat.run.floor.abandon()

    def show(self, frame: rtc.VideoFrame | None) -> None:
        """Hands a picture on, of the one who is heard; none when nothing is shown any more."""
        seat = self._seat
        if seat is not None and seat.leads and seat.run.eye is not None:
            seat.run.eye.see(frame)

    def do(self, deed: Deed) -> None:
        """Does something for the user, now or as soon as it is seated."""
        if self._seat is None:
            self._sign_of_life()
            if len(self._waiting) < KEPT:
                self._waiting.append(deed)
        elif not self._closed:
            if self._seat.leads:
                self._seat.run.here()
            deed(self._seat)

    def complain(self, reason: object) -> None:
        """Says what was wrong with something that the user sent, a few times."""
        self._complaints += 1
        if self._complaints <= COMPLAINTS:
            error = DuologueError("bad_request", reason=reason)
            self._complain(error.code, error.message)

    # ------------------------------------------------------------ within

    def _hold(self, seat: Seat, *, silencing: bool) -> None:
        if self._on and not (self._holds or self._presses or self._closed):
            self._holds = True
            seat.run.floor.hold(silencing=silencing)

    def _own_button(self, seat: Seat) -> None:
        """The user's client presses by itself: from now on only that counts."""
        self._presses = True
        if self._holds:
            self._holds = False
            seat.run.floor.drop()

    def _write(self, seat: Seat, words: str, name: str | None) -> None:
        self._typed(words, name, seat.run.floor.type(words, name=name, leads=seat.leads))

    def _data(self, seat: Seat, payload: bytes) -> None:
        try:
            seat.run.data(msgspec.json.decode(payload), leads=seat.leads)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            self.complain(f"data is not JSON: {error}")

    def _obey(self, seat: Seat, payload: bytes) -> None:
        try:
            message = wire.decode_client(payload)
        except wire.BadFrame as bad:
            self.complain(bad)
            return
        match message:
            case ext.ClientEnd():
                self._leave()
            case ext.ClientInterrupt():
                seat.run.floor.hush(leads=seat.leads)
            case StateSet(key, value):
                self._exchange(lambda: seat.run.exchange.set_state(key, value))
            case wire.TriggerTurnStart():
                self._own_button(seat)
                seat.run.floor.press()
            case wire.TriggerTurnEnd():
                self._own_button(seat)
                seat.run.floor.release()
            case _:  # how far it plays the track tells, and the rest travels as LiveKit has it
                pass

    def _exchange(self, deed: Callable[[], None]) -> None:
        try:
            deed()
        except DuologueError as error:
            self._complain(error.code, error.message)

    def _allowed(self, spend: Callable[[], None]) -> bool:
        try:
            spend()
        except wire.BadFrame as bad:
            self.complain(bad)
            return False
        return True


def _goes(payload: bytes) -> bool:
    """Whether a packet says that its user leaves on purpose; a bad one says nothing yet."""
    try:
        return isinstance(wire.decode_client(payload), ext.ClientEnd)
    except wire.BadFrame:
        return False

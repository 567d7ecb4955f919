"""Whether what somebody in a room sends is encrypted."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from livekit import rtc

from duologue.client.road import EncryptionChanged, Tell
from duologue.client.room_agent import AgentWatch
from duologue.wire.exchange import RPC_UNSUPPORTED

if TYPE_CHECKING:
    from duologue.client.encryption import Secret

HOLD: Final = 3.0
"""Seconds that words wait until it is known of their sender whether it encrypts: who has no track
is announced 2.9 s after it came."""
SHARED: Final = 8.0
"""Seconds in which an agent that has our key answers."""
LOOK: Final = 0.05
UNREADABLE: Final = "What is sent cannot be read: is the key the same?"
QUESTION: Final = "duologue.key"
"""A method that nobody has."""


class Secrecy:
    """Knows who encrypts; of whom that is not known, nothing is taken."""

    def __init__(self, agent: AgentWatch, secret: Secret | None) -> None:
        self._agent = agent
        self._secret = secret
        self._room: rtc.Room | None = None
        self._tell: Tell = lambda _: None
        self._proven: set[str] = set()
        """Stays (not people) in which somebody answered what only a holder of the key can read."""
        self._asking: set[str] = set()
        self._refused: set[str] = set()

    def attach(self, room: rtc.Room, tell: Tell) -> None:
        """Belongs to a room."""
        self._room, self._tell = room, tell

    @property
    def refuses_plaintext(self) -> bool:
        """Whether what comes in clear is not taken: we encrypt, and nobody said otherwise."""
        return self._secret is not None and not self._secret.allow_plaintext

    # ------------------------------------------------------------ words of others

    def knows(self, sender: str) -> bool | None:
        """Whether words of somebody can be taken; none while nothing is known of it."""
        room = self._room
        if room is None or not self.refuses_plaintext:
            return True
        if sender == room.local_participant.identity:
            # Who writes in our name is the agent: it says what it understood of us.
            sender = self._agent.identity
        person = room.remote_participants.get(sender)
        tracks = list(person.track_publications.values()) if person is not None else []
        if tracks:
            # LiveKit tells only of changes, and of none to one that was encrypted before we came.
            told = self._agent.secrecy.get(sender, True)
            return told and all(t.encryption_type != rtc.EncryptionType.NONE for t in tracks)
        return True if person is not None and person.sid in self._proven else None

    async def believes(self, sender: str) -> bool:
        """Whether words of somebody are taken; of an unknown sender they wait, but not for long."""
        try:
            async with asyncio.timeout(HOLD):
                while (known := self.knows(sender)) is None:
                    await self._ask(sender)
                    await asyncio.sleep(LOOK)
        except TimeoutError:
            known = False
        if not known and sender not in self._refused:
            self._refused.add(sender)
            reason = "What it writes is not encrypted, and this session takes no plaintext."
            self._tell(EncryptionChanged(sender, False, reason))
        return known

    async def _ask(self, sender: str) -> None:
        """Asks somebody without a track, of whom LiveKit tells nothing, something in secret."""
        room = self._room
        person = room.remote_participants.get(sender) if room is not None else None
        active = rtc.ParticipantState.PARTICIPANT_STATE_ACTIVE
        if room is None or person is None or person.state != active or sender in self._asking:
            return
        self._asking.add(sender)
        try:
            await room.local_participant.perform_rpc(
                destination_identity=sender,
                method=QUESTION,
                payload="",
                response_timeout=HOLD,
                max_round_trip_latency=HOLD,
            )
        except rtc.RpcError as error:
            if int(error.code) == RPC_UNSUPPORTED:
                self._proven.add(person.sid)
        finally:
            self._asking.discard(sender)

    # ------------------------------------------------------------ tracks

    async def check(self, person: rtc.RemoteParticipant) -> bool:
        """Whether somebody who encrypts has our key; if not, it is told: LiveKit often fails to."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SHARED):
                while person.sid not in self._proven:
                    await self._ask(person.identity)
                    await asyncio.sleep(LOOK)
        room = self._room
        here = (
            room is not None and room.isconnected() and person.identity in room.remote_participants
        )
        proven = person.sid in self._proven
        if here and not proven:
            self._tell(EncryptionChanged(person.identity, True, UNREADABLE))
        return proven

    def unreadable(self, publication: rtc.RemoteTrackPublication) -> str:
        """Why a track of the agent cannot be taken; empty if it can."""
        encrypted = publication.encryption_type != rtc.EncryptionType.NONE
        if encrypted and self._secret is None:
            return "The agent's track is encrypted, and this session has no key: encryption=…"
        if not encrypted and self.refuses_plaintext:
            return "The agent's track is not encrypted, and this session takes no plaintext."
        return ""

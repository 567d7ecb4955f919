"""Which participant of a room is the session's agent, and when it is really gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from livekit import rtc

from duologue.client.errors import WaitTimeout
from duologue.client.road import AgentGone, AgentSeen, AgentStateChanged, SoundEnded, Tell
from duologue.client.signals import Changes
from duologue.client.tasks import Tasks
from duologue.wire import rooms

GRACE: Final = 5.0
"""Seconds in which an agent that vanished while the line was mended may be back."""
LINKING: Final = 30.0
"""Seconds that a message waits for an agent that hears us."""
SURELY: Final = 4.0
"""Seconds after which an agent that takes no tracks has seen us: a participant without any is
announced after 2.9 s."""

ENDING: Final = 1.0
"""Seconds after which a room that was deleted has told so itself, and why."""

_WAITS: Final = {
    rtc.DisconnectReason.CLIENT_INITIATED: 0.0,
    rtc.DisconnectReason.PARTICIPANT_REMOVED: 0.0,
    rtc.DisconnectReason.ROOM_DELETED: ENDING,
}


class AgentWatch:
    """Follows the agent of a room: the first of kind agent that stands for itself."""

    def __init__(self, tasks: Tasks) -> None:
        self.identity = ""
        self.reconnecting = False
        self.secrecy: dict[str, bool] = {}
        """Of each participant, whether everything it sends is encrypted; unknown is missing."""
        self._tasks = tasks
        self._room: rtc.Room | None = None
        self._tell: Tell = lambda _: None
        self._changes = Changes()
        self._state = ""
        self._heard = False
        """Whether the agent took a track of ours: then it knows us."""
        self._leaving: asyncio.Task[Any] | None = None
        self.on_known: Callable[[], None] = lambda: None
        """Set by the road: what was there before it was known whose it is can be told now."""

    def attach(self, room: rtc.Room, tell: Tell) -> None:
        """Watches a room; its listeners are set by the road."""
        self._room, self._tell = room, tell

    # ------------------------------------------------------------ who

    @property
    def participant(self) -> rtc.RemoteParticipant | None:
        """The agent, while it is in the room."""
        return self._room.remote_participants.get(self.identity) if self._room else None

    def is_agents(self, participant: Any) -> bool:
        """Whether this is the agent, or an avatar that publishes on its behalf."""
        if not self.identity or participant is None:
            return False
        return self.identity in (participant.identity, self.on_behalf(participant))

    @staticmethod
    def on_behalf(participant: Any) -> str:
        """For whom a participant publishes; empty for itself, and for people, who might pretend."""
        if participant.kind != rtc.ParticipantKind.PARTICIPANT_KIND_AGENT:
            return ""
        return str(participant.attributes.get(rooms.ON_BEHALF, ""))

    def look(self) -> None:
        """Takes up the agent that is in the room, or lets the one go that is not any more."""
        if self._room is None:
            return
        self._changes.notify()
        if self.identity and self.participant is None and self._leaving is None:
            self._leaving = self._tasks.start(self._gone_after(GRACE))
        for participant in self._room.remote_participants.values():
            self.connected(participant)

    # ------------------------------------------------------------ what the room tells

    def connected(self, participant: rtc.RemoteParticipant) -> None:
        """Somebody is here: the agent, if none is known, or the same one again."""
        kind = participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        if not kind or self.on_behalf(participant):
            return
        if self.identity not in ("", participant.identity) and self._leaving is None:
            return
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None
        if self.identity != participant.identity:
            self.identity = participant.identity
            self._heard = False
            self._state = ""
            self._tasks.start(self._surely())
            self._told(participant)
            self.on_known()
        else:
            self._told(participant)

    def active(self, participant: rtc.RemoteParticipant) -> None:
        """Somebody can be sent data now."""
        if participant.identity == self.identity:
            self._changes.notify()

    def disconnected(self, participant: rtc.RemoteParticipant) -> None:
        """Somebody left; while the line is mended that means little."""
        self.secrecy.pop(participant.identity, None)
        if participant.identity != self.identity or self._leaving is not None:
            return
        reason = participant.disconnect_reason
        wait = GRACE if self.reconnecting or reason is None else _WAITS.get(reason, GRACE)
        self._leaving = self._tasks.start(self._gone_after(wait))

    def attributes_changed(self, changed: dict[str, str], participant: Any) -> None:
        """Attributes of somebody changed."""
        if participant is not None and participant.identity == self.identity:
            self._told(participant)
        elif rooms.ON_BEHALF in changed:
            self.on_known()

    def changed(self, participant: Any) -> None:
        """A name or metadata changed."""
        self.attributes_changed({}, participant)

    # ------------------------------------------------------------ whether it hears us

    def heard(self) -> None:
        """Somebody took a track of ours."""
        self._heard = True
        self._changes.notify()

    @property
    def is_active(self) -> bool:
        """Whether data reaches the agent."""
        there = self.participant
        return there is not None and there.state == rtc.ParticipantState.PARTICIPANT_STATE_ACTIVE

    async def present(self) -> None:
        """Returns when data reaches the agent."""
        await self._changes.wait(lambda: self.is_active)

    async def linked(self) -> None:
        """Returns when the agent hears what we write; `WaitTimeout` when it does not come."""
        try:
            async with asyncio.timeout(LINKING):
                await self._changes.wait(
                    lambda: self.is_active and self._heard and self._state not in _NOT_YET
                )
        except TimeoutError:
            raise WaitTimeout("an agent that takes messages", LINKING) from None

    # ------------------------------------------------------------ within

    def _told(self, participant: rtc.RemoteParticipant) -> None:
        attributes = dict(participant.attributes)
        name = attributes.get(rooms.AGENT_NAME) or attributes.get(rooms.AGENT_NAME_OLD)
        self._tell(
            AgentSeen(
                participant.identity,
                name or participant.name,
                participant.metadata,
                attributes,
            )
        )
        state = attributes.get(rooms.AGENT_STATE, "")
        if state and state != self._state:
            before, self._state = self._state, state
            self._tell(AgentStateChanged(state))
            if before == "speaking":
                self._tell(SoundEnded())
        self._changes.notify()

    async def _gone_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        # The room itself says when mending is over, one way or the other.
        await self._changes.wait(lambda: not self.reconnecting)
        self._leaving = None
        if self.participant is not None:
            return
        identity, self.identity = self.identity, ""
        self._tell(AgentGone(identity))
        self.look()

    async def _surely(self) -> None:
        await asyncio.sleep(SURELY)
        self.heard()


_NOT_YET: Final = ("", "initializing")

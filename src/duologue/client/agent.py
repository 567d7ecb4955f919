"""A session's agent: what it is doing, who it is, what it shows; and waits that do not hang."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

from duologue.client.errors import (
    AgentLeft,
    AgentTimeout,
    NotConnected,
    SessionConnectError,
    SessionError,
    WaitTimeout,
)
from duologue.client.last_word import CLOSED, LastWord
from duologue.client.road import (
    AgentGone,
    AgentSeen,
    AgentStateChanged,
    Noticed,
    TrackChanged,
    TransportName,
)
from duologue.client.signals import Callback, Changes, Signals, Unsubscribe
from duologue.client.tasks import Tasks
from duologue.core import agent_states as states
from duologue.errors import NotOnThisTransport

PATIENCE: Final = 20.0
"""Seconds that LiveKit's clients give an agent."""


class Agent:
    """What a session knows of its agent; its states are those of LiveKit's `useAgent`."""

    def __init__(self, changes: Changes, tasks: Tasks, asked: str = "") -> None:
        self._changes = changes
        self._signals = Signals(tasks, "state", "attributes", "track")
        self._asked = asked
        self._state: states.State = "disconnected"
        self._error: SessionError | None = None
        self._reasons: tuple[str, ...] = ()
        self._word = LastWord()
        self._seen: AgentSeen | None = None
        self._tracks: dict[tuple[str, bool], TrackChanged] = {}
        self.transport: TransportName = "livekit"
        """The road on which it is met: a socket has sound and words, and no tracks."""

    # ------------------------------------------------------------ what it is

    @property
    def state(self) -> states.State:
        """`listening`, `thinking`, `speaking`, …: the words of LiveKit's clients."""
        return self._state

    @property
    def can_listen(self) -> bool:
        """What the user says now is heard, if only by the buffer that the agent will get."""
        return self._state in states.CAN_LISTEN

    @property
    def is_pending(self) -> bool:
        """The agent is on its way."""
        return self._state in states.PENDING

    @property
    def is_connected(self) -> bool:
        """The agent is there and ready."""
        return self._state in states.CONNECTED

    @property
    def is_finished(self) -> bool:
        """The session is over, or the agent failed."""
        return self._state in states.FINISHED

    @property
    def failure_reasons(self) -> tuple[str, ...]:
        """Why the state is `failed`: LiveKit's sentence, then what the server said, if it did."""
        return self._reasons

    @property
    def error(self) -> SessionError | None:
        """The same as an error that waits raise."""
        return self._error

    @property
    def identity(self) -> str:
        """The participant's identity; empty while there is no agent."""
        return self._seen.identity if self._seen else ""

    @property
    def name(self) -> str:
        """The name that it shows, or the one that was asked for."""
        return (self._seen.name if self._seen else "") or self._asked

    @property
    def metadata(self) -> str:
        """The participant's metadata."""
        return self._seen.metadata if self._seen else ""

    @property
    def attributes(self) -> Mapping[str, str]:
        """The participant's attributes."""
        return MappingProxyType(self._seen.attributes if self._seen else {})

    @property
    def audio_track(self) -> Any:
        """The road's own object for the agent's voice, an avatar's first; none without one."""
        return self._track("audio")

    @property
    def video_track(self) -> Any:
        """The road's own object for the agent's picture, an avatar's first; none without one."""
        return self._track("video")

    def on(self, name: Literal["state", "attributes", "track"], callback: Callback) -> Unsubscribe:
        """Tells every new state, all attributes, or each track that comes or goes."""
        return self._signals.on(name, callback)

    # ------------------------------------------------------------ waits

    async def wait_until_connected(self, timeout: float = PATIENCE) -> None:
        """Returns when the agent is there and ready; raises when it fails or the session ends."""
        await self._until("the agent's beginning", lambda: self.is_connected, timeout)

    async def wait_until_could_be_listening(self, timeout: float = PATIENCE) -> None:
        """Returns when what the user says is heard; raises when it fails or the session ends."""
        await self._until("the agent's listening", lambda: self.can_listen, timeout)

    async def wait_until_finished(self, timeout: float | None = None) -> None:
        """Returns when the session is over or the agent failed."""
        try:
            async with asyncio.timeout(timeout):
                await self._changes.wait(lambda: self.is_finished)
        except TimeoutError:
            raise WaitTimeout("the agent's end", timeout or 0) from None

    async def wait_until_audio_track(self, timeout: float = PATIENCE) -> Any:
        """The agent's voice, at once or when it comes."""
        self._require_tracks("A track of the agent's sound")
        await self._until("an audio track", lambda: self.audio_track is not None, timeout)
        return self.audio_track

    async def wait_until_video_track(self, timeout: float = PATIENCE) -> Any:
        """The agent's picture, at once or when it comes."""
        self._require_tracks("The agent's picture")
        await self._until("a video track", lambda: self.video_track is not None, timeout)
        return self.video_track

    def _require_tracks(self, what: str) -> None:
        if self.transport != "livekit":
            raise NotOnThisTransport(what, self.transport)

    async def _until(self, what: str, true: Callable[[], bool], timeout: float) -> None:
        def reached() -> bool:
            if true():
                return True
            if self._error is not None:
                raise self._error
            if self._state == "disconnected":
                raise NotConnected(f"Waiting for {what}")
            return False

        try:
            async with asyncio.timeout(timeout):
                await self._changes.wait(reached)
        except SessionError:  # an agent's own timeout is one too
            raise
        except TimeoutError:
            if self.is_pending:
                raise self._late(timeout) from None
            raise WaitTimeout(what, timeout) from None

    # ------------------------------------------------------------ what the session tells

    def move(self, move: states.Move) -> None:
        """Goes on to the next state, if the machine knows the move from this one."""
        if (self._state, move) not in states.MOVES:
            return
        state = states.step(self._state, move)
        if state != "failed":
            self._error, self._reasons = None, ()
        if move == "connect":
            self._word.forget()
        if state == "disconnected":
            self._seen = None
            self._tracks.clear()
        self._shown(state)

    def fail(self, reason: states.Reason, error: SessionError) -> None:
        """The agent did not come, did not begin, or went away."""
        if (self._state, "lost") in states.MOVES:
            said = (f"{error} ({error.code})",) if error.code else ()
            self._error, self._reasons = error, (states.REASONS[reason], *said)
            self._shown(states.step(self._state, "lost"))

    def late(self, seconds: float) -> None:
        """The time is over in which it should have been ready."""
        if self.is_pending:
            self.fail(states.missing(self._state), self._late(seconds))

    def seen(self, event: AgentSeen) -> None:
        """It is there, or something about it changed."""
        before = self._seen
        self._seen = event
        self.move("joined")
        if before is None or before.attributes != event.attributes:
            self._signals.emit("attributes", self.attributes)
        self._changes.notify()

    def gone(self, event: AgentGone) -> None:
        """It left: without being asked to, for the session goes on."""
        self._tracks.clear()
        code, said = self._why()
        if self.is_pending and code:  # it came to say no
            self.refused(SessionConnectError(said, code=code))
        else:
            self.fail("left", AgentLeft(event.identity, code=code, said=said))
        self._seen = None

    def says(self, event: AgentStateChanged) -> None:
        """It told what it is doing; words that nobody knows are passed over."""
        for word in states.SAID:
            if word == event.state:
                self.move(word)

    def track(self, event: TrackChanged) -> None:
        """A track of it, or of the avatar that stands for it, came or went."""
        key = (event.kind, event.on_behalf)
        if event.present:
            self._tracks[key] = event
        elif key in self._tracks and self._tracks[key].sid == event.sid:
            del self._tracks[key]
        self._signals.emit("track", event)
        self._changes.notify()

    def noticed(self, notice: Noticed) -> None:
        """The server said something: perhaps why all this is about to end."""
        self._word.take(notice)

    def why_ended(self, code: str, message: str) -> SessionConnectError:
        """The error of a session that ended by itself, in the server's words where it said any."""
        if code in CLOSED and self._word.now is not None:
            code, message = self._why()
        words = message or f"the session ended: {code or 'the line was lost'}"
        return SessionConnectError(words, code=code)

    def ended(self, error: SessionConnectError) -> None:
        """The session ended by itself."""
        if self.is_pending and self._word.now is not None:
            self.refused(error)
        else:
            self.move("end")

    def refused(self, error: BaseException) -> None:
        """An agent that had not begun failed, if the server said why."""
        if self.is_pending and isinstance(error, SessionError) and error.code:
            self.fail(states.missing(self._state), error)

    def _why(self) -> tuple[str, str]:
        word = self._word.now
        return (word.code, word.message) if word is not None else ("", "")

    def _late(self, seconds: float) -> AgentTimeout:
        code, said = self._why()
        came = states.missing(self._state) == "not_initialized"
        return AgentTimeout(
            "not_initialized" if came else "not_joined", seconds, self._asked, code=code, said=said
        )

    def _track(self, kind: Literal["audio", "video"]) -> Any:
        found = self._tracks.get((kind, True)) or self._tracks.get((kind, False))
        return found.track if found else None

    def _shown(self, state: states.State) -> None:
        if state != self._state:
            self._state = state
            self._signals.emit("state", state)
        self._changes.notify()

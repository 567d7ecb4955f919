"""One session on many surfaces: what each may ask of it, what each is shown, how each is told."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, runtime_checkable

from duologue.client.signals import Unsubscribe
from duologue.core import agent_states, line

log = logging.getLogger("duologue.client")

ConnectionState = Literal["idle", "connecting", "connected", "error", "disconnected"]
AgentState = Literal["idle", "listening", "thinking", "speaking"]

CONNECTION: Final[Mapping[line.State, ConnectionState]] = {
    "idle": "idle",
    "connecting": "connecting",
    "connected": "connected",
    "reconnecting": "connecting",
    "disconnected": "disconnected",
    "failed": "error",
}
"""How a surface shows the line; `tests/vectors/states.json` holds the same."""
AGENT: Final[Mapping[agent_states.State, AgentState]] = {
    "disconnected": "idle",
    "connecting": "idle",
    "pre-connect-buffering": "idle",
    "initializing": "idle",
    "idle": "idle",
    "listening": "listening",
    "thinking": "thinking",
    "speaking": "speaking",
    "failed": "idle",
}
"""How a surface shows the agent."""

MOST: Final = 1000
"""Events that wait for an observer that is slow; the oldest go first."""


@dataclass(frozen=True, slots=True)
class TranscriptEntry:
    """One thing that was said or written; a change makes a new one under the same id."""

    id: str
    role: Literal["user", "agent"]
    text: str
    final: bool
    timestamp: int
    """UTC milliseconds of its beginning."""


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """How the agent shows itself."""

    name: str
    avatar_image_url: str | None = None
    idle_loop_url: str | None = None


@dataclass(frozen=True, slots=True)
class AgentAudio:
    """The agent's voice: something to listen to, on every road."""

    listen: Callable[[Callable[[bytes, int], Any]], Unsubscribe]
    """Gives the sound, PCM16 mono and its rate, until the returned function is called."""
    track: Any = None
    """LiveKit's track in a room; none on a socket."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a surface shows, at one moment; the same object until something changes."""

    connection_state: ConnectionState = "idle"
    agent_state: AgentState = "idle"
    transcript: tuple[TranscriptEntry, ...] = ()
    agent_config: AgentConfig | None = None
    can_resume: bool = False
    error: str | None = None
    audio_track: AgentAudio | None = None
    video_track: Any = None
    """The agent's picture as LiveKit's track; none on a socket."""
    recorded: bool = False
    """Whether the sound is recorded: whoever speaks is to be told."""


@runtime_checkable
class ControlledSession(Protocol):
    """What a surface needs of a session that it does not own; `LiveKitSession` is one."""

    @property
    def agent_id(self) -> str:
        """The one agent of this session."""

    @property
    def base_url(self) -> str:
        """The server that it is asked of."""

    @property
    def connection_state(self) -> ConnectionState:
        """`idle`, `connecting`, `connected`, `error` or `disconnected`."""

    @property
    def agent_state(self) -> AgentState:
        """`idle`, `listening`, `thinking` or `speaking`."""

    @property
    def transcript(self) -> tuple[TranscriptEntry, ...]:
        """What was said and written."""

    @property
    def agent_config(self) -> AgentConfig | None:
        """How the agent shows itself; none before it is known."""

    @property
    def error(self) -> str | None:
        """What went wrong last; none since it went well."""

    @property
    def snapshot(self) -> Snapshot:
        """All of this at once; the same object until something changes."""

    def can_resume(self) -> bool:
        """Whether `connect` goes on with the conversation."""

    async def connect(self) -> None:
        """Opens the session; one that is open stays as it is."""

    def disconnect(self) -> Awaitable[None]:
        """Ends it, for every surface."""

    async def send_data(self, data: Mapping[str, Any]) -> None:
        """Sends data to the agent."""

    def subscribe(self, callback: Callable[[Snapshot], Any]) -> Unsubscribe:
        """Shows each new snapshot, until the returned function is called."""

    def subscribe_to_data_messages(self, handler: Callable[[Any], Any]) -> Unsubscribe:
        """Gives each data message of the agent, until the returned function is called."""


class Observer:
    """One callback: told in order, one thing after the other; what it does harms nobody else.

    A coroutine is waited for before the next is told; `newest` passes over what is old by then.
    """

    def __init__(self, callback: Callable[..., Any], *, newest: bool = False) -> None:
        self.callback = callback
        self._waiting: deque[tuple[Any, ...]] = deque(maxlen=1 if newest else MOST)
        self._task: asyncio.Task[None] | None = None
        self._gone = False

    def tell(self, *things: Any) -> None:
        """Calls it now, or as soon as it has done what it was told before."""
        if self._gone:
            return
        if self._task is not None:
            self._waiting.append(things)
        elif (doing := self._called(things)) is not None:
            self._task = asyncio.get_running_loop().create_task(self._go_on(doing))

    def close(self) -> None:
        """Tells it nothing more, and ends what it is doing."""
        self._gone = True
        self._waiting.clear()
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()

    def _called(self, things: tuple[Any, ...]) -> Awaitable[Any] | None:
        try:
            result = self.callback(*things)
        except Exception:
            log.exception("%r failed", self.callback)
            return None
        return result if isinstance(result, Awaitable) else None

    async def _go_on(self, doing: Awaitable[Any] | None) -> None:
        try:
            while True:
                if doing is not None:
                    try:
                        await doing
                    except Exception:
                        log.exception("%r failed", self.callback)
                if not self._waiting:
                    return
                doing = self._called(self._waiting.popleft())
        finally:
            self._task = None


class Observers:
    """Any number of observers of the same thing; they come and go as they like."""

    def __init__(self, *, newest: bool = False) -> None:
        self._newest = newest
        self._all: list[Observer] = []

    def add(self, callback: Callable[..., Any]) -> Unsubscribe:
        """One more, until the returned function is called."""
        observer = Observer(callback, newest=self._newest)
        self._all.append(observer)

        def off() -> None:
            if observer in self._all:
                self._all.remove(observer)
                observer.close()

        return off

    def tell(self, *things: Any) -> None:
        """Tells all of them."""
        for observer in tuple(self._all):
            observer.tell(*things)


def require_agent(session: ControlledSession, agent_id: str) -> None:
    """Refuses a surface of another agent: a session has one."""
    if agent_id != session.agent_id:
        raise ValueError(
            f"this session is one with agent {session.agent_id!r}, and a session has one agent; "
            f"for {agent_id!r} disconnect it and make another LiveKitSession"
        )

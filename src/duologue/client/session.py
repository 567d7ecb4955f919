"""A session with an agent, from the token to the end: over a LiveKit room or a WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from duologue.client.agent import Agent
from duologue.client.data import DataFace
from duologue.client.errors import NotConnected, SessionConnectError, SessionError
from duologue.client.messages import Messages
from duologue.client.opening import Choice, Opening
from duologue.client.road import LineChanged, Road, RoadEvent, Ticket, TransportName
from duologue.client.signals import Callback, Changes, Signals, Unsubscribe
from duologue.client.tasks import Tasks
from duologue.client.telling import EVENTS, EventName, tell
from duologue.client.token_options import TokenOptions
from duologue.client.voice import Microphone, VoiceFace
from duologue.core import line
from duologue.wire.rooms import RECORDED

if TYPE_CHECKING:
    from livekit import rtc

    from duologue.client.encryption import E2EEOptions
    from duologue.client.tokens import TokenSource

_OVER: Final = ("disconnected", "failed")
CLOSING: Final = 10.0
"""Seconds that a road has to close; after that it is left to itself."""


class Session(DataFace, VoiceFace):
    """One conversation with one agent; `async with` starts and ends it.

    Everything but `start`, `end` and the waits is ready at once, also before the session starts:
    handlers outlive a session and serve the next one.
    """

    def __init__(
        self,
        token_source: TokenSource,
        *,
        agent_name: str = "",
        agent_metadata: str = "",
        agent_deployment: str = "",
        deployment: str = "",
        room_name: str = "",
        participant_name: str = "",
        participant_identity: str = "",
        participant_metadata: str = "",
        participant_attributes: Mapping[str, str] | None = None,
        conversation_id: str = "",
        resume_token: str = "",
        encryption: str | bytes | E2EEOptions | rtc.E2EEOptions | None = None,
        room: rtc.Room | Callable[[], rtc.Room] | None = None,
        transport: Choice = "livekit",
        pre_connect_audio: bool = True,
        agent_connect_timeout: float = 20.0,
    ) -> None:
        self._work = Tasks()
        self._changes = Changes()
        self._signals = Signals(self._work, *EVENTS)
        DataFace.__init__(self, self._work)
        VoiceFace.__init__(self, self._work, self._signals)
        self._opening = Opening(
            token_source,
            TokenOptions(
                agent_name=agent_name,
                agent_metadata=agent_metadata,
                agent_deployment=agent_deployment or deployment,
                room_name=room_name,
                participant_name=participant_name,
                participant_identity=participant_identity,
                participant_metadata=participant_metadata,
                participant_attributes=dict(participant_attributes or {}),
                conversation_id=conversation_id,
                resume_token=resume_token,
            ),
            transport,
            encryption=encryption,
            room=room,
        )
        self.agent = Agent(self._changes, self._work, agent_name)
        self.messages = Messages(
            self._changes, self._work, send=self._chat, over=lambda: self._line in _OVER
        )
        self._patience = agent_connect_timeout
        self._pre_connect = pre_connect_audio
        self._line: line.State = "idle"
        self._road: Road | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._error: SessionError | None = None
        self._gate: asyncio.Lock | None = None
        self.agent.on("state", lambda state: self._signals.emit("agent_state", state))
        self.messages.on("message", lambda message: self._signals.emit("message", message))
        self.state.on(lambda key, value: self._signals.emit("shared_state", key, value))

    @classmethod
    def with_agent(cls, agent_name: str, *, token_source: TokenSource, **options: Any) -> Self:
        """The same, as LiveKit's Swift, Kotlin and Flutter spell it."""
        return cls(token_source, agent_name=agent_name, **options)

    # ------------------------------------------------------------ what it is

    @property
    def connection_state(self) -> line.State:
        """`idle`, `connecting`, `connected`, `reconnecting`, `disconnected` or `failed`."""
        return self._line

    @property
    def is_connected(self) -> bool:
        """Whether the road is open, also while it is mending itself."""
        return self._line in ("connected", "reconnecting")

    @property
    def error(self) -> SessionError | None:
        """Why the session ended by itself; none while it has not."""
        return self._error

    @property
    def transport(self) -> TransportName | None:
        """The road that is travelled; none before `start`."""
        return self._road.name if self._road else None

    @property
    def room(self) -> rtc.Room | None:
        """LiveKit's room; none on a socket, or while there is none."""
        return getattr(self._road, "room", None)

    @property
    def ticket(self) -> Ticket | None:
        """What the session was opened with last: url, token, room, conversation."""
        return self._opening.used

    @property
    def conversation_id(self) -> str:
        """The conversation of a duologue server, to go on with; empty with other servers."""
        used = self._opening.used
        return used.conversation_id if used else self._opening.options.conversation_id

    @property
    def resume_token(self) -> str:
        """What shows a duologue server that the conversation is ours."""
        used = self._opening.used
        return used.resume_token if used else self._opening.options.resume_token

    @property
    def recorded(self) -> bool:
        """Whether the sound of the session is recorded: whoever speaks is to be told."""
        config = {} if self._opening.used is None else self._opening.used.config
        return bool(config.get("recorded")) or self.agent.attributes.get(RECORDED) == "1"

    def on(self, name: EventName, callback: Callback) -> Unsubscribe:
        """Tells what happens; functions and coroutines alike, until the returned one is called."""
        off = self._signals.on(name, callback)
        self._listening()

        def stop() -> None:
            off()
            self._listening()

        return stop

    # ------------------------------------------------------------ its life

    async def prepare(self) -> None:
        """Fetches the token and loads what the road needs, so that `start` is quick."""
        await self._opening.prepare()

    async def start(
        self,
        *,
        microphone: Microphone = False,
        camera: AsyncIterator[Any] | None = None,
        screen: AsyncIterator[Any] | None = None,
        timeout: float | None = None,
        wait_for_agent: bool = True,
    ) -> None:
        """Opens the road and waits for the agent; what fails leaves nothing half open.

        `microphone=True` is this machine's own, a path a WAV file; without one you write.
        """
        self._gate = self._gate or asyncio.Lock()
        async with self._gate:
            if self.is_connected:
                raise SessionError("This session is open already; await session.end() first.")
            if self._road is not None:  # it ended by itself just now: no more is heard of it
                await self._shut("leave", failed=True)
            self._begin()
            try:
                async with asyncio.timeout(timeout):
                    await self._open(microphone)
                    for frames, show in ((camera, self.set_camera), (screen, self.share_screen)):
                        if frames is not None:
                            await show(frames)
                    if wait_for_agent:
                        await self.agent.wait_until_connected(self._patience + 1)
            except BaseException as error:
                told = self._reason(error, timeout)
                self.agent.refused(told)
                await self._shut("failed" if self._line == "connecting" else "leave", failed=True)
                if told is error:
                    raise
                raise told from error

    async def end(self) -> None:
        """Leaves; the agent is told at once. A session that is not open is no error."""
        self._gate = self._gate or asyncio.Lock()
        async with self._gate:
            self._opening.forget()
            await self._shut("leave")

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.end()

    async def interrupt(self) -> None:
        """Asks the agent to be silent."""
        await self._open_road("session.interrupt()").interrupt()
        self.messages.interrupt()

    # ------------------------------------------------------------ within

    def _begin(self) -> None:
        self._error = None
        self._go("connect")
        self.agent.move("connect")
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._patience, self.agent.late, self._patience)

    async def _open(self, microphone: Microphone) -> None:
        if microphone is not False and self._pre_connect:
            self._take_microphone(microphone)
            self.agent.move("buffer")
        ticket = await self._opening.ticket()
        road = self._opening.road(ticket, speaks=microphone is not False, early=self._pre_connect)
        self._road = road
        self.agent.transport = road.name
        self._equip(road)
        self._listening()
        await road.open(ticket, self._told)
        if self._line == "connecting":
            self._go("opened")
        if microphone is not False and not self._pre_connect:
            self._take_microphone(microphone)
        await self._publish_microphone(road)

    def _reason(self, error: BaseException, timeout: float | None) -> BaseException:
        """The error to raise for one that ended the start."""
        if isinstance(error, NotConnected) and self._error is not None:
            return self._error  # the road ended while the agent was waited for
        if not isinstance(error, TimeoutError) or isinstance(error, SessionError):
            return error
        seconds = timeout or 0.0
        if self._line == "connecting":
            return SessionConnectError(f"it took longer than {seconds:g} s", url=self._opening.url)
        self.agent.late(seconds)
        return self.agent.error or error

    async def _shut(self, move: line.Move, *, failed: bool = False) -> None:
        """Closes whatever is open; every part of it within bounds, and twice is no error."""
        if not (failed and self.agent.state == "failed"):  # why it failed stays to be read
            self.agent.move("end")
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        road, self._road = self._road, None
        await self._hush()
        self._go(move)
        if road is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSING):
                    await road.close()
        await self._work.close()

    def _told(self, event: RoadEvent) -> None:
        """Takes what the road tells, in order."""
        if isinstance(event, LineChanged):
            self._line_changed(event)
        elif self._road is not None:
            tell(self, event)

    def _line_changed(self, event: LineChanged) -> None:
        if event.state == "connected":
            self._go("opened")
        elif event.state == "reconnecting":
            self._go("dropped")
        elif self._road is not None and self._line != "connecting":
            lost = event.code in ("", "lost")
            self._error = self.agent.why_ended(event.code, event.message)
            self._go("failed" if lost else "ended")
            self.agent.ended(self._error)
            self._signals.emit("ended", self._error)
            self._work.start(self._clear_up(self._road))

    async def _clear_up(self, road: Road) -> None:
        """After an end that was not ours: nothing stays open."""
        self._gate = self._gate or asyncio.Lock()
        async with self._gate:
            if self._road is road:
                await self._shut("leave", failed=True)

    def _go(self, move: line.Move) -> None:
        if (self._line, move) in line.MOVES:
            self._line = line.step(self._line, move)
            self._signals.emit("connection", self._line)
            self._changes.notify()

    def _open_road(self, what: str) -> Road:
        if self._road is None or not self.is_connected:
            raise NotConnected(what)
        return self._road

    def _each_road(self, do: Callable[[Road], None]) -> None:
        if self._road is not None:
            do(self._road)

    def _listening(self) -> None:
        if self._road is not None:
            self._road.listen(self._signals.wanted("sound"))

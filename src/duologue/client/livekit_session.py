"""`LiveKitSession`: a conversation as a widget has it, for surfaces of your own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from duologue.client import codes, controlled
from duologue.client.controlled import (
    AgentAudio,
    AgentConfig,
    AgentState,
    ConnectionState,
    Observer,
    Observers,
    Snapshot,
    TranscriptEntry,
)
from duologue.client.errors import MediaError, SessionError
from duologue.client.road import DataReceived, SoundSource
from duologue.client.signals import Unsubscribe
from duologue.client.socket_wire import base_of
from duologue.client.voice import Microphone
from duologue.client.widget_life import Life
from duologue.client.widget_view import View

if TYPE_CHECKING:
    from livekit import rtc

_NAMES: Final = ("agentId", "agent_id", "agent", "agentName", "agent_name")


class LiveKitSession(Life):
    """One conversation with one agent, over a room or a socket as the server decides.

    Callbacks are attributes, functions or coroutines. What one of them raises is logged, and keeps
    nothing from the others. The microphone is not published for you: `publish_microphone`.
    """

    on_connection_state_change: Callable[[ConnectionState], Any] | None = None
    on_agent_state_change: Callable[[AgentState], Any] | None = None
    on_transcript: Callable[[list[TranscriptEntry]], Any] | None = None
    """The whole transcript, whenever it changes."""
    on_agent_config: Callable[[AgentConfig], Any] | None = None
    on_audio_track: Callable[[AgentAudio], Any] | None = None
    on_video_track: Callable[[Any], Any] | None = None
    on_video_track_removed: Callable[[], Any] | None = None
    on_error: Callable[[str, str], Any] | None = None
    """The sentence, and its code: one of the seven, or the server's own word."""
    on_data_message: Callable[[Any], Any] | None = None
    """JSON as what it means; other packets as bytes."""
    on_resumability_change: Callable[[bool], Any] | None = None

    def __init__(
        self,
        agent_id: str,
        base_url: str,
        *,
        api_key: str | None = None,
        session_endpoint: str | None = None,
        session_body: Mapping[str, Any] | None = None,
        encryption: str | bytes | None = None,
    ) -> None:
        if not agent_id:
            raise ValueError("agent_id is empty; name the agent by its id or slug")
        for name in _NAMES:
            if name in (session_body or {}):
                raise ValueError(f"session_body[{name!r}] would name the agent again; use agent_id")
        self._agent_id = agent_id
        self._base_url = base_of(base_url)
        body = dict(session_body or {}) | ({} if encryption is None else {"e2ee": True})
        super().__init__(agent_id, self._base_url, api_key, session_endpoint, body, encryption)
        self._view = View(self)
        self._told = self._view.snapshot
        self._telling = False
        self._callbacks: dict[str, Observer] = {}
        self._surfaces = Observers(newest=True)
        self._data = Observers()
        for name in ("connection", "agent_state"):
            self.session.on(name, lambda _: self._changed())  # type: ignore[arg-type]  # both are names of it
        self.session.on("track", lambda _: self._changed())
        self.session.on("message", lambda _: self._later())
        self.session.agent.on("attributes", lambda _: self._changed())
        self.session.on("data", self._data_came)

    # ------------------------------------------------------------ what it is

    @property
    def agent_id(self) -> str:
        """The one agent of this session."""
        return self._agent_id

    @agent_id.setter
    def agent_id(self, other: str) -> None:
        controlled.require_agent(self, other)

    @property
    def base_url(self) -> str:
        """The server that it is asked of."""
        return self._base_url

    @property
    def snapshot(self) -> Snapshot:
        """All that a surface shows; the same object until something changes."""
        return self._view.snapshot

    @property
    def connection_state(self) -> ConnectionState:
        """`idle`, `connecting`, `connected`, `error` or `disconnected`.

        `connecting` is also shown while the line mends itself.
        """
        return self.snapshot.connection_state

    @property
    def agent_state(self) -> AgentState:
        """`idle`, `listening`, `thinking` or `speaking`."""
        return self.snapshot.agent_state

    @property
    def transcript(self) -> tuple[TranscriptEntry, ...]:
        """What was said and written, of both sides."""
        return self.snapshot.transcript

    @property
    def agent_config(self) -> AgentConfig | None:
        """How the agent shows itself; none before it is known."""
        return self.snapshot.agent_config

    @property
    def error(self) -> str | None:
        """What went wrong last; none since the session was opened well."""
        return self.snapshot.error

    def get_room(self) -> rtc.Room | None:
        """LiveKit's room; none on a socket, or while there is none."""
        return self.session.room

    # ------------------------------------------------------------ doing

    async def publish_microphone(self, source: Microphone = True) -> None:
        """Lets the agent hear you: this machine's microphone, a WAV file, any source of sound.

        `False` ends it. What fails is raised and told to `on_error`, also when it fails later.
        """
        from duologue.client.media import source_of

        if source is False:
            await self.session.set_microphone(False)
            return
        try:
            await self.session.set_microphone(_Watched(source_of(source), self._wrong))
        except MediaError as error:
            self._wrong(error)
            raise

    async def send_data(self, data: Mapping[str, Any]) -> None:
        """Sends data to the agent: `duologue.current().on_data` gets it."""
        await self.session.send_data(dict(data))

    # ------------------------------------------------------------ surfaces

    def subscribe(self, callback: Callable[[Snapshot], Any]) -> Unsubscribe:
        """Shows each new snapshot, until the returned function is called.

        One whose coroutine is busy with an older snapshot gets the newest when it is done.
        """
        return self._surfaces.add(callback)

    def subscribe_to_data_messages(self, handler: Callable[[Any], Any]) -> Unsubscribe:
        """Gives each data message of the agent, until the returned function is called."""
        return self._data.add(handler)

    # ------------------------------------------------------------ telling

    def _changed(self) -> None:
        """Looks at what is different now, and tells whom it concerns."""
        super()._changed()
        self._view.stale()
        if self._telling or self._failing:  # it is told below in order, or with the failure
            return
        self._telling = True
        try:
            while (now := self._view.snapshot) is not self._told:
                before, self._told = self._told, now
                self._tell(before, now)
        finally:
            self._telling = False

    def _later(self) -> None:
        self._view.stale()
        super()._later()

    def _tell(self, before: Snapshot, now: Snapshot) -> None:
        if now.agent_config is not None and now.agent_config != before.agent_config:
            self._fire("on_agent_config", now.agent_config)
        if now.connection_state != before.connection_state:
            self._fire("on_connection_state_change", now.connection_state)
        if now.can_resume != before.can_resume:
            self._fire("on_resumability_change", now.can_resume)
        if now.agent_state != before.agent_state:
            self._fire("on_agent_state_change", now.agent_state)
        if now.audio_track is not None and now.audio_track != before.audio_track:
            self._fire("on_audio_track", now.audio_track)
        if now.video_track is not before.video_track:
            if before.video_track is not None:
                self._fire("on_video_track_removed")
            if now.video_track is not None:
                self._fire("on_video_track", now.video_track)
        if now.transcript != before.transcript:
            self._fire("on_transcript", list(now.transcript))
        self._surfaces.tell(now)

    def _wrong(self, error: BaseException) -> None:
        if error is self._error:
            return
        super()._wrong(error)
        self._fire("on_error", str(error), codes.code_of(error))

    def _data_came(self, event: DataReceived) -> None:
        try:
            message = json.loads(event.content)
        except (ValueError, RecursionError):
            message = event.content
        self._fire("on_data_message", message)
        self._data.tell(message)

    def _fire(self, name: str, *things: Any) -> None:
        callback = getattr(self, name)
        if callback is None:
            return
        observer = self._callbacks.get(name)
        if observer is None or observer.callback != callback:
            observer = self._callbacks[name] = Observer(callback)
        observer.tell(*things)


class _Watched:
    """A source of sound whose failure is told: it fails where nobody waits for it."""

    def __init__(self, source: SoundSource, wrong: Callable[[SessionError], None]) -> None:
        self.rate = source.rate
        self._source = source
        self._wrong = wrong

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The source's sound."""
        try:
            async for pcm in self._source:
                yield pcm
        except MediaError as error:
            self._wrong(error)

    async def aclose(self) -> None:
        """Lets the source go."""
        await self._source.aclose()

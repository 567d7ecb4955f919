"""What a session shows to surfaces: a snapshot, made anew only when something is different."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from duologue.client.controlled import AGENT, AgentAudio, AgentConfig, Snapshot, TranscriptEntry

if TYPE_CHECKING:
    from duologue.client.messages import Message
    from duologue.client.widget_life import Life

_SOCKET: Final = object()
"""Stands for the agent's voice on a socket, which has no track."""


class View:
    """Makes snapshots of one session."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._stale = False
        self._snapshot = Snapshot()
        self._voice: tuple[Any, AgentAudio] | None = None

    def stale(self) -> None:
        """Something may be different now."""
        self._stale = True

    @property
    def snapshot(self) -> Snapshot:
        """The session as it is; the same object until something is different."""
        if self._stale:
            self._stale = False
            made = self._made()
            if made != self._snapshot:
                self._snapshot = made
        return self._snapshot

    def _made(self) -> Snapshot:
        life, agent = self._life, self._life.session.agent
        here = life.is_open
        return Snapshot(
            connection_state=life.shown,
            agent_state=AGENT[agent.state] if here else "idle",
            transcript=tuple(_entry(message) for message in life.session.messages),
            agent_config=_config(life.face, agent.name if here else ""),
            can_resume=life.can_resume(),
            error=str(life.last_error) if life.last_error is not None else None,
            audio_track=self._audio() if here else None,
            video_track=agent.video_track if here else None,
            recorded=life.session.recorded if here else False,
        )

    def _audio(self) -> AgentAudio | None:
        session = self._life.session
        socket = session.transport == "websocket"
        track = _SOCKET if socket else session.agent.audio_track
        if track is None:
            return None
        if self._voice is None or self._voice[0] is not track:
            self._voice = (track, AgentAudio(session.listen, None if socket else track))
        return self._voice[1]


def _entry(message: Message) -> TranscriptEntry:
    return TranscriptEntry(
        # On a socket both halves of a turn have the turn's id.
        f"{message.role}:{message.id}",
        message.role,
        message.text,
        message.final,
        message.at,
    )


def _config(face: dict[str, Any], name: str) -> AgentConfig | None:
    name = str(face.get("name") or name)
    if not name:
        return None
    return AgentConfig(name, face.get("avatarImageUrl"), face.get("idleLoopUrl"))

"""What a synthetic caller heard: every event with its place on the playback clock, and turns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from duologue.testing.player import RATE, Played
from duologue.testing.speech import Recording, understand

USER: Final = "user"
ASSISTANT: Final = "assistant"


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that reached the caller."""

    at: int
    """The sample of the playback clock when it came."""
    type: str
    """The message's type on the line; or what happened here: `connected`, `closed`, `voice.began`
    (the caller's first sample), `sound.paused`, `sound.resumed`, `sound.stopped`."""
    turn_id: str = ""
    content: Any = None


@dataclass(slots=True)
class Turn:
    """One turn as this caller met it."""

    turn_id: str
    role: str
    started_at: int
    """When `turn.start` came, in samples of the playback clock."""
    deltas: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    """Every `response.text` or `user.transcript` of the turn; the protocol allows one."""
    received: int = 0
    """Samples that arrived."""
    sounds: list[Played] = field(default_factory=list)
    """What was played, gap by gap."""
    ended_at: int | None = None
    """When `turn.end` came."""
    interrupted: bool = False
    """Whether the caller's loudspeaker was stopped before it had played everything."""

    @property
    def text(self) -> str:
        """What the turn says in words: the whole text, or the deltas until it came."""
        return self.texts[-1] if self.texts else "".join(self.deltas)

    @property
    def played(self) -> int:
        """Samples that passed the ear."""
        return len(self.sound.pcm) // 2

    @property
    def sound(self) -> Recording:
        """What passed the ear, gaps left out."""
        return Recording(b"".join(sound.pcm for sound in self.sounds), RATE)

    @property
    def sounded_until(self) -> int:
        """The sample of the playback clock after the last one that was played."""
        if not self.sounds:
            return self.started_at
        return self.sounds[-1].at + len(self.sounds[-1].pcm) // 2

    def understood(self) -> str:
        """The words that a recognizer hears in what was played."""
        return understand(self.sound)


class Record:
    """Everything that a caller heard, in order."""

    def __init__(self) -> None:
        self.events: list[Heard] = []
        self.turns: dict[str, Turn] = {}

    def note(self, event: Heard) -> None:
        """Adds an event and what it means for its turn."""
        self.events.append(event)
        if event.type == "turn.start":
            self.turns.setdefault(event.turn_id, Turn(event.turn_id, str(event.content), event.at))
            return
        turn = self.turns.get(event.turn_id)
        if turn is None:
            return
        match event.type:
            case "turn.end":
                turn.ended_at = event.at
            case "response.text.delta" | "user.transcript.delta":
                turn.deltas.append(str(event.content))
            case "response.text" | "user.transcript":
                turn.texts.append(str(event.content))
            case "response.audio":
                turn.received += len(event.content) // 2
            case "sound.stopped":
                turn.interrupted = turn.interrupted or bool(event.content)
            case _:
                pass

    def played(self, sound: Played) -> None:
        """Adds a stretch of sound to its turn."""
        turn = self.turns.get(sound.turn_id)
        if turn is not None:
            turn.sounds.append(sound)

    def of_type(self, *types: str) -> list[Heard]:
        """The events of these types, in order."""
        return [event for event in self.events if event.type in types]

    def by(self, role: str) -> list[Turn]:
        """The turns of one side, in order."""
        return [turn for turn in self.turns.values() if turn.role == role]

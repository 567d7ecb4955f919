"""What is told of a run, as plain values: the same from whichever side it comes."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

Kind = Literal[
    "session",
    "user_turn",
    "assistant_turn",
    "llm",
    "stt",
    "tts",
    "tool",
    "state",
    "error",
    "speech",
    "other",
]
Status = Literal["active", "ok", "error", "cancelled"]
Source = Literal["duologue", "insights", "otlp", "prefactor", "wrapper"]
Outcome = Literal["active", "complete", "failed", "cancelled", "terminated", "lost"]
Level = Literal["debug", "info", "warning", "error"]


class Span(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="span"):
    """One timed step; times are unix nanoseconds by the clock of its source."""

    trace: str
    """32 hex digits: the run's id without its prefix."""
    id: str
    """16 hex digits."""
    parent: str = ""
    name: str
    """What its source calls it."""
    kind: Kind = "other"
    start_ns: int
    end_ns: int = 0
    """0 while it is open."""
    status: Status = "active"
    error: str = ""
    """The type of what went wrong; its words are the attribute `error.message`."""
    turn: int = -1
    """The index of the turn that it belongs to, where that is known."""
    attributes: dict[str, Any] = {}
    events: list[dict[str, Any]] = []
    """Moments within it: `name`, `at_ns`, `attributes`."""


class Turn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="turn"):
    """One user utterance and the agent's answer to it; either half may be missing.

    Delays are milliseconds; none means that it is not known, or that there was no such part.
    """

    trace: str
    index: int
    """0, 1, 2 … in the order of their beginnings; a later entry of the same index replaces it."""
    started_ns: int
    ended_ns: int = 0
    user_text: str = ""
    agent_text: str = ""
    spoken: bool = False
    """Whether the user spoke; otherwise they typed, or the agent began."""
    interrupted: bool = False
    interruption: str = ""
    """What interrupted it, as livekit-agents says it."""
    eou_ms: float | None = None
    """From the user's last sound until the turn was taken as over."""
    stt_ms: float | None = None
    """From the user's last sound until the transcript."""
    llm_ms: float | None = None
    """Until the model's first token."""
    early_ms: float | None = None
    """How much of that was over when the turn was taken as over: the model was asked early."""
    tts_ms: float | None = None
    """Until the voice's first byte."""
    transport_ms: float | None = None
    """From the first byte until it sounded at the listener."""
    e2e_ms: float | None = None
    """From the user's last sound until the agent's first."""
    played_s: float | None = None
    """How much of the answer was heard, in seconds."""
    tools: int = 0
    tool_errors: int = 0
    errors: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_micros: int = 0
    confidence: float | None = None
    """How sure the recognizer was."""

    def parts(self) -> dict[str, float]:
        """Where the time went until the agent sounded, in milliseconds that add up to `e2e_ms`.

        The transcript comes within the wait for the end of the turn; only what it took longer is
        its own. So does what a model thought that was asked early: that time counts once.
        """
        if self.e2e_ms is None:
            return {}
        eou = self.eou_ms or 0.0
        parts = {
            "eou": eou,
            "stt": max(0.0, (self.stt_ms or 0.0) - eou),
            "llm": max(0.0, (self.llm_ms or 0.0) - (self.early_ms or 0.0)),
            "tts": self.tts_ms or 0.0,
            "transport": self.transport_ms or 0.0,
        }
        spare = self.e2e_ms - sum(parts.values())
        for early in ("llm", "tts", "stt", "eou", "transport"):
            if spare < 0:
                less = min(parts[early], -spare)
                parts[early] -= less
                spare += less
        return {name: round(value, 1) for name, value in parts.items()} | {
            "unexplained": round(max(0.0, spare), 1)
        }

    @property
    def unexplained_ms(self) -> float | None:
        """What of the whole none of the parts explains."""
        return self.parts().get("unexplained")


class Log(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="log"):
    """One line that was logged."""

    trace: str
    id: str
    """16 hex digits that a repeat of the same line has, too."""
    at_ns: int
    level: Level = "info"
    text: str
    span: str = ""
    logger: str = ""
    attributes: dict[str, Any] = {}


class Trace(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="trace"):
    """What is known of a run so far; what is not said here stays as it was."""

    trace: str
    source: Source | UnsetType = UNSET
    agent: str | UnsetType = UNSET
    """The agent's slug, or what its source calls it."""
    agent_version: str | UnsetType = UNSET
    conversation_id: str | UnsetType = UNSET
    session_id: str | UnsetType = UNSET
    visitor_id: str | UnsetType = UNSET
    room: str | UnsetType = UNSET
    transport: str | UnsetType = UNSET
    started_ns: int | UnsetType = UNSET
    ended_ns: int | UnsetType = UNSET
    last_seen_ns: int | UnsetType = UNSET
    status: Outcome | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    outcome: str | UnsetType = UNSET
    """What came of it, in its owner's words."""
    tags: list[str] | UnsetType = UNSET
    usage: list[dict[str, Any]] | UnsetType = UNSET
    cost_micros: int | UnsetType = UNSET
    dropped: int | UnsetType = UNSET
    """How many entries were lost on the way here."""
    attributes: dict[str, Any] | UnsetType = UNSET


Entry = Trace | Span | Turn | Log

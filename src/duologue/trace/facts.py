"""What is known of a conversation's turns before they are put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from duologue.trace.entries import Span


@dataclass(slots=True)
class Part:
    """What one step adds to the figures of the turn that it belongs to."""

    start: int
    first_token: float | None = None
    first_byte: float | None = None
    read: int = 0
    written: int = 0
    cost: float = 0.0
    tool: bool = False
    failed: bool = False


@dataclass(slots=True)
class Message:
    """What was said, as the session told it."""

    at: int
    text: str
    span: str
    interrupted: bool
    metrics: Mapping[str, float]
    confidence: float | None


@dataclass(slots=True)
class Facts:
    """All that is known and not settled."""

    users: dict[str, Span] = field(default_factory=dict)
    agents: dict[str, Span] = field(default_factory=dict)
    said: dict[tuple[str, str], Message] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    heard: dict[str, float] = field(default_factory=dict)
    transport: dict[str, float] = field(default_factory=dict)


def number(value: Any) -> float | None:
    """A duration or share that is one: livekit-agents says -1 where there is none."""
    return float(value) if isinstance(value, int | float) and value >= 0 else None

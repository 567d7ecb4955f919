"""A turn in the making: its figures, and from which of several tellings each is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from duologue.trace.entries import Turn
from duologue.trace.facts import Part

_S: Final = 1_000_000_000


@dataclass(slots=True)
class Half:
    """A turn in the making: an utterance, or an answer, or both."""

    started: int
    ended: int = 0
    user_text: str = ""
    agent_text: str = ""
    spoken: bool = False
    interrupted: bool = False
    interruption: str = ""
    eou: float | None = None
    over: int = 0
    """When the user's utterance was taken as over; 0 where that is not known."""
    stt: float | None = None
    tts: float | None = None
    e2e: float | None = None
    transport: float | None = None
    heard: float | None = None
    confidence: float | None = None
    spans: list[str] = field(default_factory=list)
    tools: int = 0
    tool_errors: int = 0
    errors: int = 0
    failures: int = 0
    read: int = 0
    written: int = 0
    cost: float = 0.0
    _models: list[tuple[int, float]] = field(default_factory=list)
    """When each was asked, and the seconds until its first token."""
    _voiced: int = -1
    _told_llm: float | None = None
    _told_tts: bool = False

    def add(self, part: Part) -> None:
        """Counts a step that belongs to it."""
        self.read += part.read
        self.written += part.written
        self.cost += part.cost
        if part.tool:
            self.tools += 1
            self.tool_errors += part.failed
        else:
            self.failures += part.failed
        if part.first_token is not None:
            self._models.append((part.start, part.first_token))
        first = self._voiced < 0 or part.start < self._voiced
        if part.first_byte is not None and first and not self._told_tts:
            self._voiced, self.tts = part.start, part.first_byte

    def told(self, metrics: Mapping[str, float]) -> None:
        """Takes a message's own figures, which count more than those of steps."""
        if (delay := metrics.get("llm_node_ttft")) is not None and self._told_llm is None:
            self._told_llm = delay
        if (delay := metrics.get("tts_node_ttfb")) is not None and not self._told_tts:
            self.tts, self._told_tts = delay, True
        if self.e2e is None:
            self.e2e = metrics.get("e2e_latency")

    def _thought(self) -> tuple[float | None, float | None]:
        """Until the model's first token, and how much of that was over when the utterance was.

        Of several models the last is heard, or else the one whose delay the message tells.
        """
        told = self._told_llm
        if not self._models:
            return told, None
        if told is None:
            asked, delay = max(self._models)
        else:
            asked, _ = min(self._models, key=lambda model: abs(model[1] - told))
            delay = told
        early = min(delay, max(0.0, (self.over - asked) / _S)) if self.over else None
        return delay, early

    def turn(self, trace: str, index: int) -> Turn:
        """The turn itself."""
        llm, early = self._thought()
        e2e = _ms(self.e2e)
        if e2e is not None and self.transport is not None:
            e2e = round(e2e + self.transport, 1)
        return Turn(
            trace=trace,
            index=index,
            started_ns=self.started,
            ended_ns=self.ended,
            user_text=self.user_text,
            agent_text=self.agent_text,
            spoken=self.spoken,
            interrupted=self.interrupted,
            interruption=self.interruption,
            eou_ms=_ms(self.eou),
            stt_ms=_ms(self.stt),
            llm_ms=_ms(llm),
            early_ms=_ms(early),
            tts_ms=_ms(self.tts),
            transport_ms=self.transport,
            e2e_ms=e2e,
            played_s=None if self.heard is None else round(self.heard, 3),
            tools=self.tools,
            tool_errors=self.tool_errors,
            errors=max(self.errors, self.failures),
            input_tokens=self.read,
            output_tokens=self.written,
            cost_micros=round(self.cost),
            confidence=self.confidence,
        )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)

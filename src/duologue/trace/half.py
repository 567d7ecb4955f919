"""A turn in the making: its figures, and from which of several tellings each is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from duologue.trace.entries import Turn
from duologue.trace.facts import Part


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
    stt: float | None = None
    llm: float | None = None
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
    _thought: int = -1
    _voiced: int = -1
    _told_llm: bool = False
    _told_tts: bool = False

    def add(self, part: Part) -> None:
        """Counts a step that belongs to it; of several models' delays the last is heard."""
        self.read += part.read
        self.written += part.written
        self.cost += part.cost
        if part.tool:
            self.tools += 1
            self.tool_errors += part.failed
        else:
            self.failures += part.failed
        if part.first_token is not None and part.start > self._thought and not self._told_llm:
            self._thought, self.llm = part.start, part.first_token
        first = self._voiced < 0 or part.start < self._voiced
        if part.first_byte is not None and first and not self._told_tts:
            self._voiced, self.tts = part.start, part.first_byte

    def told(self, metrics: Mapping[str, float]) -> None:
        """Takes a message's own figures, which count more than those of steps."""
        if (delay := metrics.get("llm_node_ttft")) is not None and not self._told_llm:
            self.llm, self._told_llm = delay, True
        if (delay := metrics.get("tts_node_ttfb")) is not None and not self._told_tts:
            self.tts, self._told_tts = delay, True
        if self.e2e is None:
            self.e2e = metrics.get("e2e_latency")

    def turn(self, trace: str, index: int) -> Turn:
        """The turn itself."""
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
            llm_ms=_ms(self.llm),
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

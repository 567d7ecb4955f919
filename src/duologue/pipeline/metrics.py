"""What this process counts of its sessions and turns, for Prometheus.

Agents and reasons are labels; there are never more of either than a bounded number.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from typing import Final

from msgspec import UNSET

from duologue.errors import FAULTS
from duologue.trace.entries import Entry, Trace, Turn
from duologue.wire.prometheus import Histogram, Metric, Values

AGENTS: Final = 100
"""Agents that are told apart; further ones are `other` together."""
OTHER: Final = "other"
REASONS: Final = frozenset(FAULTS) | {"left", "dropped", "deleted"}
"""Why sessions end, as we say it; what agents and owners say is `other`."""
BOUNDS: Final = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 13.0)
"""Seconds up to which delays are told apart."""
PARTS: Final = ("eou", "stt", "llm", "tts", "transport")
_RUNS: Final = 4096
"""Runs whose last turn may still change."""

STARTED: Final = Metric(
    "duologue_sessions_started_total",
    "counter",
    "Sessions that were attached; one that comes back after a lost line counts again.",
    ("agent", "transport"),
)
ENDED: Final = Metric(
    "duologue_sessions_ended_total",
    "counter",
    "Sessions that were detached, by why: left, dropped, or the code of an error.",
    ("agent", "reason"),
)
TURNS: Final = Metric("duologue_turns_total", "counter", "Turns that are over.", ("agent",))
INTERRUPTED: Final = Metric(
    "duologue_turns_interrupted_total", "counter", "Turns that were interrupted.", ("agent",)
)
UNANSWERED: Final = Metric(
    "duologue_turns_unanswered_total",
    "counter",
    "Turns in which the user said something and the agent nothing.",
    ("agent",),
)
ERRORS: Final = Metric("duologue_turn_errors_total", "counter", "Errors within turns.", ("agent",))
TOOLS: Final = Metric("duologue_tools_total", "counter", "Tools that were called.", ("agent",))
TOOL_ERRORS: Final = Metric(
    "duologue_tool_errors_total", "counter", "Tools that failed.", ("agent",)
)
DELAYS: Final = Metric(
    "duologue_turn_delay_seconds",
    "histogram",
    "Delays of turns by part: e2e, eou, stt, llm, tts, transport, unexplained.",
    ("agent", "part"),
)
COUNTED: Final = (
    STARTED,
    ENDED,
    TURNS,
    INTERRUPTED,
    UNANSWERED,
    ERRORS,
    TOOLS,
    TOOL_ERRORS,
    DELAYS,
)
"""What is counted here; what is only looked at stands in the door."""


class Metrics:
    """Counts from the start of the process on; entries may come from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._agents: set[str] = set()
        self._counts: dict[str, Counter[tuple[str, ...]]] = {
            each.name: Counter() for each in COUNTED if each is not DELAYS
        }
        self._delays: dict[tuple[str, ...], Histogram] = {}
        self._runs: OrderedDict[str, _Run] = OrderedDict()

    def agent(self, name: str) -> str:
        """The label of an agent: its name, for the first hundred."""
        if name in self._agents:
            return name
        if not name or len(self._agents) >= AGENTS:
            return OTHER
        self._agents.add(name)
        return name

    def attached(self, agent: str, transport: str) -> None:
        """A session began, or came back."""
        with self._lock:
            self._count(STARTED, self.agent(agent), transport)

    def detached(self, agent: str, reason: str) -> None:
        """A session is not attached any more."""
        with self._lock:
            self._count(ENDED, self.agent(agent), reason if reason in REASONS else OTHER)

    def hear(self, entry: Entry) -> None:
        """Takes note of what is told of runs; a turn counts when the next begins, or none comes."""
        with self._lock:
            match entry:
                case Turn():
                    self._turn(entry)
                case Trace():
                    run = self._run(entry.trace)
                    if entry.agent is not UNSET:
                        run.agent = entry.agent
                    if entry.ended_ns is not UNSET and entry.ended_ns:
                        self._settle(run, None)
                        del self._runs[entry.trace]
                case _:
                    pass

    def counted(self) -> list[tuple[Metric, Values]]:
        """Everything that was counted so far."""
        with self._lock:
            known: list[tuple[Metric, Values]] = []
            for metric in COUNTED:
                if metric is DELAYS:
                    known.append((metric, {key: _copy(each) for key, each in self._delays.items()}))
                else:
                    known.append((metric, dict(self._counts[metric.name])))
            return known

    # ------------------------------------------------------------ within

    def _run(self, trace: str) -> _Run:
        if trace not in self._runs:
            self._runs[trace] = _Run()
            if len(self._runs) > _RUNS:
                self._settle(self._runs.popitem(last=False)[1], None)
        return self._runs[trace]

    def _turn(self, turn: Turn) -> None:
        run = self._run(turn.trace)
        if turn.index < run.settled:
            return  # it counted already
        run.open[turn.index] = turn
        self._settle(run, turn.index)

    def _settle(self, run: _Run, before: int | None) -> None:
        """Counts the turns that nothing more is expected of."""
        for index in sorted(run.open):
            if before is None or index < before:
                self._over(run.agent, run.open.pop(index))
                run.settled = index + 1

    def _over(self, name: str, turn: Turn) -> None:
        agent = self.agent(name)
        answered = turn.agent_text or turn.e2e_ms is not None or turn.played_s is not None
        asked = turn.spoken or turn.user_text
        for metric, many in (
            (TURNS, 1),
            (INTERRUPTED, int(turn.interrupted)),
            (UNANSWERED, int(bool(asked and not answered))),
            (ERRORS, turn.errors),
            (TOOLS, turn.tools),
            (TOOL_ERRORS, turn.tool_errors),
        ):
            self._count(metric, agent, many=many)
        delays = {part: getattr(turn, f"{part}_ms") for part in ("e2e", *PARTS)}
        for part, value in (delays | {"unexplained": turn.unexplained_ms}).items():
            if value is not None:
                found = self._delays.setdefault((agent, part), Histogram(BOUNDS))
                found.add(value / 1000)

    def _count(self, metric: Metric, *labels: str, many: int = 1) -> None:
        self._counts[metric.name][labels] += many


class _Run:
    """A run, and its turns that may still change."""

    def __init__(self) -> None:
        self.agent = ""
        self.open: dict[int, Turn] = {}
        self.settled = 0


def _copy(found: Histogram) -> Histogram:
    made = Histogram(found.bounds)
    made.counts = list(found.counts)
    made.sum = found.sum
    return made

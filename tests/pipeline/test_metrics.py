"""What a process counts of its sessions and turns."""

from __future__ import annotations

from typing import Any

from duologue.pipeline import metrics
from duologue.pipeline.metrics import AGENTS, DELAYS, ENDED, OTHER, STARTED, TURNS, Metrics
from duologue.trace.entries import Span, Trace, Turn
from duologue.wire.prometheus import Histogram

RUN = "a" * 32


def turn(index: int, **facts: Any) -> Turn:
    """A turn of the run."""
    known: dict[str, Any] = {"user_text": "Hi.", "agent_text": "Hello."}
    return Turn(trace=RUN, index=index, started_ns=index + 1, **(known | facts))


def counted(made: Metrics, name: str) -> dict[Any, Any]:
    """What a metric is, by the values of its labels."""
    [found] = [values for metric, values in made.counted() if metric.name == name]
    return dict(found)


def test_a_turn_counts_when_nothing_more_is_told_of_it() -> None:
    """Once, with what was told last: when the next begins, or the run is over."""
    made = Metrics()
    made.hear(Trace(trace=RUN, agent="desk", status="active"))
    made.hear(turn(0, e2e_ms=500.0))
    made.hear(turn(0, e2e_ms=900.0, llm_ms=300.0, transport_ms=40.0))
    assert counted(made, TURNS.name) == {}
    made.hear(turn(1, agent_text="", interrupted=True, tools=2, tool_errors=1, errors=3))
    assert counted(made, TURNS.name) == {("desk",): 1}
    made.hear(turn(0, e2e_ms=5000.0))
    made.hear(Trace(trace=RUN, last_seen_ns=9))
    made.hear(Span(trace=RUN, id="1" * 16, name="llm", start_ns=1))
    assert counted(made, TURNS.name) == {("desk",): 1}
    made.hear(Trace(trace=RUN, ended_ns=9, status="complete"))
    assert counted(made, TURNS.name) == {("desk",): 2}
    for metric, many in (
        (metrics.INTERRUPTED, 1),
        (metrics.UNANSWERED, 1),
        (metrics.TOOLS, 2),
        (metrics.TOOL_ERRORS, 1),
        (metrics.ERRORS, 3),
    ):
        assert counted(made, metric.name) == {("desk",): many}
    delays = counted(made, DELAYS.name)
    assert {part for _, part in delays} == {"e2e", "llm", "transport", "unexplained"}
    assert delays["desk", "e2e"].sum == 0.9
    assert delays["desk", "unexplained"].sum == 0.56


def test_what_is_read_does_not_change_afterwards() -> None:
    """A scrape is of one moment."""
    made = Metrics()
    made.hear(turn(0, e2e_ms=100.0))
    made.hear(turn(1))
    before: Histogram = counted(made, DELAYS.name)[OTHER, "e2e"]
    made.hear(turn(1, e2e_ms=100.0))
    made.hear(turn(2))
    assert sum(before.counts) == 1
    assert sum(counted(made, DELAYS.name)[OTHER, "e2e"].counts) == 2


def test_there_are_not_any_number_of_agents() -> None:
    """The first hundred by their names, all others together; nameless ones with them."""
    made = Metrics()
    for number in range(AGENTS + 50):
        made.attached(f"agent-{number}", "websocket")
    found = counted(made, STARTED.name)
    assert len(found) == AGENTS + 1
    assert found[OTHER, "websocket"] == 50
    made.attached("agent-0", "websocket")
    assert counted(made, STARTED.name)["agent-0", "websocket"] == 2
    assert made.agent("") == OTHER


def test_why_sessions_end_is_told_in_our_own_words() -> None:
    """What an agent says of it may be anything."""
    made = Metrics()
    for reason in ("left", "dropped", "insufficient_balance", "booked a table for two", "left"):
        made.detached("desk", reason)
    assert counted(made, ENDED.name) == {
        ("desk", "left"): 2,
        ("desk", "dropped"): 1,
        ("desk", "insufficient_balance"): 1,
        ("desk", OTHER): 1,
    }


def test_runs_that_never_end_are_not_kept_for_ever(monkeypatch: Any) -> None:
    """The oldest is counted as it is."""
    monkeypatch.setattr(metrics, "_RUNS", 2)
    made = Metrics()
    for number in range(4):
        trace = f"{number:032x}"
        made.hear(Trace(trace=trace, agent="desk"))
        made.hear(Turn(trace=trace, index=0, started_ns=1))
    assert counted(made, TURNS.name) == {("desk",): 2}

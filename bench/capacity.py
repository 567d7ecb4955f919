"""How many sessions talk at once on one core without harm: ours and two peers in the same run.

Held means: at least 99 % of the questions are answered to the end, at most one underrun in two
minutes of answers, and the 95th percentile of the response at most 250 ms over a single session's
median. The number is searched from what the processor time of a session promises.
Run: `python -m bench.talking capacity [--only NAME]`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from bench.figures import quiet, say
from bench.load import Measured, generate, percentile, run
from bench.systems import running

ANSWERED: Final = 0.99
UNDERRUNS: Final = 0.5
"""A minute of answers."""
SLOWER: Final = 250.0
"""Milliseconds."""
WINDOW: Final = 18.6
DISTURBED: Final = 0.15
"""The share of the server's core in other hands from which a failed step is tried again."""


@dataclass
class Capacity:
    """What was found for one system."""

    system: str
    alone: float
    """The median response of a single session, in milliseconds."""
    held: int
    steps: list[Measured] = field(default_factory=list)

    def flat(self) -> list[tuple[int, float]]:
        """Processor time of a session-second at each number of sessions that was held."""
        found = {step.sessions: step.cpu for step in self.steps if step.sessions <= self.held}
        return sorted(found.items())


def harm(step: Measured, alone: float) -> str:
    """What is wrong with a step; empty when it was held."""
    if step.lost:
        return f"{step.lost} lines lost"
    if step.got < step.expected * ANSWERED:
        return f"{step.got} of {step.expected} answers"
    if step.underruns > max(1.0, step.minutes * UNDERRUNS):
        return f"{step.underruns} underruns in {step.minutes:.1f} min"
    slow = percentile(step.responses, 0.95)
    if slow > alone + SLOWER:
        return f"response p95 {slow:.0f} ms, alone p50 {alone:.0f} ms"
    return ""


def search(name: str, *, quick: bool = False, **settings: Any) -> Capacity:
    """The highest number of sessions that a system holds, to about one in twenty."""
    window = 9.3 if quick else WINDOW
    quiet()
    with running(name, **settings) as system:
        single = generate(run(system, 1, seconds=window if quick else 4 * 9.3))
        eight = generate(run(system, 8, seconds=window))
    found = Capacity(name, percentile(single.responses, 0.5), 0, [single, eight])
    held, broken = 0, 10**6
    sessions = max(2, round(0.75 / (eight.cpu / 1000)))
    while broken - held > max(1, held // 20):
        quiet()
        step = _step(name, sessions, window, found.alone, settings)
        found.steps.append(step)
        wrong = harm(step, found.alone)
        say(told(step, found.alone))
        if wrong:
            broken = sessions
            sessions = (held + broken) // 2 if held else sessions * 3 // 4
        else:
            held = sessions
            sessions = (held + broken) // 2 if broken < 10**6 else max(held + 1, held * 5 // 4)
        if quick and len(found.steps) >= 4:
            break
        if sessions < 1:
            break
    found.held = held
    if (half := held // 2) > 8 and not quick:
        with running(name, **settings) as system:
            found.steps.append(generate(run(system, half, seconds=window)))
    return found


def hold(name: str, sessions: int) -> str:
    """Whether a system holds one number of sessions, in words."""
    with running(name) as system:
        say(f"{name}: pid {system.pid}")
        alone = percentile(generate(run(system, 1, seconds=2 * WINDOW)).responses, 0.5)
        step = generate(run(system, sessions, seconds=WINDOW))
    return told(step, alone)


def told(step: Measured, alone: float) -> str:
    """A step in one line."""
    return (
        f"{step.system}: {step.sessions} sessions: {harm(step, alone) or 'held'};"
        f" {step.busy:.0%} of the core, {step.cpu:.1f} ms/s each (others {step.others:.0%});"
        f" {step.got}/{step.expected} answers, {step.underruns} underruns in"
        f" {step.minutes:.1f} min, response p50 {percentile(step.responses, 0.5):.0f} ms,"
        f" p95 {percentile(step.responses, 0.95):.0f} ms, alone p50 {alone:.0f} ms;"
        f" late sends {step.late:.1%}"
    )


def _step(
    name: str, sessions: int, window: float, alone: float, settings: dict[str, Any]
) -> Measured:
    """One number of sessions; tried twice where a neighbour may be to blame."""
    for _ in range(2):
        with running(name, **settings) as system:
            step = generate(run(system, sessions, seconds=window))
        if not harm(step, alone) or step.others < DISTURBED:
            break
        say(f"{name}: {sessions} sessions, others used {step.others:.0%} of the core: again")
        quiet()
    return step
